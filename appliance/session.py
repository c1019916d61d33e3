"""One call: frames and hypotheses in, events out.

What it gives is an event (kept), a `Partial` (volatile), a request to the recognizer of one side, or the order to give
a side another one. What the light must show is the property `showing`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from appliance.ears import Ears, EarsOfSides, Switch
from appliance.escalation.ladder import Ladder, Outlook, Showing
from appliance.escalation.rules import RulePack
from appliance.events import (
    UNKNOWN_SPEAKER,
    Band,
    CallContext,
    CallEnded,
    CallStarted,
    Event,
    Gap,
    LineGap,
    Notice,
    Utterance,
    Who,
)
from appliance.hearing import HIDE_NAMES_OF, Heard, Hearing, phrase_hit
from appliance.meters import FEELINGS_OF, Meters, Mood
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, Side, Withheld
from appliance.speech.hold import Held, held_event
from appliance.speech.listener import Listener, Said, Span
from appliance.speech.recognizer import EndUtterance, Hypothesis, Request
from appliance.withholding import Withholding


class Partial(NamedTuple):
    """The newest words of an utterance in progress, secrets taken out; an empty text withdraws them."""

    side: Side
    utterance: int
    text: str
    start_sample: int
    end_sample: int


Output = Event | Request | Partial | Switch

LADDER_STEP_SAMPLES: Final = 5 * FRAME_SAMPLES
"""Delays of alerts are seconds: looking at them every 100 ms is exact enough, and a fifth of the work."""

EndReason = Literal["on_hook", "line_lost", "stopped", "interrupted"]


class CallSession:
    """One call from off hook to on hook.

    `started` and the notices of the ears for its band open the call's events. Each side begins with these ears, and
    gets those for the band that is measured on it between two of its utterances. `feelings` are the sides whose stress
    and sentiment are measured, `hide_names_of` those whose own names are taken out of their words. Calls come in the
    order of media time for each side.
    """

    def __init__(
        self,
        sides: Sequence[Side],
        rules: RulePack,
        ears: Mapping[Band, Ears],
        started: CallStarted,
        feelings: Collection[Side] = FEELINGS_OF,
        hide_names_of: Collection[Side] = HIDE_NAMES_OF,
    ) -> None:
        self._ladder = Ladder(rules.rules)
        self._measures = Meters(sides, started.language, feelings, self._ladder.receive_reading)
        self._ears = EarsOfSides(sides, ears, started.band)
        self._listeners = {side: Listener(side, ears[started.band].settings) for side in sides}
        self._hearing = Hearing(sides, rules, hide_names_of)
        self._opening: list[Output] = [started, *self._ears.begin()]
        self._withholding = Withholding()
        self._now_sample = 0
        self._next_look = 0

    @property
    def showing(self) -> Showing:
        """What the light must show now."""
        return self._ladder.showing

    @property
    def outlooks(self) -> list[Outlook]:
        """How near each rule has come to raise an alert."""
        return self._ladder.outlooks

    @property
    def is_settled(self) -> bool:
        """Say whether every utterance has had its final hypothesis."""
        return all(listener.is_settled for listener in self._listeners.values())

    def begin(self) -> list[Output]:
        """Take that the line is off hook."""
        return self._opening

    def receive_frame(self, frame: Frame, *, voiced: bool) -> list[Output]:
        """Take the next frame of one side; `voiced` is what the voice activity detector says of it."""
        outputs = [*self._withholding.end(), *self._measure(frame, voiced=voiced)]
        listener = self._listeners[frame.side]
        outputs += self._noted(frame.side, listener.receive_frame(frame, voiced=voiced))
        outputs += self._measures.receive_frame(frame, voiced=voiced, speaking=listener.is_speaking)
        return outputs + self._pass_time(frame.sample, frame.sample + FRAME_SAMPLES)

    def receive_lost(self, lost: Lost) -> list[Output]:
        """Take audio of one side that never came; its next frame begins where this ends."""
        outputs: list[Output] = [_gap(lost.side, Span(lost.start_sample, lost.end_sample), lost.reason)]
        outputs += self._noted(lost.side, self._listeners[lost.side].receive_lost(lost))
        outputs += self._measures.receive_lost(lost)
        return outputs + self._pass_time(lost.end_sample, lost.end_sample)

    def receive_withheld(self, piece: Withheld) -> list[Output]:
        """Take a stretch of one side that nobody listened to, by wish; what was said before it is cut there."""
        outputs = self._noted(piece.side, self._listeners[piece.side].receive_cut())
        told = [*self._withholding.receive(piece), *self._measures.receive_lost(piece)]
        return [*outputs, *told, *self._pass_time(piece.end_sample, piece.end_sample)]

    def receive_hypothesis(self, side: Side, hypothesis: Hypothesis) -> list[Output]:
        """Take what the recognizer of one side makes of an utterance."""
        self._measures.receive_words(side)
        hypothesis = self._listeners[side].without_music(hypothesis)
        if hypothesis.final:
            span = self._listeners[side].receive_final(hypothesis.utterance)
            return self._finish(side, hypothesis, span) if span else []
        span = self._listeners[side].span(hypothesis.utterance)
        outputs = self._receive_partial(side, hypothesis, span) if span and hypothesis.words is not None else []
        return [*outputs, *(self._hearing.looks(side, hypothesis) if span else [])]

    def receive_loss(self, side: Side, until_sample: int) -> list[Output]:
        """Take that the recognizer of one side forgot all that it had heard before `until_sample`."""
        hole = self._listeners[side].receive_loss(until_sample)
        self._hearing.receive_loss(side)
        if not hole:
            return []
        self._measures.receive_loss(side, hole)
        return [_gap(side, hole, "recognizer_lost")]

    def receive_overload(self, side: Side, start_sample: int, end_sample: int) -> list[Output]:
        """Take that this audio was dropped because recognition could not keep up."""
        return [_gap(side, Span(start_sample, end_sample), "recognizer_behind")]

    def acknowledge(self, alert: int) -> list[Output]:
        """Take that a person has seen an alert."""
        return [*self._ladder.acknowledge(alert, self._now_sample)]

    def snooze(self, alert: int) -> list[Output]:
        """Take that a person puts an alert off for a while; nothing happens where its rule does not allow it."""
        return [*self._ladder.snooze(alert, self._now_sample)]

    @property
    def is_paused(self) -> bool:
        """Say whether the server wants this call not listened to."""
        return self._withholding.is_paused(self._now_sample)

    def pause(self, limit_s: float) -> list[Output]:
        """Take that the server wants nothing of this call listened to, for so long at most."""
        self._withholding.pause(self._now_sample, limit_s)
        return []

    def resume(self) -> bool:
        """Take that the server wants this call listened to again; say whether it was paused."""
        return self._withholding.resume(self._now_sample)

    def receive_context(self, tier: str, queued_s: float | None = None) -> list[Output]:
        """Take what the server knows of the caller."""
        at = self._now_sample
        context = CallContext(who="caller", start_sample=at, end_sample=at, tier=tier, queued_s=queued_s)
        self._measures.receive_context(context)
        return [context, *self._ladder.receive_time(at)]

    def replace_rules(self, rules: RulePack) -> list[Output]:
        """Go on by another pack; alerts of rules that stay as they were stand."""
        self._hearing.use(rules)
        text = f"From here on the rules are {rules.name} {rules.version}."
        now = self._now_sample
        return [*self.receive_notice("rules_replaced", text), *self._ladder.replace_rules(rules.rules, now)]

    def receive_notice(self, code: str, text: str) -> list[Output]:
        """Take something that people must know of this call."""
        return [_notice("both", self._now_sample, code, text)]

    def spare_stress(self, *, spares: bool) -> list[Output]:
        """Take that the box has too much to do, or no longer, to measure stress."""
        return [*self._measures.spare_stress(self._now_sample, spares=spares)]

    def receive_line_event(self, event: Event) -> list[Output]:
        """Take what only the line can know. From a notice that the speaker is unknown on, feelings are not measured."""
        if isinstance(event, Notice) and event.code == UNKNOWN_SPEAKER:
            self._measures.receive_unknown_speaker(self._now_sample)
        return [event]

    def hang_up(self) -> list[Output]:
        """Take that no more frames come; what is still to be recognised follows as hypotheses, then `end`."""
        ends = {side: listener.receive_end() for side, listener in self._listeners.items()}
        return [output for side, said in ends.items() for output in self._noted(side, said)]

    def end(self, reason: EndReason) -> list[Output]:
        """Take that nothing follows any more."""
        now = self._now_sample
        told = [*self._withholding.end(), *self._measures.end(now), *self._ladder.end_call(now)]
        return [*told, CallEnded(who="both", start_sample=now, end_sample=now, reason=reason)]

    def _measure(self, frame: Frame, *, voiced: bool) -> list[Output]:
        """Measure the side's band, and give it other ears between two utterances."""
        measured = self._ears.measure(frame, voiced=voiced)
        if self._listeners[frame.side].is_speaking:
            return [*measured]
        changes = self._ears.change(frame.side, frame.sample)
        if changes:
            self._listeners[frame.side].use(self._ears.of(frame.side).settings)
        return [*measured, *changes]

    def _pass_time(self, at_sample: int, until_sample: int) -> list[Output]:
        """Take that one side has come to `until_sample`; the one that is ahead makes the call's time."""
        if at_sample < self._now_sample:
            return []
        self._now_sample = until_sample
        if at_sample < self._next_look:
            return []
        self._next_look = at_sample + LADDER_STEP_SAMPLES
        return [*self._ladder.receive_time(self._now_sample)]

    def _noted(self, side: Side, said: list[Said]) -> list[Output]:
        """Count what nobody hears among the talk when it ends: no final hypothesis will come for it."""
        for one in () if self._ears.of(side).model else said:
            if isinstance(one, EndUtterance) and (span := self._listeners[side].receive_final(one.utterance)):
                self._measures.receive_utterance(side, span, ())
        return [held_event(side, one) if isinstance(one, Held) else one for one in said]

    def _receive_partial(self, side: Side, hypothesis: Hypothesis, span: Span) -> list[Output]:
        heard = self._hearing.receive(side, hypothesis)
        partial = Partial(side, hypothesis.utterance, heard.text, span.start_sample, hypothesis.until_sample)
        return [*([] if hypothesis.ahead else [partial]), *self._climb(side, hypothesis, heard)]

    def _finish(self, side: Side, hypothesis: Hypothesis, span: Span) -> list[Output]:
        heard = self._hearing.receive(side, hypothesis)
        words, number = heard.words, hypothesis.utterance
        mood = self._measures.receive_utterance(side, span, words) if words else Mood()
        alerts = self._climb(side, hypothesis, heard)
        if not words:
            return [Partial(side, number, "", span.start_sample, span.end_sample), *alerts]
        utterance = Utterance(
            who=side,
            start_sample=span.start_sample,
            end_sample=span.end_sample,
            number=number,
            text=heard.text,
            words=words,
            sentiment=mood.sentiment,
            sentiment_trend=mood.trend,
        )
        return [utterance, *(phrase_hit(side, number, match, words) for match in heard.matches), *alerts]

    def _climb(self, side: Side, hypothesis: Hypothesis, heard: Heard) -> list[Output]:
        """Show the ladder what was heard."""
        key, now = (side, hypothesis.utterance), self._now_sample
        return [*self._ladder.receive_hits(*key, heard.bearing, final=hypothesis.final, now_sample=now)]


def _gap(side: Side, span: Span, reason: Literal["recognizer_lost", "recognizer_behind"] | LineGap) -> Gap:
    return Gap(who=side, start_sample=span.start_sample, end_sample=span.end_sample, reason=reason)


def _notice(who: Who, at: int, code: str, text: str) -> Notice:
    return Notice(who=who, start_sample=at, end_sample=at, code=code, text=text)
