"""G.711: µ-law and A-law bytes to 16-bit samples (ITU-T G.711, tables 1a to 2b)."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class Decoder(Protocol):
    """Turns the payloads of one stream into samples at its rate, in the order in which they were sent.

    `decode` raises `BadInputError` for a payload that is none of its codec.
    """

    @property
    def rate_hz(self) -> int:
        """Samples a second."""

    def decode(self, payload: bytes) -> Samples:
        """Give the samples of the next payload."""


class UlawDecoder:
    """G.711 µ-law as a decoder; any payload is one."""

    rate_hz = 8_000

    def decode(self, payload: bytes) -> Samples:
        """Give the samples of the payload."""
        return decode_ulaw(payload)


class AlawDecoder:
    """G.711 A-law as a decoder; any payload is one."""

    rate_hz = 8_000

    def decode(self, payload: bytes) -> Samples:
        """Give the samples of the payload."""
        return decode_alaw(payload)


def decode_ulaw(data: bytes) -> Samples:
    """Give one 16-bit sample for each µ-law byte."""
    return _ULAW[np.frombuffer(data, np.uint8)]


def decode_alaw(data: bytes) -> Samples:
    """Give one 16-bit sample for each A-law byte."""
    return _ALAW[np.frombuffer(data, np.uint8)]


def _ulaw_table() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = ((2 * mantissa + 33) << exponent) - 33
    return np.where(code & 0x80, -magnitude * 4, magnitude * 4).astype(np.int16)


def _alaw_table() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = np.where(exponent == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude * 8, -magnitude * 8).astype(np.int16)


_ULAW = _ulaw_table()
_ALAW = _alaw_table()
