"""The endpointer: which stretches of one side's audio are utterances.

It stands on a voice activity detector's yes or no for each frame and adds what that lacks: an onset that a click
cannot make, a pre-roll so that the first sound is not lost, a hangover so that a breath does not end a sentence, and
a greatest length. Silence inside the hangover is held back until speech resumes, because a recognizer spends as much
time on silence as on speech.

The longer an utterance gets, the shorter a pause is enough to end it: the cut falls into the best pause there is, and
only speech without any pause at all is cut at the greatest length.
"""

from collections import deque
from typing import NamedTuple

from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame, Lost


class EndpointerSettings(NamedTuple):
    """How speech is told from noise; all in milliseconds, effective in steps of one frame.

    On the shipped Korean call 360 ms of hangover with 200 ms of tail gave the character error of an engine that hears
    everything (`undertone bench recognition`); a longer hangover delays the final words.
    """

    onset_window_ms: int = 160
    onset_voiced_ms: int = 80
    pre_roll_ms: int = 240
    tail_ms: int = 200
    hangover_ms: int = 360
    shortest_hangover_ms: int = 60
    long_utterance_ms: int = 10_000
    longest_utterance_ms: int = 20_000


class Speech(NamedTuple):
    """Audio that belongs to the current utterance; `sample` is the position of its first sample."""

    sample: int
    pcm: bytes


class SpeechEnded(NamedTuple):
    """The current utterance is over; `end_sample` is the end of its last voiced frame."""

    end_sample: int


class Endpointer:
    """One side of one call. `start_sample` and `end_sample` are those of the newest of its `utterances`, so far."""

    def __init__(self, settings: EndpointerSettings) -> None:
        self.settings = settings
        self._onset = deque[bool](maxlen=settings.onset_window_ms // FRAME_MS)
        self._before = deque[Frame](maxlen=(settings.onset_window_ms + settings.pre_roll_ms) // FRAME_MS)
        self._held: list[Frame] = []
        self.start_sample = 0
        self.end_sample = 0
        self.utterances = 0
        self.speaking = False

    def receive_frame(self, frame: Frame, *, voiced: bool) -> list[Speech | SpeechEnded]:
        """Take the next frame of this side and give what it adds to the current utterance, or ends it."""
        if self.speaking:
            return self._continue(frame, voiced=voiced)
        self._before.append(frame)
        self._onset.append(voiced)
        if sum(self._onset) * FRAME_MS < self.settings.onset_voiced_ms:
            return []
        return [self._begin()]

    def receive_lost(self, lost: Lost) -> list[Speech | SpeechEnded]:
        """Take a hole behind the newest frame: silence while an utterance goes on, so that a long one ends it.

        Nothing from before it will belong to an utterance that begins behind it.
        """
        changes: list[Speech | SpeechEnded] = []
        at = lost.start_sample
        while self.speaking and at < lost.end_sample:
            length = min(FRAME_SAMPLES, lost.end_sample - at)
            changes += self._continue(Frame(lost.side, at, bytes(2 * length)), voiced=False)
            at += length
        self._before.clear()
        self._onset.clear()
        return changes

    def receive_end(self) -> list[Speech | SpeechEnded]:
        """End the current utterance now, because the call is over or the line is lost."""
        return [self._end()] if self.speaking else []

    def receive_cut(self) -> list[Speech | SpeechEnded]:
        """End the current utterance now, and keep nothing for the next one: what follows is not to be heard."""
        ended = self.receive_end()
        self._before.clear()
        self._onset.clear()
        return ended

    def _begin(self) -> Speech:
        first_voiced = len(self._before) - len(self._onset) + self._onset.index(True)
        kept = list(self._before)[max(0, first_voiced - self.settings.pre_roll_ms // FRAME_MS) :]
        self.start_sample = self._before[first_voiced].sample
        self.end_sample = kept[-1].sample + FRAME_SAMPLES
        self._before.clear()
        self._onset.clear()
        self.utterances += 1
        self.speaking = True
        return _joined(kept)

    def _continue(self, frame: Frame, *, voiced: bool) -> list[Speech | SpeechEnded]:
        self._held.append(frame)
        if voiced:
            self.end_sample = frame.sample + FRAME_SAMPLES
            return [self._release(), *self._cut_if_too_long()]
        silence_ms = len(self._held) * FRAME_MS
        if silence_ms >= self._hangover_ms():
            return [self._end()]
        return [Speech(frame.sample, frame.pcm)] if silence_ms <= self.settings.tail_ms else []

    def _release(self) -> Speech:
        """Give what was held back, now that speech has resumed; the tail has gone out already."""
        sent = min(len(self._held) - 1, self.settings.tail_ms // FRAME_MS)
        released = _joined(self._held[sent:])
        self._held.clear()
        return released

    def _cut_if_too_long(self) -> list[SpeechEnded]:
        longest = self._length_ms() >= self.settings.longest_utterance_ms
        return [self._end()] if longest else []

    def _length_ms(self) -> float:
        return (self.end_sample - self.start_sample) / FRAME_SAMPLES * FRAME_MS

    def _hangover_ms(self) -> float:
        """Fall from the full hangover at `long_utterance_ms` to the shortest, and never past the greatest length."""
        s = self.settings
        beyond = (self._length_ms() - s.long_utterance_ms) / (s.longest_utterance_ms - s.long_utterance_ms)
        hangover_ms = s.hangover_ms - max(0.0, min(1.0, beyond)) * (s.hangover_ms - s.shortest_hangover_ms)
        return min(hangover_ms, s.longest_utterance_ms - self._length_ms())

    def _end(self) -> SpeechEnded:
        ended = SpeechEnded(self.end_sample)
        self._before.extend(self._held)
        self._held.clear()
        self.speaking = False
        return ended


def _joined(frames: list[Frame]) -> Speech:
    return Speech(frames[0].sample, b"".join(frame.pcm for frame in frames))
