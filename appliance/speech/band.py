"""The band meter: what one side of a line carries, narrow or wide, measured on its speech.

A wideband codec may carry a narrowband call, and one side may be wide while the other is not: a line's rate says only
what could be there. Speech tells: where more than the telephone's 300-3400 Hz comes through, its spectrum goes on
above. So each frame of speech is asked how much power it has above the telephone's edge for that just below it.

What else could answer is left out. Noise is what the quietest frames have above the edge too. Tones and melodies have
thin lines where speech fills the spectrum. A clipped frame has overtones that the line never carried. A bad conversion
from 8 kHz mirrors at 4 kHz what is below. A quarter of the frames may still be strange (clicks, keys), and three
quarters may be vowels with little above, for the upper quartile decides. Where noise hides the answer there is none,
and the last one stands.

The numbers without a source beside them were found on real speech in seven languages (readers, telephone
prompts, conversations, shouting and whispering actors), wide and through simulated telephones: 400 recordings.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ, Band
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame

WINDOW_MS: Final = 2_000
"""Speech that is looked back on, and that must have been heard: in less there may be no sound but vowels."""

CONFIRM_MS: Final = 1_500
"""Speech for which a changed answer must last: a transfer lasts. A noise that begins looks wide until it fills nine
tenths of the window, which takes it 1.3 s from the first quarter."""

STEP_MS: Final = 100
"""Speech between two looks; a finer step only costs."""

FEWEST_USABLE: Final = 0.4
"""Part of the window that must be fit to answer. Of speech it is nearly always 0.6 to 1, of a melody nothing."""

BELOW_HZ: Final = (2_000, 3_200)
"""Just below the telephone's edge: every telephone carries it, and what is loud here goes on above on a wide line."""

ABOVE_HZ: Final = (4_500, 6_800)
"""Above the slopes of 8 kHz converters (to 4.4 kHz) and below the edge of wideband codecs (7 kHz)."""

WIDE_DB: Final = -30.0
NARROW_DB: Final = -36.0
"""Power above the edge against power below: wide over the one, narrow under the other, between them as before.

Half of all wide speech gives -3 dB and more, the dullest recording -33; half of all narrow speech -58, the worst -40.
"""

NARROW_WHOLE_DB: Final = -40.0
"""The same over the whole window at once, where noise makes single frames doubtful: the dullest wide speech has -37."""

FLATTEST_TONE: Final = 0.1
"""Geometric over arithmetic mean of the power below the edge: tones have up to 0.05, noise 0.56, speech between."""

FEWEST_CLIPPED: Final = 3
"""Samples at exactly the highest or the lowest value of a frame: chance gives one or two."""

QUIETEST_CLIPPED: Final = 1_000
"""Steps of 16 bits. A frame that stays below is not clipped: quiet audio has few values and meets them often."""

IMAGE_LIKENESS: Final = 0.8
"""Correlation of the spectrum above with the mirrored one below: images have 0.96 to 1, speech -0.8 to 0.77."""

QUIETEST_DBFS: Final = -80.0
"""Below the edge: what is quieter is the noise of the line. Speech has -30 to -65 there."""

FLOOR_FACTOR: Final = 1.3
"""From the quietest tenth of a noise's frames to their mean; its power varies by a fifth from frame to frame."""

FLOOR_DOUBT: Final = 0.5
"""Part of the floor by which the noise of a frame may lie off it: two and a half times that fifth."""

WHOLE_DOUBT: Final = 0.1
"""The same for the mean of the window: a hundred frames vary by a fiftieth, and their floor is known to a tenth."""

ROUNDING_POWER: Final = 1 / 12
"""Of the noise in 16-bit samples, in squared steps, over all frequencies: uniform within one step."""

_BIN_HZ: Final = SAMPLE_RATE_HZ / FRAME_SAMPLES
_NYQUIST: Final = FRAME_SAMPLES // 2
_HANN: Final = np.hanning(FRAME_SAMPLES + 2)[1:-1]
_POWER: Final = float(2 / (FRAME_SAMPLES * np.square(_HANN).sum()))
"""From a squared bin to mean square, in squared steps."""

_QUIETEST: Final = 32768.0**2 * 10 ** (QUIETEST_DBFS / 10)
_BELOW: Final = slice(int(BELOW_HZ[0] / _BIN_HZ), int(BELOW_HZ[1] / _BIN_HZ) + 1)
_ABOVE: Final = slice(int(ABOVE_HZ[0] / _BIN_HZ), int(ABOVE_HZ[1] / _BIN_HZ) + 1)
_MIRRORED: Final = slice(_NYQUIST - _ABOVE.start, _NYQUIST - _ABOVE.stop, -1)
_ROUNDING: Final = ROUNDING_POWER * (_ABOVE.stop - _ABOVE.start) / _NYQUIST
_TILT: Final = np.linspace(-1, 1, _ABOVE.stop - _ABOVE.start)

