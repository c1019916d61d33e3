"""The header of a WAV file: where its audio is and how to read it (RIFF, Microsoft's WAVEFORMATEX)."""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from appliance.errors import BadInputError
from appliance.telephony.codecs import Samples, decode_alaw, decode_ulaw

MAX_HEADER_BYTES: Final = 65_536
"""Recorders put notes before the audio; a header longer than this is not a recording of a call."""

RATES_HZ: Final = (8_000, 16_000, 44_100, 48_000)
MOST_CHANNELS: Final = 2

_EXTENSIBLE: Final = 0xFFFE
_STREAMED_BYTES: Final = (0, 0xFFFFFFFF)
"""What writers that could not seek back leave as the length of the audio."""


class WavFormat(NamedTuple):
    """How the audio of a recording is stored; `decode` turns its bytes into interleaved 16-bit samples."""

    rate_hz: int
    channels: int
    sample_bytes: int
    decode: Callable[[bytes], Samples]
    offset_bytes: int
    length_bytes: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.sample_bytes * self.channels


def parse_header(head: bytes, file_bytes: int, where: str) -> WavFormat:
    """Read the first bytes of a WAV file that is `file_bytes` long.

    Raises `BadInputError` naming `where` for anything but whole PCM (16 bit), µ-law or A-law audio.
    """
    if not head:
        raise BadInputError("the file is empty", where=where, mend="record the call again")
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise BadInputError("not a WAV file", where=where, mend="convert the recording, e.g. with sox IN out.wav")
    fmt: bytes | None = None
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"fmt ":
            fmt = head[at + 8 : at + 8 + size]
        elif name == b"data":
            return _checked(fmt, at + 8, size, file_bytes, where)
        at += 8 + size + size % 2
    raise BadInputError("the WAV file ends before its audio begins", where=where, mend="copy or record the file again")


def _checked(fmt: bytes | None, offset_bytes: int, size: int, file_bytes: int, where: str) -> WavFormat:
    if fmt is None or len(fmt) < 16:
        raise BadInputError("the WAV file does not say how its audio is stored", where=where, mend="record it again")
    codec, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
    if codec == _EXTENSIBLE and len(fmt) >= 26:
        codec = struct.unpack_from("<H", fmt, 24)[0]
    if (codec, bits) not in _CODECS:
        raise BadInputError(
            f"codec {codec} with {bits} bits cannot be read",
            where=where,
            mend="convert it to 16-bit PCM, µ-law or A-law, e.g. with sox IN -b 16 -e signed out.wav",
        )
    if rate_hz not in RATES_HZ or not 1 <= channels <= MOST_CHANNELS:
        raise BadInputError(
            f"{channels} channels at {rate_hz} Hz cannot be read",
            where=where,
            mend="convert it to one or two channels at 8000, 16000, 44100 or 48000 Hz (sox IN -r 16000 out.wav)",
        )
    decode = _CODECS[codec, bits]
    form = WavFormat(rate_hz, channels, bits // 8, decode, offset_bytes, size)
    return form._replace(length_bytes=_audio_bytes(form, size, file_bytes, where))


def _audio_bytes(form: WavFormat, size: int, file_bytes: int, where: str) -> int:
    there = file_bytes - form.offset_bytes
    if size in _STREAMED_BYTES and there > 0:
        size = there
    if size > there:
        raise BadInputError(
            f"the recording is truncated: {size} bytes of audio are announced, {there} are there",
            where=where,
            mend="copy the file again",
        )
    if size < form.frame_bytes:
        raise BadInputError("the recording holds no audio", where=where, mend="record the call again")
    return size - size % form.frame_bytes


def _decode_pcm(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.int16, copy=False)


_CODECS: Final = {(1, 16): _decode_pcm, (6, 8): decode_alaw, (7, 8): decode_ulaw}
