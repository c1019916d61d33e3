"""RTCP: what the two ends of a stream tell each other about it (RFC 3550, section 6; RFC 5506 for lone reports)."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from appliance.errors import BadInputError

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203

CNAME: Final = 1
"""The one item of a source description that must be there: the participant's lasting name."""

_REPORT: Final = struct.Struct(">IBBHIIII")
_SENDER: Final = struct.Struct(">QIII")
_LOST_STEPS: Final = 1 << 24


class ReportBlock(NamedTuple):
    """How one source was received (section 6.4.1).

    `fraction_lost` is in 256ths since the report before, `lost` since the beginning (duplicates can make it negative),
    `jitter` in the payload's clock; `last_sr` and `delay_since_sr` count 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_sr: int = 0
    delay_since_sr: int = 0


class SenderReport(NamedTuple):
    """What a source has sent; `ntp` is the wall clock (64 bits, RFC 5905) at which its stream was at `timestamp`."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    reports: tuple[ReportBlock, ...] = ()


class ReceiverReport(NamedTuple):
    """How somebody receives the sources named in it."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()


class Description(NamedTuple):
    """Who is behind a source: its items by their type, as they came."""

    ssrc: int
    items: tuple[tuple[int, bytes], ...]


class Goodbye(NamedTuple):
    """These sources end."""

    sources: tuple[int, ...]
    reason: bytes = b""


class Other(NamedTuple):
    """Feedback, extended reports and what else is not needed here: passed over, but known to be well formed."""

    kind: int


Part = SenderReport | ReceiverReport | Description | Goodbye | Other


def parse_rtcp(data: bytes) -> tuple[Part, ...]:
    """Read a compound packet into its parts.

    Raises `BadInputError` for what is no RTCP packet.
    """
    parts: list[Part] = []
    at = 0
    while at < len(data):
        kind, count, body, at = _split(data, at)
        if kind == SENDER_REPORT:
            parts.append(_sender_report(body, count))
        elif kind == RECEIVER_REPORT:
            parts.append(ReceiverReport(_word(body, 0, "report"), _report_blocks(body, 4, count)))
        elif kind == SOURCE_DESCRIPTION:
            parts += _descriptions(body, count)
        elif kind == GOODBYE:
            parts.append(_goodbye(body, count))
        else:
            parts.append(Other(kind))
    return tuple(parts)


def write_receiver_report(report: ReceiverReport, cname: bytes) -> bytes:
    """Give the compound packet that a receiver sends: its report, then its name (section 6.1)."""
    blocks = b"".join(
        _REPORT.pack(
            block.ssrc,
            block.fraction_lost,
            (block.lost % _LOST_STEPS) >> 16,
            block.lost & 0xFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_sr,
            block.delay_since_sr,
        )
        for block in report.reports
    )
    head = _part(RECEIVER_REPORT, len(report.reports), struct.pack(">I", report.ssrc) + blocks)
    items = struct.pack(">IBB", report.ssrc, CNAME, len(cname)) + cname
    return head + _part(SOURCE_DESCRIPTION, 1, items + bytes(4 - len(items) % 4))


def write_goodbye(sources: Sequence[int]) -> bytes:
    """Give the part that says that these sources end."""
    return _part(GOODBYE, len(sources), struct.pack(f">{len(sources)}I", *sources))


def _part(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body


def _split(data: bytes, at: int) -> tuple[int, int, bytes, int]:
    """Give kind, count and body of the part that begins there, and where the next one does."""
    if len(data) - at < 4:
        raise BadInputError("RTCP packet has a truncated header")
    flags, kind, words = struct.unpack_from(">BBH", data, at)
    end = at + 4 + 4 * words
    if flags >> 6 != 2:
        raise BadInputError(f"RTCP packet has version {flags >> 6}")
    if end > len(data):
        raise BadInputError("RTCP packet is shorter than it says")
    body = data[at + 4 : end]
    if flags & 0x20:
        if not body or not 0 < body[-1] <= len(body):
            raise BadInputError("RTCP packet padding length is invalid")
        body = body[: -body[-1]]
    return kind, flags & 31, body, end


def _word(body: bytes, at: int, what: str) -> int:
    if len(body) - at < 4:
        raise BadInputError(f"RTCP {what} is truncated")
    word: int = struct.unpack_from(">I", body, at)[0]
    return word


def _sender_report(body: bytes, count: int) -> SenderReport:
    ssrc = _word(body, 0, "sender report")
    if len(body) < 4 + _SENDER.size:
        raise BadInputError("RTCP sender report is truncated")
    ntp, timestamp, packets, octets = _SENDER.unpack_from(body, 4)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, _report_blocks(body, 4 + _SENDER.size, count))


def _report_blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    if len(body) - at < count * _REPORT.size:
        raise BadInputError("RTCP report block is truncated")
    return tuple(_report_block(body, at + number * _REPORT.size) for number in range(count))


def _report_block(body: bytes, at: int) -> ReportBlock:
    ssrc, fraction, high, low, highest, jitter, last_sr, delay = _REPORT.unpack_from(body, at)
    lost = high << 16 | low
    lost -= _LOST_STEPS if high & 0x80 else 0
    return ReportBlock(ssrc, fraction, lost, highest, jitter, last_sr, delay)


def _descriptions(body: bytes, count: int) -> Iterator[Description]:
    at = 0
    for _ in range(count):
        ssrc = _word(body, at, "source description")
        items, at = _items(body, at + 4)
        yield Description(ssrc, items)


def _items(body: bytes, at: int) -> tuple[tuple[tuple[int, bytes], ...], int]:
    """Give the items of one source, and where the next one begins: after zeros up to a multiple of four bytes."""
    items: list[tuple[int, bytes]] = []
    while at < len(body) and body[at]:
        if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
            raise BadInputError("RTCP source description is truncated")
        items.append((body[at], body[at + 2 : at + 2 + body[at + 1]]))
        at += 2 + body[at + 1]
    return tuple(items), (at + 4) // 4 * 4


def _goodbye(body: bytes, count: int) -> Goodbye:
    if len(body) < 4 * count:
        raise BadInputError("RTCP goodbye is truncated")
    sources, rest = struct.unpack_from(f">{count}I", body), body[4 * count :]
    return Goodbye(sources, rest[1 : 1 + rest[0]] if rest else b"")