Powers = NDArray[np.float64]


class BandMeter:
    """One side of a call. `band` is what it carries, None until enough speech was heard to tell."""

    def __init__(self) -> None:
        self.band: Band | None = None
        self._window = np.zeros((WINDOW_MS // FRAME_MS, 2))
        """Power below and above the edge for each of the newest frames of speech, zeros for one that cannot answer."""
        self._heard = 0
        self._against_ms = 0

    def receive_frame(self, frame: Frame, *, voiced: bool) -> bool:
        """Take the next frame of this side and say whether `band` has changed; `voiced` as its detector says."""
        if not voiced:
            return False
        self._window[self._heard % len(self._window)] = _answer(np.frombuffer(frame.pcm, "<i2"))
        self._heard += 1
        if self._heard < len(self._window) or self._heard * FRAME_MS % STEP_MS:
            return False
        return self._receive_answer(_judge(self._window, self.band))

    def _receive_answer(self, answer: Band | None) -> bool:
        if answer in {None, self.band}:
            self._against_ms = 0
            return False
        self._against_ms += STEP_MS
        if self.band is not None and self._against_ms < CONFIRM_MS:
            return False
        self.band, self._against_ms = answer, 0
        return True


def _answer(samples: NDArray[np.int16]) -> tuple[float, float]:
    """Give a frame's power below and above the edge; zeros where it cannot answer."""
    if _is_clipped(samples):
        return 0.0, 0.0
    spectrum = np.fft.rfft(samples * _HANN)
    powers = _POWER * (np.square(spectrum.real) + np.square(spectrum.imag)) + 1e-9
    below = float(powers[_BELOW].sum())
    if below < _QUIETEST or _flatness(powers[_BELOW]) < FLATTEST_TONE:
        return 0.0, 0.0
    return below, 0.0 if _is_image(powers) else float(powers[_ABOVE].sum())


def _is_clipped(samples: NDArray[np.int16]) -> bool:
    highest, lowest = int(samples.max()), int(samples.min())
    if max(highest, -lowest) < QUIETEST_CLIPPED:
        return False
    clipped = max(np.count_nonzero(samples == highest), np.count_nonzero(samples == lowest))
    return bool(clipped >= FEWEST_CLIPPED)


def _flatness(powers: Powers) -> float:
    return float(np.exp(np.log(powers).mean()) / powers.mean())


def _is_image(powers: Powers) -> bool:
    """Say whether the spectrum above the edge is the one below, mirrored at 4 kHz, but for its level and tilt."""
    above, mirrored = _shape(powers[_ABOVE]), _shape(powers[_MIRRORED])
    likeness = float(above @ mirrored) / math.sqrt(float(above @ above) * float(mirrored @ mirrored) + 1e-9)
    return likeness > IMAGE_LIKENESS


def _shape(powers: Powers) -> Powers:
    logarithms = np.log(powers)
    level = logarithms.mean()
    shape: Powers = logarithms - level - _TILT * (logarithms @ _TILT) / (_TILT @ _TILT)
    return shape


def _judge(window: Powers, before: Band | None) -> Band | None:
    """Answer from the frames of the window; None where they cannot tell."""
    below, above = window[window[:, 0] > 0].T
    if len(below) < FEWEST_USABLE * len(window):
        return None
    floor = max(_ROUNDING, FLOOR_FACTOR * _quantile(above, 0.1))
    wide, narrow = _edges(before)
    if _quantile((above - (1 + FLOOR_DOUBT) * floor) / below, 0.75) > wide:
        return "wide"
    if _quantile((above - (1 - FLOOR_DOUBT) * floor) / below, 0.75) < narrow:
        return "narrow"
    whole = abs(above.mean() - floor) + WHOLE_DOUBT * floor
    return "narrow" if whole < _ratio(NARROW_WHOLE_DB) * below.mean() else None


def _edges(before: Band | None) -> tuple[float, float]:
    """Give the ratios for wide and narrow: it takes more to leave a band than to stay."""
    wide = NARROW_DB if before == "wide" else WIDE_DB
    narrow = WIDE_DB if before == "narrow" else NARROW_DB
    return _ratio(wide), _ratio(narrow)


def _quantile(values: Powers, part: float) -> float:
    at = int(len(values) * part)
    return float(np.partition(values, at)[at])


def _ratio(db: float) -> float:
    return float(10 ** (db / 10))
