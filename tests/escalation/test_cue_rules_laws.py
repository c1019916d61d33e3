"""What must hold whatever is measured and said."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.escalation.conditions import Said
from appliance.escalation.cues import Reading
from appliance.escalation.ladder import Ladder
from appliance.escalation.rules import Rule
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged

from .ladder_calls import at, hit
from .test_cue_rules import BOTH, EITHER, FURIOUS, SILENT, VALUED

RULES = [
    FURIOUS,
    BOTH,
    EITHER,
    SILENT,
    VALUED,
    Rule("words", "urgent", (Said(("insult",)),), off_delay_s=3, min_repeat_s=10),
]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("voice"), st.floats(0, 3), st.none() | st.sampled_from([0.1, 0.55, 0.65, 0.85, 0.95])),
        st.tuples(st.just("mood"), st.floats(0, 3), st.none() | st.sampled_from([-0.9, 0.0, 0.5])),
        st.tuples(st.just("silence"), st.floats(0, 3), st.booleans()),
        st.tuples(st.just("partial"), st.floats(0, 3), st.booleans()),
        st.tuples(st.just("final"), st.floats(0, 3), st.booleans()),
        st.tuples(st.just("wait"), st.floats(0, 20), st.none()),
        st.tuples(st.just("snooze"), st.floats(0, 3), st.integers(1, 4)),
        st.tuples(st.just("acknowledge"), st.floats(0, 3), st.integers(1, 4)),
    ),
    max_size=40,
)
Step = tuple[str, float, float | bool | int | None]


def played(steps: Sequence[Step]) -> list[tuple[float, Alert | AlertChanged]]:
    """Play a call, time in tenths; give each change with its time in seconds."""
    ladder, now, utterance = Ladder(RULES), 0, 1
    history: list[tuple[float, Alert | AlertChanged]] = []

    def note(changed: Sequence[Alert | AlertChanged]) -> None:
        history.extend((now / SAMPLE_RATE_HZ, change) for change in changed)

    for what, wait_s, value in steps:
        end = now + at(wait_s)
        while now < end:
            now = min(now + SAMPLE_RATE_HZ // 10, end)
            note(ladder.receive_time(now))
        if what == "voice":
            ladder.receive_reading(Reading("stress", "caller", now, value))
        elif what == "mood":
            ladder.receive_reading(Reading("sentiment", "caller", now, value))
        elif what == "silence":
            ladder.receive_reading(Reading("silence_s", "both", now, counts_from=now if value else None))
        elif what in ("partial", "final"):
            hits = [hit("insult", now / SAMPLE_RATE_HZ)] if value else []
            note(ladder.receive_hits("caller", utterance, hits, final=what == "final", now_sample=now))
            utterance += what == "final"
        elif what in ("snooze", "acknowledge"):
            note((ladder.snooze if what == "snooze" else ladder.acknowledge)(int(value or 1), now))
    note(ladder.end_call(now))
    return history


@settings(max_examples=200)
@given(STEPS)
def test_no_alert_flaps_faster_than_its_delays_whatever_is_measured_and_said(steps: list[Step]) -> None:
    rules = {rule.name: rule for rule in RULES}
    raised: dict[str, tuple[float, bool]] = {}
    was_withdrawn: dict[str, bool] = {}
    history = played(steps)
    end_s = history[-1][0] if history else 0.0
    for now_s, change in history:
        rule = rules[change.rule]
        if isinstance(change, Alert):
            if change.rule in raised:
                before_s, _ = raised[change.rule]
                late_enough = now_s - before_s >= rule.min_repeat_s - 1e-3
                assert late_enough or (was_withdrawn[change.rule] and not change.tentative)
            raised[change.rule] = (now_s, change.tentative)
            was_withdrawn[change.rule] = False
        elif change.change == "withdrawn":
            assert raised[change.rule][1], "only a guess is taken back"
            was_withdrawn[change.rule] = True
        elif change.change == "cleared" and now_s < end_s:
            assert now_s - raised[change.rule][0] >= rule.off_delay_s - 1e-3


@settings(max_examples=200)
@given(STEPS)
def test_every_alert_has_evidence_says_why_and_ends_once(steps: list[Step]) -> None:
    standing: set[int] = set()
    for _, change in played(steps):
        if isinstance(change, Alert):
            assert change.evidence
            assert change.explanation
            assert change.since_sample <= change.end_sample or change.tentative
            standing.add(change.alert)
        elif change.change in ("cleared", "withdrawn"):
            standing.remove(change.alert)
        else:
            assert change.alert in standing
    assert standing == set()
