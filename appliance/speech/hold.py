"""What of one side is kept from its recognizer because it is music, and what is given back of it.

While music lasts its frames are held back. When something else is heard again, those since it began are let through at
once: a voice behind the music or over it is heard from its first word, and late only by the time that it took to tell.
"""

from collections import deque
from typing import Final, NamedTuple

import msgspec

from appliance.events import Hold
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame, Side, samples
from appliance.speech.music import REACH_MS, MusicDetector
from appliance.speech.recognizer import Hypothesis

CONFIRM_MS: Final = 1_000
"""For which music must go on before it is told and ends an utterance: a shout does not. It is held back at once; if it
was none, nothing is lost but this time."""

SPANS_REMEMBERED: Final = 4
"""Of music in which words may still be told: a recognizer is seldom one hold behind."""


class Held(NamedTuple):
    """Music from `start_sample` to `end_sample`; `is_over` says that it was not only found but has ended."""

    start_sample: int
    end_sample: int
    is_over: bool


class Passed(NamedTuple):
    """The frames that may be listened to now, each with whether it is voiced, and what has become of the music."""

    frames: tuple[tuple[Frame, bool], ...]
    held: Held | None = None


class HoldGate:
    """One side of one call."""

    def __init__(self) -> None:
        self._music = MusicDetector()
        self._kept = deque[tuple[Frame, bool]](maxlen=REACH_MS // FRAME_MS)
        self._held = deque[Held](maxlen=SPANS_REMEMBERED)
        self._found = Held(0, 0, is_over=True)
        """The music that is held back; not yet told where it is not the newest of `_held`."""

    def receive_frame(self, frame: Frame, *, voiced: bool) -> Passed:
        """Take the next frame and give what may be listened to now."""
        verdict = self._music.receive_frame(frame.pcm)
        end = frame.sample + FRAME_SAMPLES
        began = max(0, end - samples(verdict.began_ms_ago))
        if verdict.music:
            self._found = Held(began, end, is_over=False)
        if self._found.is_over:
            return Passed(((frame, voiced),))
        self._kept.append((frame, voiced))
        if verdict.music is False:
            return self._let_go(began)
        if not self._is_told and end - self._found.end_sample >= samples(CONFIRM_MS):
            self._held.append(self._found)
            return Passed((), self._found)
        return Passed(())

    def receive_hole(self) -> Passed:
        """Take that nothing is heard for a while; what comes behind it is looked at anew."""
        passed = self.receive_end()
        self._music.forget()
        return passed

    def receive_end(self) -> Passed:
        """Take that nothing follows for now."""
        if self._found.is_over:
            return Passed(())
        newest = self._kept[-1][0].sample + FRAME_SAMPLES if self._kept else self._found.end_sample
        return self._let_go(newest)

    def without_music(self, hypothesis: Hypothesis) -> Hypothesis:
        """Give what a recognizer has made of an utterance without the words that it heard in music."""
        if not hypothesis.words or not self._held:
            return hypothesis
        words = (word for word in hypothesis.words if not any(_lies_in(word.start_sample, held) for held in self._held))
        return msgspec.structs.replace(hypothesis, words=tuple(words))

    @property
    def _is_told(self) -> bool:
        return bool(self._held) and self._held[-1].start_sample == self._found.start_sample

    def _let_go(self, began: int) -> Passed:
        """Let through what is no music, or all where it is not certain that it was."""
        is_told = self._is_told
        frames = tuple(one for one in self._kept if not is_told or one[0].sample + FRAME_SAMPLES > began)
        end = frames[0][0].sample if frames else began
        self._kept.clear()
        self._found = Held(self._found.start_sample, end, is_over=True)
        if not is_told:
            return Passed(frames)
        self._held[-1] = self._found
        return Passed(frames, self._found)


def held_event(side: Side, held: Held) -> Hold:
    """Give what is told of music that was held back."""
    return Hold(who=side, start_sample=held.start_sample, end_sample=held.end_sample, what="music", over=held.is_over)


def _lies_in(sample: int, held: Held) -> bool:
    return held.start_sample <= sample and (sample < held.end_sample or not held.is_over)
