"""G.711: µ-law and A-law bytes to 16-bit samples (ITU-T G.711, tables 1a to 2b)."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


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
