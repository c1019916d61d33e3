"""What is measured of a call and told to the rules, from frames with a voice or without and the words that came."""

from collections.abc import Sequence

import pytest

from appliance.escalation.cues import CUES, TEXT_CUES, Reading
from appliance.events import SAMPLE_RATE_HZ, CallContext, Event, StressMeasured, TalkMeasured, Word
from appliance.meters import FEELINGS_OF, Meters, MissingWords, Mood
from appliance.speech.frames import FRAME_SAMPLES, Side
from appliance.speech.listener import Span

from .speech.sounds import frame

SIDES: tuple[Side, ...] = ("agent", "caller")
FRAMES_PER_S = SAMPLE_RATE_HZ // FRAME_SAMPLES


def at(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


class Line:
    """Two sides that speak or not, second by second."""

    def __init__(self, feelings: frozenset[Side] = FEELINGS_OF, language: str = "en") -> None:
        self.readings: list[Reading] = []
        self.events: list[Event] = []
        self.meters = Meters(SIDES, language, feelings, self.readings.append)
        self._frame = 0

    def run(self, seconds: float, *speakers: Side) -> "Line":
        for _ in range(round(seconds * FRAMES_PER_S)):
            for side in SIDES:
                voiced = side in speakers
                step = frame(self._frame, voiced=voiced, side=side)
                self.events += self.meters.receive_frame(step, voiced=voiced, speaking=voiced)
            self._frame += 1
        return self

    def said(self, side: Side, text: str, start_s: float, end_s: float) -> Mood:
        words = [Word(word, at(start_s), at(end_s)) for word in text.split()]
        return self.meters.receive_utterance(side, Span(at(start_s), at(end_s)), words)

    def value(self, cue: str, who: str = "both") -> float | None:
        """Give the value of a cue now, by its newest reading."""
        readings = [one for one in self.readings if (one.cue, one.who) == (cue, who)]
        return readings[-1].value_at(self._frame * FRAME_SAMPLES) if readings else None

    def of(self, kind: type[Event]) -> Sequence[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def test_silence_counts_from_the_last_voice_and_not_while_anybody_speaks() -> None:
    line = Line().run(2)
    assert line.value("silence_s") == pytest.approx(2)
    line.run(1, "caller")
    assert line.value("silence_s") == 0
    line.run(1, "agent", "caller").run(1, "agent").run(3)
    assert line.value("silence_s") == pytest.approx(3)


def test_the_caller_waits_from_the_silence_on_until_the_agent_speaks_whatever_the_caller_says_meanwhile() -> None:
    line = Line().run(1, "caller").run(1, "agent").run(2)
    assert not line.value("waiting_s")
    line.run(3)
    assert line.value("waiting_s") == pytest.approx(5)
    line.run(2, "caller")
    assert line.value("waiting_s") == pytest.approx(7)
    line.run(1, "agent")
    assert line.value("waiting_s") == 0


def test_a_caller_who_tells_a_long_story_does_not_wait() -> None:
    line = Line().run(1, "agent").run(60, "caller")
    assert not line.value("waiting_s")


def test_the_length_of_the_call_is_a_clock() -> None:
    assert Line().run(7).value("call_s") == pytest.approx(7)


def test_only_the_callers_feelings_are_measured_by_default() -> None:
    line = Line().run(3, "agent", "caller")
    assert {event.who for event in line.of(StressMeasured)} == {"caller"}
    assert line.said("agent", "this is terrible and awful", 0, 2) == Mood()
    assert line.said("caller", "this is terrible and awful", 0, 2).sentiment is not None
    assert {reading.who for reading in line.readings if reading.cue in ("stress", "sentiment")} == {"caller"}


def test_nobodys_feelings_are_measured_where_the_settings_say_so_and_talk_still_is() -> None:
    line = Line(frozenset()).run(3, "agent", "caller")
    assert line.said("caller", "this is terrible", 0, 2) == Mood()
    line.events += line.meters.end(at(3))
    assert line.of(StressMeasured) == []
    assert len(line.of(TalkMeasured)) == 2


def test_from_when_the_speaker_is_unknown_on_feelings_are_measured_only_where_everybodys_are_wanted() -> None:
    line = Line().run(20, "caller")
    line.said("caller", "this is terrible", 0, 2)
    before = len(line.of(StressMeasured))
    assert before
    line.meters.receive_unknown_speaker(at(20))
    assert line.said("caller", "this is terrible", 20, 22) == Mood()
    line.run(30, "caller")
    assert len(line.of(StressMeasured)) == before
    assert line.value("stress", "caller") is None
    assert line.value("sentiment", "caller") is None
    everybody = Line(frozenset(SIDES))
    everybody.meters.receive_unknown_speaker(0)
    assert everybody.said("caller", "this is terrible", 0, 2) != Mood()


def test_what_bitter_words_say_is_negative_and_a_trend_remembers_it() -> None:
    line = Line()
    bitter = line.said("caller", "this is a terrible awful disgrace", 0, 2)
    assert bitter.sentiment is not None
    assert bitter.sentiment < -0.5
    calm = line.said("caller", "the table is brown", 3, 5)
    assert calm.sentiment == 0
    assert calm.trend is not None
    assert bitter.sentiment < calm.trend < 0


def test_a_language_without_lexicon_has_no_sentiment() -> None:
    assert Line(language="xx").said("caller", "quatsch", 0, 2) == Mood(None, None)


def test_talk_is_told_every_half_minute_and_at_the_end_of_both_sides() -> None:
    line = Line().run(10)
    line.said("agent", "good morning this is desk one", 0, 4)
    line.said("caller", "hello", 4, 5)
    line.run(55)
    assert [(event.who, event.end_sample) for event in line.of(TalkMeasured)] == [
        (who, at(end)) for end in (30, 60) for who in SIDES
    ]
    newest = line.meters.end(at(65))
    assert [event.who for event in newest] == list(SIDES)
    assert isinstance(newest[0], TalkMeasured)
    assert (newest[0].speech_s, newest[0].talk_share) == (4, 0.8)


def test_a_call_in_which_nobody_speaks_has_nothing_to_tell_of_talk() -> None:
    assert Line().run(31).meters.end(at(31)) == []


def test_over_talk_and_interruptions_are_those_of_the_last_minute() -> None:
    line = Line()
    line.said("agent", "let me explain this to you", 0, 5)
    line.said("caller", "no no listen to me now", 2, 6)
    assert line.value("overtalk_s") == pytest.approx(3)
    assert line.value("interruptions", "caller") == 1
    line.said("agent", "yes", 80, 81)
    assert line.value("overtalk_s") == 0


def test_the_context_is_told_as_readings() -> None:
    line = Line()
    line.meters.receive_context(CallContext(who="caller", start_sample=0, end_sample=0, tier="gold", queued_s=90.0))
    assert line.value("queued_s") == 90
    assert [reading.text for reading in line.readings if reading.cue == "tier"] == ["gold"]


def test_every_cue_that_a_rule_may_name_is_told_by_a_meter() -> None:
    line = Line().run(3, "caller").run(4)
    line.said("caller", "this is fine", 0, 3)
    line.meters.receive_context(CallContext(who="caller", start_sample=0, end_sample=0, tier="gold", queued_s=90.0))
    line.meters.receive_loss("caller", Span(0, at(1)))
    assert {reading.cue for reading in line.readings} == {*CUES, *TEXT_CUES}


# Words that never come.


def speak(words: MissingWords, from_s: float, to_s: float) -> None:
    for number in range(round(from_s * FRAMES_PER_S), round(to_s * FRAMES_PER_S)):
        words.receive_frame(frame(number, voiced=True), voiced=True)


def test_words_are_missing_after_seconds_of_speech_without_any_answer_and_not_before() -> None:
    readings: list[Reading] = []
    words = MissingWords(readings.append)
    speak(words, 1, 5.9)
    assert readings == []
    speak(words, 5.9, 7)
    (missing,) = readings
    assert (missing.cue, missing.counts_from) == ("words_missing_s", at(1))


def test_any_answer_of_the_recognizer_ends_it() -> None:
    readings: list[Reading] = []
    words = MissingWords(readings.append)
    speak(words, 0, 4)
    words.receive_answer()
    speak(words, 4, 8)
    assert readings == []
    speak(words, 8, 10)
    words.receive_answer()
    assert [reading.counts_from for reading in readings] == [at(4), None]


def test_a_lost_recognizer_is_known_at_once() -> None:
    readings: list[Reading] = []
    words = MissingWords(readings.append)
    words.receive_loss(Span(at(3), at(4)))
    assert [reading.counts_from for reading in readings] == [at(3)]
