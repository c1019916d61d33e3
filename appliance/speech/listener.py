"""One side of a call as its recognizer gets it: numbered utterances in blocks of audio, and no music."""

from dataclasses import dataclass
from typing import Final

from appliance.speech.endpointer import Endpointer, EndpointerSettings, Speech, SpeechEnded
from appliance.speech.frames import Frame, Lost, Side, samples
from appliance.speech.hold import Held, HoldGate, Passed
from appliance.speech.level import NoiseFloor
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Pause, Request

BLOCK_MS: Final = 100
"""Audio of one request: how soon a phrase can be noticed. Vosk has new words about every second time."""


Said = Request | Held
"""What the recognizer must do, and what is told of music."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where an utterance, or a hole in one, lies in media time."""

    start_sample: int
    end_sample: int


class Listener:
    """Turns the frames of one side into requests, and remembers the utterances that have no final hypothesis yet."""

    def __init__(self, side: Side, settings: EndpointerSettings) -> None:
        self._side: Side = side
        self._gate = HoldGate()
        self._endpointer = Endpointer(settings)
        self._floor = NoiseFloor()
        self._utterance = 0
        self._block: list[Speech] = []
        self._block_bytes = 0
        self._pausing = False
        self._unfinished: dict[int, Span] = {}

    @property
    def is_settled(self) -> bool:
        """Say whether every utterance has had its final hypothesis."""
        return not self._unfinished

    @property
    def is_speaking(self) -> bool:
        """Say whether an utterance is in progress."""
        return self._endpointer.speaking

    def use(self, settings: EndpointerSettings) -> None:
        """Find utterances by these settings from now on; not while one is in progress."""
        self._endpointer.settings = settings

    def receive_frame(self, frame: Frame, *, voiced: bool) -> list[Said]:
        """Take the next frame and give what the recognizer must hear or end now."""
        return self._let(self._gate.receive_frame(frame, voiced=voiced))

    def receive_lost(self, lost: Lost) -> list[Said]:
        """Take a hole in the line; the recognizer hears a short one as silence, so that its positions hold."""
        let = self._let(self._gate.receive_hole())
        return [*let, *self._requests(self._endpointer.receive_lost(lost))]

    def receive_cut(self) -> list[Said]:
        """Take that nothing is to be heard from here on: what was said before it is an utterance of its own."""
        let = self._let(self._gate.receive_hole())
        return [*let, *self._requests(self._endpointer.receive_cut())]

    def receive_end(self) -> list[Said]:
        """Take the end of the call."""
        let = self._let(self._gate.receive_end())
        return [*let, *self._requests(self._endpointer.receive_end())]

    def without_music(self, hypothesis: Hypothesis) -> Hypothesis:
        """Give what the recognizer has made of an utterance without the words that it heard in music."""
        return self._gate.without_music(hypothesis)

    def receive_final(self, utterance: int) -> Span | None:
        """Take that an utterance has its final hypothesis and give where it lay; None for an unknown one."""
        return self._unfinished.pop(utterance, None)

    def receive_loss(self, until_sample: int) -> Span | None:
        """Take that the recognizer forgot all before `until_sample`; give the part of unfinished utterances in it.

        These utterances go on behind the hole.
        """
        holes = [
            Span(span.start_sample, min(span.end_sample, until_sample))
            for span in self._unfinished.values()
            if span.start_sample < until_sample
        ]
        for utterance, span in self._unfinished.items():
            start = max(span.start_sample, until_sample)
            self._unfinished[utterance] = Span(start, max(start, span.end_sample))
        return Span(holes[0].start_sample, holes[-1].end_sample) if holes else None

    def span(self, utterance: int) -> Span | None:
        """Give where an unfinished utterance lies so far."""
        return self._unfinished.get(utterance)

    def _let(self, passed: Passed) -> list[Said]:
        said: list[Said] = []
        if passed.held:
            said.append(passed.held)
            said += [] if passed.held.is_over else self._requests(self._endpointer.receive_cut())
        for frame, voiced in passed.frames:
            said += self._hear(frame, voiced=voiced)
        return said

    def _hear(self, frame: Frame, *, voiced: bool) -> list[Request]:
        loud = self._floor.receive_frame(frame.pcm)
        changes = self._endpointer.receive_frame(frame, voiced=voiced and loud)
        if changes:
            self._pausing = False
            return self._requests(changes)
        return self._pause() if self._endpointer.speaking and not self._pausing else []

    def _requests(self, changes: list[Speech | SpeechEnded]) -> list[Request]:
        requests: list[Request] = []
        for change in changes:
            if isinstance(change, Speech):
                requests += self._add(change)
            else:
                requests += [*self._flush(), EndUtterance(self._side, self._utterance)]
        return requests

    def _add(self, speech: Speech) -> list[Request]:
        if self._endpointer.utterances != self._utterance:
            self._utterance = self._endpointer.utterances
            self._unfinished[self._utterance] = Span(self._endpointer.start_sample, self._endpointer.end_sample)
        known = self._unfinished[self._utterance]
        self._unfinished[self._utterance] = Span(known.start_sample, self._endpointer.end_sample)
        self._block.append(speech)
        self._block_bytes += len(speech.pcm)
        return self._flush() if self._block_bytes >= 2 * samples(BLOCK_MS) else []

    def _pause(self) -> list[Request]:
        """Have what is left of the words decoded while the hangover runs, not after it."""
        self._pausing = True
        return [*self._flush(), Pause(self._side, self._utterance)]

    def _flush(self) -> list[Request]:
        if not self._block:
            return []
        pcm = b"".join(speech.pcm for speech in self._block)
        hear = Hear(self._side, self._utterance, self._block[0].sample, pcm)
        self._block.clear()
        self._block_bytes = 0
        return [hear]
