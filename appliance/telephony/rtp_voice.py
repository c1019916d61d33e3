"""The sound of one stream: what its jitter buffer says must be played, as samples of media time."""

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.errors import BadInputError
from appliance.telephony.codecs import Decoder, Samples
from appliance.telephony.jitter_actions import Action, Fill, Hole, Noise, Play
from appliance.telephony.rtp_comfort_noise import ComfortNoise
from appliance.telephony.rtp_concealment import Concealment
from appliance.telephony.rtp_payloads import PayloadFormat, media_samples
from appliance.telephony.rtp_resampling import Resampler

Decoders = Callable[[PayloadFormat], Decoder]
"""Gives a new decoder for a format."""

Sound = NDArray[np.float32]

_NOTHING: Final = np.zeros(0, np.int16)


class Voice:
    """Renders the actions of one `JitterBuffer`: exactly as many samples as they span."""

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders
        self._form: PayloadFormat | None = None
        self._decoder: Decoder
        self._resampler: Resampler
        self._concealment = Concealment()
        self._noise = ComfortNoise()
        self.undecodable = 0
        """Packets in which the codec found no sound; they are concealed."""

    def render(self, actions: Iterable[Action]) -> Samples:
        """Give the samples of these actions; holes are for whoever declares them."""
        parts: list[Sound] = []
        for action in actions:
            match action:
                case Play():
                    parts.append(self._played(action))
                case Fill(kind="missing"):
                    parts.append(self._concealment.fill(action.samples))
                case Fill():
                    self._concealment.silence()
                    parts.append(self._noise.make(action.samples))
                case Noise():
                    self._noise.describe(action.payload)
                case Hole():
                    pass
        if not parts:
            return _NOTHING
        return np.rint(np.concatenate(parts)).clip(-32_768, 32_767).astype(np.int16)

    def _played(self, play: Play) -> Sound:
        if play.form != self._form:
            self._form = play.form
            self._decoder = self._decoders(play.form)
            self._resampler = Resampler(self._decoder.rate_hz)
        try:
            samples = self._decoder.decode(play.payload)
        except BadInputError:
            self.undecodable += 1
            return self._concealment.fill(play.samples - play.skip)
        sound = _fitted(self._resampler.resample(samples), media_samples(play.form, play.payload))
        sound = _stretched(sound, play.samples)[play.skip :]
        return self._concealment.receive_sound(sound) if len(sound) else sound


def _fitted(sound: Sound, samples: int) -> Sound:
    """Cut or fill up what a decoder gave to what its packet holds."""
    return sound[:samples] if len(sound) >= samples else np.pad(sound, (0, samples - len(sound)))


def _stretched(sound: Sound, samples: int) -> Sound:
    if samples == len(sound):
        return sound
    at = np.linspace(0, len(sound) - 1, samples)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
