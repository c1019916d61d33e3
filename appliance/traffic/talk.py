"""What a box says of one call: its events, its words in progress and its light, as two people who take turns make them.

Counted against the shipped calls: an event a second, an utterance of seven words with their times of about 700 bytes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from appliance.delivery.messages import PartialMessage, StatusMessage
from appliance.events import (
    SAMPLE_RATE_HZ,
    Alert,
    AlertChanged,
    CallEnded,
    CallStarted,
    Event,
    Evidence,
    Level,
    PhraseHit,
    StressMeasured,
    TalkMeasured,
    Utterance,
    Who,
    Word,
)
from appliance.traffic.shapes import Chance

PARTIAL_EVERY_S: Final = 0.3
"""As the recognizers give them; the uplink sends fewer where the server wants fewer."""

WORDS_PER_S: Final = 2.5
TALK_EVERY_S: Final = 30.0
PHRASES: Final = 0.1
"""Of a caller's utterances hold a phrase."""

ALERTS: Final = 0.02
"""Of a caller's utterances raise an alert: one in two calls."""

SEEN_AFTER_S: Final = 12.0
"""Until somebody has seen it, or its reason has passed."""

_SAID: Final = "the bill came twice and nobody could tell me why it went up this month so please look at it again"
_WORDS: Final = tuple(_SAID.split(" "))


class Moment(NamedTuple):
    """Something that a box says, at a time of its call."""

    at_s: float
    said: Event | PartialMessage | StatusMessage


def moments(call: str, lasts_s: float, chance: Chance) -> Iterator[Moment]:
    """Give everything that is said of a call, in order of time: `call_started` first, `call_ended` last."""
    yield Moment(0.0, status(call))
    yield Moment(0.0, _started())
    talk = _Talk(call, chance)
    while talk.at_s < lasts_s:
        yield from (moment for moment in talk.turn() if moment.at_s < lasts_s)
    end = _samples(lasts_s)
    yield Moment(lasts_s, CallEnded(who="both", start_sample=end, end_sample=end, reason="on_hook"))
    yield Moment(lasts_s, status(None))


def status(call: str | None, level: Level = "normal", alert: int | None = None) -> StatusMessage:
    """Give what a box says of itself."""
    reason = "simulated" if alert else ""
    return StatusMessage(call=call, level=level, blinking=alert is not None, reason=reason, alert=alert)


class _Talk:
    """Two people who take turns; `at_s` is how far they have come."""

    def __init__(self, call: str, chance: Chance) -> None:
        self.at_s = 0.0
        self._call = call
        self._chance = chance
        self._turns = 0
        self._alerts = 0
        self._open: tuple[float, int] | None = None
        self._talk_at_s = TALK_EVERY_S

    def turn(self) -> Iterator[Moment]:
        """Give what one of them says, and what is found in it."""
        who: Who = "caller" if self._turns % 2 else "agent"
        self._turns += 1
        begins_s = self.at_s + 0.2 + 1.2 * self._chance()
        words = 2 + int(10 * self._chance())
        self.at_s = begins_s + words / WORDS_PER_S
        number = (self._turns + 1) // 2
        yield from self._partials(who, number, begins_s, words)
        yield Moment(self.at_s, _utterance(who, number, begins_s, words))
        if who == "caller":
            yield from self._found(number, begins_s)
        yield from self._what_is_due()

    def _partials(self, who: Who, number: int, begins_s: float, words: int) -> Iterator[Moment]:
        for step in range(1, int((self.at_s - begins_s) / PARTIAL_EVERY_S) + 1):
            at_s = begins_s + step * PARTIAL_EVERY_S
            heard = max(1, int(step * PARTIAL_EVERY_S * WORDS_PER_S))
            yield Moment(
                at_s,
                PartialMessage(
                    call=self._call,
                    who=who,
                    utterance=number,
                    text=_text(min(heard, words), number),
                    start_sample=_samples(begins_s),
                    end_sample=_samples(at_s),
                ),
            )

    def _found(self, number: int, begins_s: float) -> Iterator[Moment]:
        start, end = _samples(begins_s), _samples(self.at_s)
        score = round(0.5 * self._chance(), 3)
        yield Moment(
            self.at_s,
            StressMeasured(
                who="caller", start_sample=start, end_sample=end, score=score, confidence=0.8, level="calm",
                drivers=("f0_hz", "level_dbfs"),
            ),
        )  # fmt: skip
        if self._chance() < PHRASES:
            said = _text(3, number)
            hit = PhraseHit(
                who="caller", start_sample=start, end_sample=end, phrase="repeat_contact", text=said, utterance=number,
                confidence=0.9, reason="simulated",
            )  # fmt: skip
            yield Moment(self.at_s, hit)
        if self._open is None and self._chance() < ALERTS:
            yield from self._alert(number, start, end)

    def _alert(self, number: int, start: int, end: int) -> Iterator[Moment]:
        self._alerts += 1
        self._open = (self.at_s + SEEN_AFTER_S, self._alerts)
        evidence = Evidence("caller", "repeat_contact", _text(3, number), start, end)
        yield Moment(self.at_s, status(self._call, "attention", self._alerts))
        yield Moment(
            self.at_s,
            Alert(
                who="caller", start_sample=start, end_sample=end, alert=self._alerts, rule="called_before",
                level="attention", evidence=(evidence,), since_sample=start, reason="simulated",
            ),
        )  # fmt: skip

    def _what_is_due(self) -> Iterator[Moment]:
        now = _samples(self.at_s)
        if self._open and self._open[0] <= self.at_s:
            alert, self._open = self._open[1], None
            yield Moment(self.at_s, status(self._call))
            yield Moment(
                self.at_s,
                AlertChanged(
                    who="caller", start_sample=now, end_sample=now, alert=alert, rule="called_before",
                    change="cleared", level="attention",
                ),
            )  # fmt: skip
        if self._talk_at_s <= self.at_s:
            self._talk_at_s += TALK_EVERY_S
            sides: tuple[Who, ...] = ("agent", "caller")
            for who in sides:
                yield Moment(self.at_s, _talk(who, now, self.at_s))


def _started() -> CallStarted:
    return CallStarted(
        who="both", start_sample=0, end_sample=0, line="simulated", language="en", band="narrow", engine="simulated",
        model="simulated", rules="simulated",
    )  # fmt: skip


def _utterance(who: Who, number: int, begins_s: float, words: int) -> Utterance:
    spoken = _text(words, number).split()
    each = int(SAMPLE_RATE_HZ / WORDS_PER_S)
    start = _samples(begins_s)
    timed = tuple(
        Word(word, start + place * each, start + (place + 1) * each, confidence=0.9)
        for place, word in enumerate(spoken)
    )
    return Utterance(
        who=who, start_sample=start, end_sample=timed[-1].end_sample, number=number, text=" ".join(spoken), words=timed
    )


def _talk(who: Who, now: int, at_s: float) -> TalkMeasured:
    return TalkMeasured(
        who=who, start_sample=0, end_sample=now, speech_s=round(at_s / 2.5, 1), talk_share=0.5, overtalk_s=0.0,
        interruptions=0, longest_silence_s=1.4, words_per_min=150.0,
    )  # fmt: skip


def _text(words: int, number: int) -> str:
    return " ".join(_WORDS[(number + place) % len(_WORDS)] for place in range(words))


def _samples(at_s: float) -> int:
    return int(at_s * SAMPLE_RATE_HZ)
