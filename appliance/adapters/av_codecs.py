"""The codecs of FFmpeg (PyAV): what `telephony.codecs` does not decode itself."""

from typing import Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from appliance.errors import BadInputError
from appliance.telephony.codecs import AlawDecoder, Decoder, Samples, UlawDecoder
from appliance.telephony.rtp_payloads import PayloadFormat

_RATES_HZ: Final = {"g722": 16_000, "opus": 48_000}
_SCALE: Final = 32_767


class AvDecoder:
    """A decoder of FFmpeg by its name, for one stream."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.rate_hz = _RATES_HZ[name]
        context = av.CodecContext.create(name, "r")
        if not isinstance(context, AudioCodecContext):
            raise TypeError(f"{name} is no codec of sound")
        self._context = context
        self._context.sample_rate = self.rate_hz
        self._context.layout = "mono"

    def decode(self, payload: bytes) -> Samples:
        """Give the samples of the next payload, both channels mixed where there are two.

        Raises `BadInputError` for a payload that is none of this codec.
        """
        try:
            frames = self._context.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise BadInputError(f"{self._name} payload of {len(payload)} bytes cannot be decoded ({error})") from error
        if not frames:
            return np.zeros(0, np.int16)
        # Interleaved formats come as one row, planar ones as one row for each channel; both codecs are asked for mono.
        block = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames])
        if frames[0].format.name.startswith("flt"):
            block = block * _SCALE
        samples: Samples = np.rint(block).clip(-32_768, 32_767).astype(np.int16)
        return samples


def decoder(form: PayloadFormat) -> Decoder:
    """Give a new decoder for a voice format."""
    match form.name:
        case "PCMU":
            return UlawDecoder()
        case "PCMA":
            return AlawDecoder()
        case _:
            return AvDecoder(form.name.lower())
