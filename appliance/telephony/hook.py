"""Off hook and on hook on a line without signalling: from its level, its tones and the speech on it.

A tap on a handset hears no signalling. On hook it hears its own noise; off hook it hears more: the microphone, the
exchange, tones, voices. So a call begins when the line has been louder than its own noise for a moment, and ends

- when it has been as quiet as on hook for a moment: not even a silent room is that;
- where that cannot tell the two apart, because pauses between words are as quiet, after a long silence;
- when the network says that the other end is gone: busy or reorder, or a dial tone after somebody has spoken.

Music on hold is neither quiet nor such a tone, so it splits no call.
"""

from collections import deque
from typing import Final, Literal, NamedTuple

from appliance.events import SAMPLE_RATE_HZ
from appliance.telephony.tones import ToneFound

FRAME_MS: Final = 20

ALIVE_DB: Final = 9.0
"""Over the line's own noise: noise itself varies by 2 to 3 dB from frame to frame."""

DEAD_DB: Final = 5.0
ALIVE_OF_MS: Final = (300, 400)
"""The line was alive for so long of so long: a click of the hook or of a splitter is shorter."""

DEAD_MS: Final = 1_000
"""The line was dead for so long: an echo canceller or a codec may swallow a syllable or a breath, not a second."""

DIP_MS: Final = 60
FEWEST_DIPS: Final = 3
"""Short falls to the noise of the line: that often, and its level cannot tell a pause from a line on hook."""

SILENT_MS: Final = 30_000
"""Without voice, tones or music, where the level cannot tell: nobody on a call is silent for so long."""

FORGOTTEN_MS: Final = 300_000
"""The same where the level says that the line is off hook: a silent hold may last, but a line whose noise has risen
must not be one call for ever."""

QUIETEST_IDLE_DBFS: Final = -84.0
"""Of a line's noise as it is compared: below, digital silence and the last bit are the same."""

LOUDEST_IDLE_DBFS: Final = -50.0
"""With which a line is first met, perhaps in the middle of a call."""

RISE_DB_PER_S: Final = 0.5
"""The noise of a line on hook is followed slowly: a call that was not noticed must not become its noise."""


class HookChange(NamedTuple):
    """The line went off hook or on hook, at this position; known a moment later."""

    state: Literal["off_hook", "on_hook"]
    sample: int


class HookDetector:
    """One line. It is taken to be on hook first."""

    def __init__(self) -> None:
        self.off_hook = False
        self._idle_dbfs = LOUDEST_IDLE_DBFS
        self._alive = deque[bool](maxlen=ALIVE_OF_MS[1] // FRAME_MS)
        self._dead_ms = 0
        self._dead_from = 0
        self._dips = 0
        self._spoken = False
        self._silent_ms = 0
        self._must_be_dead_first = False

    def receive_step(
        self, sample: int, level_dbfs: float, tones: tuple[ToneFound, ...] = (), *, voiced: bool
    ) -> HookChange | None:
        """Take the next 20 ms of the line: the level of its louder side, the tones found on any, voice on any."""
        self._note_level(sample, level_dbfs)
        self._silent_ms = 0 if voiced or tones else self._silent_ms + FRAME_MS
        if not self.off_hook:
            return self._maybe_begin(sample)
        self._spoken = self._spoken or voiced
        ended_at = self._end(sample, max(level_dbfs, QUIETEST_IDLE_DBFS), tones)
        if ended_at is None:
            return None
        self.off_hook, self._must_be_dead_first = False, bool(tones)
        self._alive.clear()
        return HookChange("on_hook", ended_at)

    def _maybe_begin(self, sample: int) -> HookChange | None:
        if self._must_be_dead_first and self._dead_ms * 2 < DEAD_MS:
            return None
        self._must_be_dead_first = False
        if sum(self._alive) * FRAME_MS < ALIVE_OF_MS[0]:
            return None
        behind = len(self._alive) - list(self._alive).index(True) - 1
        self.off_hook, self._spoken, self._silent_ms, self._dead_ms, self._dips = True, False, 0, 0, 0
        return HookChange("off_hook", sample - behind * SAMPLE_RATE_HZ * FRAME_MS // 1000)

    def _note_level(self, sample: int, level_dbfs: float) -> None:
        level = max(level_dbfs, QUIETEST_IDLE_DBFS)
        self._alive.append(level >= self._idle_dbfs + ALIVE_DB)
        if level > self._idle_dbfs + DEAD_DB:
            if self.off_hook and DIP_MS <= self._dead_ms < DEAD_MS:
                self._dips += 1
            self._dead_ms = 0
        else:
            self._dead_from = sample if not self._dead_ms else self._dead_from
            self._dead_ms += FRAME_MS
        if not self.off_hook:
            self._idle_dbfs = min(level, self._idle_dbfs + RISE_DB_PER_S * FRAME_MS / 1000)

    def _end(self, sample: int, level_dbfs: float, tones: tuple[ToneFound, ...]) -> int | None:
        """Give where the call has ended, None where it goes on."""
        for tone in tones:
            if tone.tone in {"busy", "reorder"} or (tone.tone == "dial" and self._spoken):
                return tone.start_sample
        level_tells = self._dips < FEWEST_DIPS
        if level_tells and self._dead_ms >= DEAD_MS:
            return self._dead_from
        if self._silent_ms < (FORGOTTEN_MS if level_tells else SILENT_MS):
            return None
        self._idle_dbfs = level_dbfs
        return sample - self._silent_ms * SAMPLE_RATE_HZ // 1000
