"""How the two sides of a tapped line sit together: on the right channels, the wrong ones, or both on one.

- *mixed*: both channels carry the same sound. Then nobody can tell who speaks.
- *swapped*: what only the far end can send comes on the agent's channel. Its tones (dial, ringing, busy) are the plain
  case. The other is side-tone: a telephone lets its user hear the own voice in the receiver, so the receiver's channel
  carries both voices and the microphone's only one. Where the caller's voice is heard on both channels and the agent's
  on one alone, the channels look swapped. Without side-tone on the tap this cannot be known.

Both compare the waves themselves, so both channels must be of one card: two cards are never together to the sample.
"""

from collections import deque
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ
from appliance.telephony.tones import ToneFound

Mistake = Literal["mixed", "swapped"]

MISTAKE_MENDS: Final[dict[Mistake, str]] = {
    "mixed": "Both sides carry the same sound, so nobody can tell who speaks: use a splitter and a card with a channel "
    "for each side. Where there is no other way, write mixed = true.",
    "swapped": "The sides look swapped: what only the far end can send comes on the agent's channel. Swap the plugs, "
    "or the names in `sides`.",
}

WINDOW: Final = 125
"""Looks at voice that are judged together: five seconds of it."""

LOOK_EVERY: Final = 2
JUDGE_EVERY: Final = 25
"""Frames with voice: half a second of it."""

FEWEST: Final = 40
"""Looks at each voice: one and a half seconds of it. Fewer tell of a word, not of a wire."""

MOST_PART: Final = 0.85
"""Of a voice's frames that must agree; both may speak at once in the rest."""

TONE_TOGETHER: Final = 25
"""Frames, half a second, in which both sides find a tone that both hear."""

LAG: Final = SAMPLE_RATE_HZ // 1000
"""Either way, in samples: side-tone comes at once, through a transformer or two; echoes of rooms and networks later."""

LOUD: Final = 0.01
"""Of the power of the loudest frame lately: in the soft ends of words the noise of the line has its say."""

FORGETS: Final = 0.997
"""For each frame looked at: half of it in some ten seconds of voice."""

SAME: Final = 0.95
"""Correlation of two channels with one sound; that of side-tone in the noise of a line is lower."""

LEAKS: Final = 0.7
CLEAN: Final = 0.35
"""Of 20 ms of one voice and noise, or of two voices, the best of all lags correlates by 0.1 to 0.3."""

ALIKE_DB: Final = 6.0
"""Between the levels of one sound on two channels of a card; side-tone is 10 dB and more below the voice."""

SIDE_TONE_DB: Final = 30.0
"""Below the voice: what is fainter is the receiver heard by the microphone."""


class _Heard(NamedTuple):
    """One frame: the louder side, by how much it is louder, and how much the two are one sound."""

    louder: int
    by_db: float
    correlation: float


class SidesCheck:
    """Takes the frames of both sides, of which number `agent` should be the agent's.

    `mistake` is what looks wrong now, None where nothing does or nobody can tell yet.
    """

    def __init__(self, agent: int = 0) -> None:
        self.mistake: Mistake | None = None
        self._agent = agent
        self._swapped = False
        self._tone_on = set[int]()
        self._tone_ago = 0
        self._heard = deque[_Heard](maxlen=WINDOW)
        self._voiced = 0
        self._loudest = 0.0

    def receive_tones(self, tones: tuple[ToneFound | None, ToneFound | None]) -> None:
        """Take which tones of the network were found in the next 20 ms of both sides.

        Only the far end sends them. On which side one came alone is known when the other has had time to find it too:
        a microphone may hear the receiver.
        """
        for side in (0, 1):
            if tones[side]:
                self._tone_on.add(side)
                self._tone_ago = 0
        self._tone_ago += 1
        if self._tone_on and self._tone_ago > TONE_TOGETHER:
            if len(self._tone_on) == 1:
                self._swapped = self._agent in self._tone_on
                self._judge()
            self._tone_on.clear()

    def receive_voice(self, pcm: tuple[bytes, bytes]) -> None:
        """Take 20 ms in which either side has voice. Every second one is looked at: neighbours are alike."""
        self._voiced += 1
        if self._voiced % LOOK_EVERY == 0:
            self._look(pcm)
        if self._voiced % JUDGE_EVERY == 0:
            self._judge()

    def _look(self, pcm: tuple[bytes, bytes]) -> None:
        one, other = (_centred(each) for each in pcm)
        powers = float(one @ one) + 1.0, float(other @ other) + 1.0
        self._loudest = max(*powers, self._loudest * FORGETS)
        if max(powers) < LOUD * self._loudest:
            return
        by_db = 10 * float(np.log10(powers[0] / powers[1]))
        self._heard.append(_Heard(int(by_db < 0), abs(by_db), _correlation(one, other)))

    def _judge(self) -> None:
        self._note_side_tone()
        self.mistake = "mixed" if self._is_mixed() else "swapped" if self._swapped else None

    def _is_mixed(self) -> bool:
        same = sum(each.correlation > SAME and each.by_db < ALIKE_DB for each in self._heard)
        return len(self._heard) >= FEWEST and same >= MOST_PART * len(self._heard)

    def _note_side_tone(self) -> None:
        """Look whose voice is heard on both channels; where that is not plain, what was known stands."""
        mine = [each for each in self._heard if each.louder == self._agent]
        theirs = [each for each in self._heard if each.louder != self._agent]
        if min(len(mine), len(theirs)) < FEWEST:
            return
        if _leaks(theirs) and _is_clean(mine):
            self._swapped = True
        elif _leaks(mine) and _is_clean(theirs):
            self._swapped = False


def _leaks(voice: list[_Heard]) -> bool:
    return sum(each.correlation > LEAKS and each.by_db < SIDE_TONE_DB for each in voice) >= MOST_PART * len(voice)


def _is_clean(voice: list[_Heard]) -> bool:
    return sum(each.correlation < CLEAN for each in voice) >= MOST_PART * len(voice)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Give how much two signals are one, 0 to 1, wherever within `LAG` they fit best."""
    inner = other[LAG:-LAG]
    products = np.abs(np.correlate(one, inner, "valid"))
    best = int(products.argmax())
    beside = one[best : best + len(inner)]
    return float(products[best] / (np.sqrt(float(beside @ beside) * float(inner @ inner)) + 1.0))


def _centred(pcm: bytes) -> NDArray[np.float32]:
    signal = np.frombuffer(pcm, "<i2").astype(np.float32)
    signal -= signal.sum() / len(signal)
    return signal
