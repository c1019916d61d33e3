import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import Side
from appliance.speech.talk import TalkMeter


def at(second: float) -> int:
    return round(second * SAMPLE_RATE_HZ)


def talk(*utterances: tuple[Side, float, float], words: int = 0) -> TalkMeter:
    meter = TalkMeter()
    for side, start, end in utterances:
        meter.receive_utterance(side, at(start), at(end), words)
    return meter


def test_before_anybody_speaks_all_is_silence() -> None:
    meter = TalkMeter()
    assert meter.facts().agent.share is None
    meter.receive_time(at(4))
    assert meter.facts().silence_s == 4
    assert meter.facts().longest_silence_s == 4


def test_shares_are_of_all_that_was_spoken() -> None:
    facts = talk(("agent", 0, 3), ("caller", 4, 5)).facts()
    assert (facts.agent.share, facts.caller.share) == (0.75, 0.25)
    assert (facts.agent.speech_s, facts.caller.speech_s) == (3, 1)
    assert facts.of("agent") == facts.agent


def test_the_rate_needs_three_seconds_of_known_words() -> None:
    meter = talk(("agent", 0, 2), words=6)
    assert meter.facts().agent.words_per_minute is None
    meter.receive_utterance("agent", at(5), at(7), 4)
    meter.receive_utterance("agent", at(8), at(10), 0)
    assert meter.facts().agent.words_per_minute == 150


def test_both_at_once_is_overtalk_in_whatever_order_it_becomes_known() -> None:
    long_agent: tuple[Side, float, float] = ("agent", 0, 10)
    short_callers: list[tuple[Side, float, float]] = [("caller", 2, 3), ("caller", 8, 11)]
    assert talk(long_agent, *short_callers).facts().overtalk_s == 3
    assert talk(*short_callers, long_agent).facts().overtalk_s == 3


@pytest.mark.parametrize(
    ("agent", "caller", "interruptions"),
    [
        ((0, 10), (4, 8), (0, 1)),
        ((4, 8), (0, 10), (1, 0)),
        ((0, 10), (4, 4.6), (0, 0)),
        ((0, 4), (3.8, 8), (0, 0)),
        ((0, 4), (0.2, 8), (0, 0)),
        ((0, 4), (5, 8), (0, 0)),
    ],
)
def test_an_interruption_begins_while_the_other_speaks_and_goes_on(
    agent: tuple[float, float], caller: tuple[float, float], interruptions: tuple[int, int]
) -> None:
    for meter in (talk(("agent", *agent), ("caller", *caller)), talk(("caller", *caller), ("agent", *agent))):
        facts = meter.facts()
        assert (facts.agent.interruptions, facts.caller.interruptions) == interruptions


def test_silence_lasts_from_the_last_word_until_somebody_begins() -> None:
    meter = talk(("agent", 1, 2))
    meter.receive_time(at(9))
    assert meter.facts().silence_s == 7
    meter.receive_time(at(10), speaking=True)
    meter.receive_time(at(11), speaking=True)
    assert meter.facts().silence_s == 0
    assert meter.facts().longest_silence_s == 7
    meter.receive_utterance("caller", at(9.5), at(12), 3)
    meter.receive_time(at(12), speaking=False)
    assert meter.facts().longest_silence_s == 7.5


SPANS = st.lists(st.tuples(st.sampled_from(["agent", "caller"]), st.integers(0, 60), st.integers(0, 8)), max_size=25)


@given(SPANS)
def test_facts_agree_with_counting_second_by_second(turns: list[tuple[Side, int, int]]) -> None:
    ends: dict[Side, int] = {"agent": 0, "caller": 0}
    meter = TalkMeter()
    spoken: dict[Side, set[int]] = {"agent": set(), "caller": set()}
    for side, pause, length in turns:
        start = ends[side] + pause % 9
        ends[side] = start + length
        spoken[side].update(range(start, ends[side]))
        meter.receive_utterance(side, at(start), at(ends[side]), 1)
    now = max(ends.values()) + 3
    meter.receive_time(at(now))
    facts = meter.facts()
    assert facts.agent.speech_s == len(spoken["agent"])
    assert facts.caller.speech_s == len(spoken["caller"])
    assert facts.overtalk_s == len(spoken["agent"] & spoken["caller"])
    either = spoken["agent"] | spoken["caller"]
    assert facts.silence_s <= facts.longest_silence_s <= now
    if either and not any(length == 0 for _, _, length in turns):
        assert facts.silence_s == now - max(either) - 1
        silent = "".join("x" if second in either else "." for second in range(now)).split("x")
        assert facts.longest_silence_s == max(map(len, silent))
