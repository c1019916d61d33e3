"""What must hold for any rules and any call."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.escalation.ladder import RANK, Ladder, Showing
from appliance.escalation.rules import Rule
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged

from .ladder_calls import LATCHED, PERSISTS, REPEATS, SUPERVISOR, WAITS, at, hit, one

RULES = [SUPERVISOR, LATCHED, WAITS, REPEATS, PERSISTS, Rule("both", "urgent", one("again", "hold"), off_delay_s=0)]
PHRASES = st.lists(st.sampled_from(["supervisor", "cancel", "hold", "again"]), max_size=4)
STEPS = st.lists(
    st.tuples(
        st.floats(0, 40),
        st.sampled_from(["partial", "final", "wait", "acknowledge"]),
        st.sampled_from(["agent", "caller"]),
        PHRASES,
        st.integers(1, 12),
    ),
    max_size=40,
)
Step = tuple[float, str, str, list[str], int]


def played(steps: Sequence[Step]) -> list[tuple[int, list[Alert | AlertChanged], Showing]]:
    """Play a call; utterances are numbered as they end, and time only goes forward."""
    ladder, now, numbers = Ladder(RULES), 0, {"agent": 1, "caller": 1}
    history: list[tuple[int, list[Alert | AlertChanged], Showing]] = []
    for wait_s, what, who, phrases, alert in steps:
        now += at(wait_s)
        changed: list[Alert | AlertChanged] = []
        if what in ("partial", "final"):
            hits = [hit(phrase, now / SAMPLE_RATE_HZ) for phrase in phrases]
            final = what == "final"
            changed += ladder.receive_hits(who, numbers[who], hits, final=final, now_sample=now)  # type: ignore[arg-type] # drawn texts
            numbers[who] += final
        elif what == "wait":
            changed += ladder.receive_time(now)
        else:
            changed += ladder.acknowledge(alert, now)
        history.append((now, changed, ladder.showing))
    ended = ladder.end_call(now)
    return [*history, (now, [*ended], ladder.showing)]


@settings(max_examples=300)
@given(STEPS)
def test_every_alert_is_raised_once_and_ends_once_and_nothing_is_told_outside(steps: list[Step]) -> None:
    open_alerts: dict[int, str] = {}
    newest = 0
    for _, changed, _ in played(steps):
        for event in changed:
            if isinstance(event, Alert):
                newest += 1
                assert event.alert == newest
                assert event.evidence
                open_alerts[event.alert] = event.rule
            else:
                assert open_alerts[event.alert] == event.rule
                if event.change in ("cleared", "withdrawn"):
                    del open_alerts[event.alert]
    assert open_alerts == {}


@settings(max_examples=300)
@given(STEPS)
def test_the_light_is_the_highest_level_that_stands_and_steady_only_when_all_of_it_was_seen(steps: list[Step]) -> None:
    levels: dict[int, str] = {}
    seen: set[int] = set()
    for _, changed, showing in played(steps):
        for event in changed:
            if isinstance(event, Alert):
                levels[event.alert] = event.level
            elif event.change == "acknowledged":
                seen.add(event.alert)
            elif event.change in ("cleared", "withdrawn"):
                del levels[event.alert]
        highest = max(levels.values(), key=lambda level: RANK[level], default="normal")  # type: ignore[index] # drawn texts
        top = {alert for alert, level in levels.items() if level == highest}
        assert (showing.level, showing.alert, showing.blinking) == (highest, max(top, default=0), bool(top - seen))


@settings(max_examples=300)
@given(STEPS)
def test_no_alert_is_cleared_before_its_off_delay_nor_a_latched_one_unseen(steps: list[Step]) -> None:
    rules = {rule.name: rule for rule in RULES}
    raised: dict[int, int] = {}
    seen: set[int] = set()
    for now, changed, _ in played(steps)[:-1]:
        for event in changed:
            if isinstance(event, Alert):
                raised[event.alert] = now
            elif event.change == "acknowledged":
                seen.add(event.alert)
            elif event.change == "cleared":
                rule = rules[event.rule]
                assert now - raised[event.alert] >= at(rule.off_delay_s)
                assert event.alert in seen or not rule.latch


@settings(max_examples=100)
@given(STEPS)
def test_a_tentative_alert_is_confirmed_at_most_once_and_withdrawn_only_unconfirmed(steps: list[Step]) -> None:
    tentative: set[int] = set()
    for _, changed, _ in played(steps):
        for event in changed:
            if isinstance(event, Alert):
                tentative |= {event.alert} if event.tentative else set()
            elif event.change in ("confirmed", "withdrawn"):
                assert event.alert in tentative
                tentative.remove(event.alert)


@settings(max_examples=50)
@given(STEPS)
def test_the_same_call_gives_the_same_alerts(steps: list[Step]) -> None:
    assert played(steps) == played(steps)
