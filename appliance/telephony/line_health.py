"""What is wrong with the sound of a tapped line, in words that whoever holds the cable understands.

Each second of each side is measured; a trouble is told when the newest `WINDOW_S` seconds agree.
"""

import math
from collections import deque
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ

WINDOW_S: Final = 5
BLOCK_SAMPLES: Final = SAMPLE_RATE_HZ // 10
"""Of one spectrum: bins of 10 Hz, so that 50 and 60 Hz and their octaves each have their own."""

Illness = Literal["silent", "dead", "too_low", "clipping", "offset", "hum"]

MENDS: Final[dict[Illness, str]] = {
    "silent": "gives nothing but zeros: is the card muted, or the wrong input chosen?",
    "dead": "is silent: is the splitter in the handset port, and its plug all the way in?",
    "too_low": "is too quiet to be understood: turn up the input of the sound card.",
    "clipping": "is too loud and cut off: turn down the input of the sound card.",
    "offset": "carries a direct voltage: use the coupling transformer of the splitter, or another card.",
    "hum": "hums: keep the cable away from mains leads, and put box and telephone on the same socket.",
}
"""Most important first, for one side has one trouble at a time."""

DEAD_DBFS: Final = -75.0
"""Below it lies the noise of a card with nothing plugged in; a line off hook has -70 and more."""

LOW_VOICE_DBFS: Final = -48.0
CLIPPED: Final = 32_700
MOST_CLIPPED: Final = 0.002
"""Of the samples of a second with voice: an overloaded input clips a twentieth, a loud word none."""

MOST_OFFSET: Final = 1_000
"""Three hundredths of full scale: it costs head room, and clicks at each switch."""

HUM_DBFS: Final = -50.0
HUM_SHARE: Final = 0.5
"""Of the power of the quietest tenth of a second in each second: a hum is there between the words too."""


class Ill(NamedTuple):
    """A side's trouble: 0 is the first side of the line."""

    side: int
    illness: Illness


class _Second(NamedTuple):
    zeros: bool
    level_dbfs: float
    voice_dbfs: float | None
    clipped: float
    offset: float
    hums: bool


class SideHealth:
    """One side. `illness` is what is wrong with it now, None where nothing is or nobody can tell yet."""

    def __init__(self) -> None:
        self.illness: Illness | None = None
        self._frames: list[bytes] = []
        self._bytes = 0
        self._voiced: list[bool] = []
        self._seconds = deque[_Second](maxlen=WINDOW_S)

    def receive_frame(self, pcm: bytes, *, voiced: bool) -> None:
        """Take the next frame of 16-bit audio."""
        self._frames.append(pcm)
        self._voiced.append(voiced)
        self._bytes += len(pcm)
        if self._bytes < 2 * SAMPLE_RATE_HZ:
            return
        self._bytes = 0
        self._seconds.append(_measure(b"".join(self._frames), self._voiced))
        self._frames.clear()
        self._voiced.clear()
        if len(self._seconds) == WINDOW_S:
            self.illness = _judge(list(self._seconds))


def _judge(seconds: list[_Second]) -> Illness | None:
    voices = [each.voice_dbfs for each in seconds if each.voice_dbfs is not None]
    found: dict[Illness, bool] = {
        "silent": all(each.zeros for each in seconds),
        "dead": all(each.level_dbfs < DEAD_DBFS for each in seconds),
        "too_low": len(voices) >= 2 and max(voices) < LOW_VOICE_DBFS,
        "clipping": sum(each.clipped > MOST_CLIPPED for each in seconds) >= 2,
        "offset": min(abs(each.offset) for each in seconds) > MOST_OFFSET,
        "hum": all(each.hums for each in seconds),
    }
    return next((illness for illness in MENDS if found[illness]), None)


def _measure(pcm: bytes, voiced: list[bool]) -> _Second:
    signal = np.frombuffer(pcm, "<i2").astype(np.float32)
    offset = float(signal.mean(dtype=np.float64))
    clipped = float(np.count_nonzero(np.abs(signal) >= CLIPPED)) / len(signal)
    zeros = not signal.any()
    signal -= np.float32(offset)
    frames = signal.reshape(len(voiced), -1)
    powers = np.einsum("ij,ij->i", frames, frames) / frames.shape[1]
    voices = powers[voiced]
    return _Second(
        zeros=zeros,
        level_dbfs=_dbfs(float(powers.mean())),
        voice_dbfs=_dbfs(float(np.median(voices))) if len(voices) * 5 > len(voiced) else None,
        clipped=clipped,
        offset=offset,
        hums=_hums(signal),
    )


def _hums(signal: NDArray[np.float32]) -> bool:
    blocks = signal[: len(signal) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)
    energies = np.einsum("ij,ij->i", blocks, blocks)
    if _dbfs(float(energies.min()) / BLOCK_SAMPLES) <= HUM_DBFS:
        return False
    powers = np.square(np.abs(np.fft.rfft(blocks[energies.argmin()])))
    mains = max(float(powers[5::5][:12].sum()), float(powers[6::6][:12].sum()))
    return mains > HUM_SHARE * float(powers[1:].sum())


def _dbfs(mean_square: float) -> float:
    return 10 * math.log10(max(mean_square, 1e-3) / 32768.0**2)
