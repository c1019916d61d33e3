"""One rule at a time is told in seconds; the properties that must always hold are at the end."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.escalation.conditions import Said
from appliance.escalation.ladder import RANK, Ladder, Showing
from appliance.escalation.rules import Rule
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged, Evidence
from appliance.language.phrases import Match

from ..language.steps import calls


def one(*phrases: str, count: int = 1, within_s: float = 0.0) -> tuple[Said, ...]:
    return (Said(phrases, count, within_s),)


SUPERVISOR = Rule(
    "wants_supervisor", "urgent", one("supervisor"), off_delay_s=30, reason="Supervisor", suggest="Offer it."
)
LATCHED = Rule("cancels", "urgent", one("cancel"), off_delay_s=30, latch=True, reason="Cancels")
WAITS = Rule("waits", "attention", one("hold"), off_delay_s=10, reason="Waits")
REPEATS = Rule("repeats", "attention", one("again", count=2, within_s=60), off_delay_s=5)
PERSISTS = Rule("persists", "attention", one("hold", within_s=20), on_delay_s=10, off_delay_s=5)


def at(time_s: float) -> int:
    return round(time_s * SAMPLE_RATE_HZ)


def hit(phrase: str, time_s: float = 0.0) -> Match:
    return Match(phrase, phrase + " words", 0, 1, at(time_s), at(time_s) + 100)


class Call:
    """A ladder told in seconds; each step gives what changed as short words."""

    def __init__(self, *rules: Rule) -> None:
        self.ladder = Ladder(rules)

    def partial(self, time_s: float, *phrases: str, utterance: int = 1) -> list[str]:
        return self._hear(time_s, phrases, utterance, final=False)

    def final(self, time_s: float, *phrases: str, utterance: int = 1) -> list[str]:
        return self._hear(time_s, phrases, utterance, final=True)

    def wait(self, time_s: float) -> list[str]:
        return told(self.ladder.receive_time(at(time_s)))

    def acknowledge(self, time_s: float, alert: int = 1) -> list[str]:
        return told(self.ladder.acknowledge(alert, at(time_s)))

    def _hear(self, time_s: float, phrases: Sequence[str], utterance: int, *, final: bool) -> list[str]:
        hits = [hit(phrase, time_s) for phrase in phrases]
        return told(self.ladder.receive_hits("caller", utterance, hits, final=final, now_sample=at(time_s)))


def told(events: Sequence[Alert | AlertChanged]) -> list[str]:
    return [
        f"{event.alert} {event.rule} "
        + (("tentative" if event.tentative else "raised") if isinstance(event, Alert) else event.change)
        for event in events
    ]


def test_a_phrase_in_final_words_raises_at_once_with_its_evidence() -> None:
    ladder = Ladder([SUPERVISOR])
    (alert,) = ladder.receive_hits("caller", 1, [hit("supervisor", 3)], final=True, now_sample=at(5))
    assert alert == Alert(
        who="caller",
        start_sample=at(3),
        end_sample=at(3) + 100,
        alert=1,
        rule="wants_supervisor",
        level="urgent",
        evidence=(Evidence("caller", "supervisor", "supervisor words", at(3), at(3) + 100),),
        suggest="Offer it.",
        since_sample=at(5),
        reason="Supervisor",
        explanation='Words: "supervisor words".',
    )
    assert ladder.showing == Showing("urgent", True, "Supervisor", 1, "wants_supervisor")


def test_a_partial_raises_tentatively_and_the_final_confirms() -> None:
    call = Call(SUPERVISOR)
    assert call.partial(1, "supervisor") == ["1 wants_supervisor tentative"]
    assert call.partial(2, "supervisor") == []
    assert call.final(3, "supervisor") == ["1 wants_supervisor confirmed"]


def test_a_final_without_the_phrase_withdraws_and_the_light_falls_back_at_once() -> None:
    call = Call(SUPERVISOR, WAITS)
    call.final(0, "hold", utterance=1)
    assert call.partial(1, "supervisor", utterance=2) == ["2 wants_supervisor tentative"]
    assert call.ladder.showing.level == "urgent"
    assert call.final(2, utterance=2) == ["2 wants_supervisor withdrawn"]
    assert call.ladder.showing == Showing("attention", True, "Waits", 1, "waits")


def test_words_that_flicker_in_partials_raise_once() -> None:
    call = Call(SUPERVISOR)
    steps = [call.partial(1, "supervisor"), call.partial(2), call.partial(3, "supervisor"), call.final(4, "supervisor")]
    assert steps == [["1 wants_supervisor tentative"], [], [], ["1 wants_supervisor confirmed"]]


def test_a_long_utterance_does_not_raise_again_after_its_alert_was_cleared() -> None:
    call = Call(WAITS)
    assert call.partial(1, "hold") == ["1 waits tentative"]
    assert call.wait(12) == ["1 waits cleared"]
    assert call.partial(13, "hold") == []
    assert call.final(14, "hold") == []


def test_another_phrase_of_the_same_rule_confirms_as_well() -> None:
    call = Call(Rule("either", "urgent", one("supervisor", "manager")))
    call.partial(1, "supervisor")
    assert call.final(2, "manager") == ["1 either confirmed"]


def test_saying_it_again_adds_no_alert_but_restarts_the_off_delay() -> None:
    call = Call(SUPERVISOR)
    call.final(0, "supervisor", utterance=1)
    assert call.final(20, "supervisor", utterance=2) == []
    assert call.wait(49) == []
    assert call.wait(50) == ["1 wants_supervisor cleared"]
    assert call.ladder.showing == Showing()


def test_after_it_was_cleared_saying_it_again_is_a_new_alert() -> None:
    call = Call(SUPERVISOR)
    call.final(0, "supervisor", utterance=1)
    assert call.final(40, "supervisor", utterance=2) == ["1 wants_supervisor cleared", "2 wants_supervisor raised"]


def test_an_acknowledged_alert_is_steady_also_when_it_is_said_again() -> None:
    call = Call(SUPERVISOR)
    call.final(0, "supervisor", utterance=1)
    assert call.acknowledge(1) == ["1 wants_supervisor acknowledged"]
    assert call.ladder.showing.blinking is False
    assert call.final(5, "supervisor", utterance=2) == []
    assert call.ladder.showing.blinking is False
    assert call.wait(35) == ["1 wants_supervisor cleared"]


def test_acknowledging_twice_or_what_never_was_changes_nothing() -> None:
    call = Call(SUPERVISOR)
    assert call.acknowledge(0) == []
    call.final(0, "supervisor")
    assert call.acknowledge(1, alert=7) == []
    assert call.acknowledge(1) == ["1 wants_supervisor acknowledged"]
    assert call.acknowledge(2) == []
    call.wait(60)
    assert call.acknowledge(61) == []


def test_a_latched_alert_stays_until_somebody_has_seen_it() -> None:
    call = Call(LATCHED)
    call.final(0, "cancel")
    assert call.wait(3000) == []
    assert call.ladder.showing == Showing("urgent", True, "Cancels", 1, "cancels")
    assert call.acknowledge(3001) == ["1 cancels acknowledged", "1 cancels cleared"]
    assert call.ladder.showing == Showing()


def test_a_latched_alert_that_was_seen_early_goes_after_its_off_delay() -> None:
    call = Call(LATCHED)
    call.final(0, "cancel")
    call.acknowledge(1)
    assert call.wait(29) == []
    assert call.wait(30) == ["1 cancels cleared"]


def test_a_latched_alert_goes_when_its_words_are_taken_back() -> None:
    call = Call(LATCHED)
    call.partial(0, "cancel")
    assert call.wait(40) == []
    assert call.final(41) == ["1 cancels withdrawn"]


def test_a_latched_alert_whose_phrase_is_said_again_begins_anew() -> None:
    call = Call(LATCHED)
    call.final(0, "cancel", utterance=1)
    assert call.wait(40) == []
    assert call.final(41, "cancel", utterance=2) == []
    assert call.acknowledge(42) == ["1 cancels acknowledged"]
    assert call.wait(70) == []
    assert call.wait(71) == ["1 cancels cleared"]


def test_a_latched_alert_can_still_be_confirmed() -> None:
    call = Call(LATCHED)
    call.partial(0, "cancel")
    assert call.wait(40) == []
    assert call.final(41, "cancel") == ["1 cancels confirmed"]


def test_a_rule_may_need_its_phrase_several_times_within_a_time() -> None:
    call = Call(REPEATS)
    assert call.final(0, "again", utterance=1) == []
    assert call.final(61, "again", utterance=2) == []
    assert call.final(100, "again", utterance=3) == ["1 repeats raised"]
    assert call.wait(121) == []
    assert call.wait(126) == ["1 repeats cleared"]


def test_of_two_tentative_hits_each_must_be_borne_out() -> None:
    call = Call(REPEATS)
    assert call.partial(0, "again", "again") == ["1 repeats tentative"]
    assert call.final(1, "again") == ["1 repeats withdrawn"]
    assert call.final(2, "again", utterance=2) == ["2 repeats raised"]


def test_the_final_words_may_come_after_the_time_within_which_a_phrase_counts() -> None:
    call = Call(REPEATS)
    call.final(0, "again", utterance=1)
    assert call.partial(30, "again", utterance=2) == ["1 repeats tentative"]
    assert call.wait(60) == []
    assert call.wait(64) == []
    assert call.final(64, "again", utterance=2) == ["1 repeats confirmed"]


def test_an_old_hit_of_an_utterance_that_has_not_ended_bears_no_alert() -> None:
    call = Call(REPEATS)
    call.partial(0, "again", utterance=1)
    call.final(100, "again", utterance=2)
    assert call.partial(120, "again", utterance=3) == ["1 repeats tentative"]
    assert call.final(121, utterance=3) == ["1 repeats withdrawn"]


def test_a_long_call_costs_no_more_than_a_short_one() -> None:
    call = Call(*RULES)
    costs = [
        calls(call.final, 20 * number, "hold", "again", "cancel", "supervisor", utterance=number)
        for number in range(1, 500)
    ]
    assert max(costs[-20:]) <= max(costs[10:30])


def test_an_on_delay_holds_the_alert_back_and_a_final_without_the_phrase_forgets_it() -> None:
    call = Call(PERSISTS)
    assert call.partial(0, "hold", utterance=1) == []
    assert call.final(5, utterance=1) == []
    assert call.wait(19) == []
    assert call.final(30, "hold", utterance=2) == []
    assert call.wait(39.9) == []
    assert call.wait(40) == ["1 persists raised"]


def test_an_alert_stays_for_its_off_delay_however_short_its_condition_held() -> None:
    call = Call(PERSISTS)
    call.final(0, "hold")
    assert call.wait(20) == ["1 persists raised"]
    assert call.wait(24.9) == []
    assert call.wait(25) == ["1 persists cleared"]


def test_evidence_of_both_sides_makes_an_alert_of_the_whole_call() -> None:
    ladder = Ladder([REPEATS])
    ladder.receive_hits("agent", 1, [hit("again", 1)], final=True, now_sample=at(2))
    (alert,) = ladder.receive_hits("caller", 1, [hit("again", 3)], final=True, now_sample=at(4))
    assert isinstance(alert, Alert)
    assert alert.who == "both"
    assert [(item.who, item.start_sample) for item in alert.evidence] == [("agent", at(1)), ("caller", at(3))]
    assert (alert.start_sample, alert.end_sample) == (at(1), at(3) + 100)


def test_the_light_shows_the_newest_alert_of_the_highest_level_and_blinks_for_any_of_them() -> None:
    call = Call(SUPERVISOR, LATCHED, WAITS)
    assert call.final(0, "supervisor", "cancel", "hold") == [
        "1 wants_supervisor raised",
        "2 cancels raised",
        "3 waits raised",
    ]
    assert call.ladder.showing == Showing("urgent", True, "Cancels", 2, "cancels")
    call.acknowledge(1, alert=2)
    assert call.ladder.showing == Showing("urgent", True, "Cancels", 2, "cancels")
    call.acknowledge(1, alert=1)
    assert call.ladder.showing == Showing("urgent", False, "Cancels", 2, "cancels")
    call.wait(30)
    assert call.ladder.showing == Showing()


def test_the_end_of_the_call_clears_what_stands() -> None:
    call = Call(SUPERVISOR, LATCHED, WAITS)
    call.final(0, "supervisor", "cancel")
    call.acknowledge(1)
    assert told(call.ladder.end_call(at(2))) == ["1 wants_supervisor cleared", "2 cancels cleared"]
    assert call.ladder.end_call(at(3)) == []
    assert call.ladder.showing == Showing()


# What must hold for any rules and any call.

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
