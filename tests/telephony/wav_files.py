"""WAV files as recorders write them, right and wrong."""

import struct

PCM, FLOAT, ALAW, ULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE


def chunk(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """Give a RIFF chunk, padded to an even length; `size` writes another length than the true one."""
    announced = len(body) if size is None else size
    return name + struct.pack("<I", announced) + body + b"\0" * (len(body) % 2)


def fmt(codec: int = PCM, channels: int = 1, rate_hz: int = 16_000, bits: int = 16, extra: bytes = b"") -> bytes:
    """Give the body of a `fmt ` chunk."""
    frame_bytes = channels * bits // 8
    return struct.pack("<HHIIHH", codec, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, bits) + extra


def extensible(codec: int, channels: int = 1, rate_hz: int = 16_000, bits: int = 16) -> bytes:
    """Give the body of a `fmt ` chunk of WAVEFORMATEXTENSIBLE, whose codec stands in the first bytes of a GUID."""
    guid = struct.pack("<H", codec) + bytes.fromhex("000000001000800000aa00389b71")
    return fmt(EXTENSIBLE, channels, rate_hz, bits, struct.pack("<HHI", 22, bits, 0) + guid)


def riff(*chunks: bytes) -> bytes:
    """Give a whole file of these chunks."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav(audio: bytes, codec: int = PCM, channels: int = 1, rate_hz: int = 16_000, bits: int = 16) -> bytes:
    """Give a plain WAV file."""
    return riff(chunk(b"fmt ", fmt(codec, channels, rate_hz, bits)), chunk(b"data", audio))
