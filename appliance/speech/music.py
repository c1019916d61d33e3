"""Music on a line, told from speech by its notes: a voice glides where a note stands still.

The spectrum is looked at every 40 ms. A peak that stays in its place for 200 ms is part of a note; the power of such
peaks against all power is how tonal a look is. The harmonics of a voice move out of their place within that time, the
high ones first, and stops and hisses have none (after "continuous frequency activation", Seyerlehner et al., 2007).
A held vowel, a shout or a horn is tonal too: so the whole of the window must be, and its notes must change.

The numbers without a source beside them stand between what was found on 190 minutes of speech (readers, prompts in five
languages, conversations, actors who shout, each wide, as a telephone carries it and through GSM) and on music on hold
of many kinds (`undertone bench hold`).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_MS
from appliance.speech.pitch import Values

LOOK_MS: Final = 40
BLOCK_MS: Final = 200
"""Audio that is looked at together: five looks cost little more than one."""

WINDOW_MS: Final = 2_400
"""Of music before it is taken for music: in less there may be one drawn-out word."""

NOTE_MS: Final = 200
"""A peak that stands still for so long belongs to a note."""

BAND_HZ: Final = (200, 3_400)
"""In which power counts; its peaks are looked for a little beyond, for those on its edges are in it by half."""

SPECTRUM_SAMPLES: Final = 1_024
"""64 ms: the harmonics of most voices stand apart, and a change of notes is not smeared over many looks."""

OVER_SURROUNDINGS_DB: Final = 5.0
SURROUNDINGS_HZ: Final = 80
"""A peak stands out from the mean of what lies this near on either side."""

QUIET_DB: Final = 25.0
"""What lies so far below the loudest look of the window is a pause, and tells nothing."""

QUIETEST_DB: Final = 35.0
"""Over one step of 16 bits: below it there is nothing to tell."""

FEWEST_ACTIVE: Final = 0.6
"""Part of the window that is no pause."""

MUSIC_TONAL: Final = 0.66
"""Of the least tonal third of the window. Speech comes to 0.55, and to 0.7 in one drawn-out shout."""

SAME_NOTES: Final = 0.7
"""Likeness of the first and the last third: a horn or a dial tone goes on as it began."""

SPEECH_TONAL: Final = 0.4
SPEECH_SHARE: Final = 0.75
"""Of how tonal this music usually is, and at least `SPEECH_TONAL`: below it something else is as loud as the notes. A
voice 6 dB over the music is; one of its own level is heard for the most part, one far below it is not."""

USUAL_MS: Final = 4_000
"""In which what is usual follows the music."""

SPEECH_MS: Final = 600
"""For so long: longer than a drum fill, shorter than a sentence."""

MIXED_SHARE: Final = 0.85
MIXED_MS: Final = 400
"""Of so much audio: above it there was music alone, so whatever has drowned it by now began after that."""

PRE_ROLL_MS: Final = 200
"""Before that: a voice begins softly."""

SILENCE_MS: Final = 600
"""For so long the music has stopped; what comes after it is looked at anew."""

Flags = NDArray[np.bool_]


class Verdict(NamedTuple):
    """What the newest block has changed; `music` is None where nothing has.

    `began_ms_ago` is how long before the block's end the music began, or at the earliest what is no music.
    """

    music: bool | None = None
    began_ms_ago: int = 0


class MusicDetector:
    """One side of one call; its frames come without a hole until `forget`."""

    def __init__(self) -> None:
        self.is_music = False
        self._frames: list[bytes] = []
        self._usual = 0.0
        self.forget()

    def forget(self) -> None:
        """Take that what comes next does not follow on what came last."""
        self.is_music = False
        self._frames.clear()
        self._before = np.zeros(SPECTRUM_SAMPLES - _LOOK)
        self._powers = np.zeros((_HISTORY, _BINS))
        self._peaks = np.zeros((_HISTORY, _BINS), np.bool_)

    def receive_frame(self, pcm: bytes) -> Verdict:
        """Take the next frame and say whether what is heard has become music, or is none any more."""
        self._frames.append(pcm)
        if len(self._frames) * FRAME_MS < BLOCK_MS:
            return _NOTHING_NEW
        signal = np.concatenate((self._before, np.frombuffer(b"".join(self._frames), "<i2")))
        self._frames.clear()
        self._before = signal[-len(self._before) :]
        powers = _spectra(signal)
        self._powers = np.concatenate((self._powers[len(powers) :], powers))
        self._peaks = np.concatenate((self._peaks[len(powers) :], _peaks(powers)))
        verdict = self._end() if self.is_music else self._begin()
        self.is_music = self.is_music if verdict.music is None else verdict.music
        return verdict

    def _begin(self) -> Verdict:
        looks = self._looks()
        if np.count_nonzero(looks.active) < FEWEST_ACTIVE * _WINDOW:
            return _NOTHING_NEW
        least = min(_mean(looks.tonal[third][looks.active[third]]) for third in _THIRDS)
        first, last = (looks.notes[third].sum(axis=0, dtype=np.float64) for third in (_THIRDS[0], _THIRDS[-1]))
        if least < MUSIC_TONAL or _likeness(first, last) > SAME_NOTES:
            return _NOTHING_NEW
        self._usual = _mean(looks.tonal[looks.active])
        return Verdict(music=True, began_ms_ago=_ago_ms(int(np.argmax(looks.active & (looks.tonal >= MUSIC_TONAL)))))

    def _end(self) -> Verdict:
        looks = self._looks()
        if not looks.active[-SILENCE_MS // LOOK_MS :].any():
            return Verdict(music=False, began_ms_ago=_ago_ms(_WINDOW - SILENCE_MS // LOOK_MS))
        heard = np.flatnonzero(looks.active)
        newest = _mean(looks.tonal[heard[-SPEECH_MS // LOOK_MS :]])
        if newest >= max(SPEECH_TONAL, SPEECH_SHARE * self._usual):
            self._usual += (newest - self._usual) * BLOCK_MS / USUAL_MS
            return _NOTHING_NEW
        smooth = np.convolve(looks.tonal[heard], np.ones(_SMOOTH) / _SMOOTH, "valid")
        music = np.flatnonzero(smooth >= MIXED_SHARE * self._usual)
        since = int(heard[music[-1]]) - PRE_ROLL_MS // LOOK_MS if len(music) else 0
        return Verdict(music=False, began_ms_ago=_ago_ms(max(0, min(since, _WINDOW - SPEECH_MS // LOOK_MS))))

    def _looks(self) -> "_Looks":
        notes = _notes(self._peaks)[_AHEAD:-_AHEAD, _BESIDE:-_BESIDE]
        powers = self._powers[_AHEAD:-_AHEAD, _BESIDE:-_BESIDE]
        totals = powers.sum(axis=1) + 1e-9
        level_db = 10 * np.log10(totals / SPECTRUM_SAMPLES + 1)
        active = level_db > max(float(level_db.max()) - QUIET_DB, QUIETEST_DB)
        return _Looks(notes, (powers * notes).sum(axis=1) / totals, active)


class _Looks(NamedTuple):
    """The looks of the window: which bins hold a note, how much of the power these have, and which are no pause."""

    notes: Flags
    tonal: Values
    active: Flags


_LOOK: Final = SAMPLE_RATE_HZ * LOOK_MS // 1000
_WINDOW: Final = WINDOW_MS // LOOK_MS
_NOTE: Final = NOTE_MS // LOOK_MS
_AHEAD: Final = _NOTE - 1
"""Looks before and behind the window, that the notes at its ends are known by."""

REACH_MS: Final = WINDOW_MS + _AHEAD * LOOK_MS
"""How far back a verdict may lie."""

_HISTORY: Final = _WINDOW + 2 * _AHEAD
_SMOOTH: Final = MIXED_MS // LOOK_MS
_THIRDS: Final = [slice(at, at + _WINDOW // 3) for at in range(0, _WINDOW, _WINDOW // 3)]
_NOTHING_NEW: Final = Verdict()
_BIN_HZ: Final = SAMPLE_RATE_HZ / SPECTRUM_SAMPLES
_BESIDE: Final = round(SURROUNDINGS_HZ / _BIN_HZ)
_BAND: Final = slice(int(BAND_HZ[0] / _BIN_HZ) - _BESIDE, int(BAND_HZ[1] / _BIN_HZ) + 1 + _BESIDE)
_BINS: Final = _BAND.stop - _BAND.start
_HANN: Final = np.hanning(SPECTRUM_SAMPLES + 1)[:-1]
_LOW: Final = np.maximum(np.arange(_BINS) - _BESIDE, 0)
_HIGH: Final = np.minimum(np.arange(_BINS) + _BESIDE + 1, _BINS)


def _spectra(signal: Values) -> Values:
    windows = np.lib.stride_tricks.sliding_window_view(signal, SPECTRUM_SAMPLES)[::_LOOK]
    spectra = np.fft.rfft(windows * _HANN)[:, _BAND]
    powers: Values = np.square(spectra.real) + np.square(spectra.imag)
    return powers


def _peaks(powers: Values) -> Flags:
    """Give the bins of each look at which a peak is, and those beside them: a note may lie between two bins."""
    level_db = 10 * np.log10(powers + 1e-3)
    sums = np.cumsum(np.pad(level_db, ((0, 0), (1, 0))), axis=1)
    stands_out = level_db > (sums[:, _HIGH] - sums[:, _LOW]) / (_HIGH - _LOW) + OVER_SURROUNDINGS_DB
    around = np.lib.stride_tricks.sliding_window_view(level_db, 5, axis=1).max(axis=2)
    peaks = np.zeros(level_db.shape, np.bool_)
    peaks[:, 2:-2] = stands_out[:, 2:-2] & (level_db[:, 2:-2] >= around)
    wide = peaks.copy()
    wide[:, 1:] |= peaks[:, :-1]
    wide[:, :-1] |= peaks[:, 1:]
    return wide


def _notes(peaks: Flags) -> Flags:
    """Give where a peak stands still for `NOTE_MS`; looks x bins."""
    stands = peaks[: len(peaks) - _AHEAD].copy()
    for later in range(1, _NOTE):
        stands &= peaks[later : len(stands) + later]
    notes = np.zeros_like(peaks)
    for later in range(_NOTE):
        notes[later : len(stands) + later] |= stands
    return notes


def _ago_ms(look: int) -> int:
    """Give how long before the newest audio a look of the window begins."""
    return (_WINDOW - look + _AHEAD) * LOOK_MS


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else 0.0


def _likeness(one: Values, other: Values) -> float:
    return float(one @ other) / float(np.sqrt((one @ one) * (other @ other)) + 1e-9)
