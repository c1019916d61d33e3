"""SRTP: packets whose payload is encrypted and whose sender is proven (RFC 3711), with keys from SDP (RFC 4568).

AES itself comes from outside: `Keystream` gives the key stream of AES in counter mode. All else is here.
"""

import binascii
import hmac
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from appliance.errors import BadInputError
from appliance.telephony.rtp import HEADER_BYTES, SEQUENCE_STEPS, parse_rtp, unwrapped

Keystream = Callable[[bytes, bytes, int], bytes]
"""Takes key, initial counter block (16 bytes) and length; gives so many bytes of AES in counter mode."""


class Suite(NamedTuple):
    """What a crypto suite stands for (RFC 4568, section 6.2; RFC 6188)."""

    key_bytes: int
    tag_bytes: int


SUITES: Final = {
    "AES_CM_128_HMAC_SHA1_80": Suite(16, 10),
    "AES_CM_128_HMAC_SHA1_32": Suite(16, 4),
    "AES_256_CM_HMAC_SHA1_80": Suite(32, 10),
    "AES_256_CM_HMAC_SHA1_32": Suite(32, 4),
}

SALT_BYTES: Final = 14
AUTH_KEY_BYTES: Final = 20
_RTCP_TAG_BYTES: Final = 10
"""SRTCP is proven with 80 bits in every suite here (RFC 4568, section 6.2.2)."""

_IS_ENCRYPTED: Final = 1 << 31
_LAST_INDEX: Final = _IS_ENCRYPTED - 1
"""The word behind an SRTCP packet: whether it is encrypted, and its number among its sender's."""

REPLAY_WINDOW: Final = 1_024
"""Packets back to which one is accepted once; RFC 3711 asks for 64 at least, reordering rarely needs more."""

MOST_SOURCES: Final = 8
"""Each source has its own count of packets; one stream needs one, and a second when its sender begins anew."""


class SrtpKey(NamedTuple):
    """A master key with its salt."""

    suite: Suite
    key: bytes
    salt: bytes


def parse_key(suite: str, parameters: str) -> SrtpKey:
    """Read the suite and the key parameters of an `a=crypto` line: "inline:BASE64|lifetime|MKI".

    Raises `BadInputError` for a suite that is not known here and for a key that is none.
    """
    known = SUITES.get(suite)
    if known is None:
        raise BadInputError(f"SRTP suite {suite[:40]!r} is not known", mend=f"offer one of {', '.join(SUITES)}")
    method, _, rest = parameters.partition(":")
    text, *options = rest.partition(";")[0].split("|")
    if method != "inline" or any(":" in option for option in options):
        raise BadInputError("SRTP key is not given inline, or has a key identifier", mend="offer one key, inline")
    try:
        whole = binascii.a2b_base64(text.encode(), strict_mode=True)
    except binascii.Error as error:
        raise BadInputError("SRTP key is not base64", mend="offer the key as RFC 4568 says") from error
    if len(whole) != known.key_bytes + SALT_BYTES:
        raise BadInputError(f"SRTP key has {len(whole)} bytes", mend=f"{suite} needs {known.key_bytes + SALT_BYTES}")
    return SrtpKey(known, whole[: known.key_bytes], whole[known.key_bytes :])


class SrtpSession:
    """Opens what one sender protects with one master key."""

    def __init__(self, master: SrtpKey, keystream: Keystream) -> None:
        self._suite = master.suite
        self._keystream = keystream
        self._rtp, self._rtcp = (_derived(master, label, keystream) for label in (0, 3))
        self._sources: dict[int, _Source] = {}

    def open_rtp(self, data: bytes) -> bytes:
        """Give the RTP packet in a protected one.

        Raises `BadInputError` where its sender is not proven, where it came before, and for what is no packet.
        """
        tag_bytes = self._suite.tag_bytes
        packet = parse_rtp(data[:-tag_bytes], encrypted=True)
        source = self._sources.get(packet.ssrc) or _Source(packet.sequence)
        index = source.index(packet.sequence)
        body, tag = data[:-tag_bytes], data[-tag_bytes:]
        self._prove(self._rtp, body + struct.pack(">I", index >> 16 & 0xFFFFFFFF), tag)
        source.take(index)
        self._remember(packet.ssrc, source)
        opened = _ciphered(self._keystream, self._rtp, packet.ssrc, index, packet.payload)
        return body[: packet.header_bytes] + opened

    def skip(self, header: bytes) -> None:
        """Take the header of a packet that nobody opens, so that the count of a known source's packets goes on."""
        if len(header) < HEADER_BYTES:
            return
        sequence, ssrc = struct.unpack_from(">xxHxxxxI", header)
        if source := self._sources.get(ssrc):
            source.pass_over(sequence)

    def open_rtcp(self, data: bytes) -> bytes:
        """Give the RTCP packet in a protected one (RFC 3711, section 3.4); raises as `open_rtp` does."""
        if len(data) < 8 + 4 + _RTCP_TAG_BYTES:
            raise BadInputError("SRTCP packet is truncated")
        body, tag = data[:-_RTCP_TAG_BYTES], data[-_RTCP_TAG_BYTES:]
        self._prove(self._rtcp, body, tag)
        flagged: int = struct.unpack(">I", body[-4:])[0]
        head, rest = body[:8], body[8:-4]
        if not flagged & _IS_ENCRYPTED:
            return head + rest
        ssrc: int = struct.unpack(">I", head[4:])[0]
        return head + _ciphered(self._keystream, self._rtcp, ssrc, flagged & _LAST_INDEX, rest)

    def _prove(self, keys: "_Keys", signed: bytes, tag: bytes) -> None:
        expected = hmac.digest(keys.auth, signed, "sha1")[: len(tag)]
        if not hmac.compare_digest(expected, tag):
            raise BadInputError("SRTP packet does not prove its sender")

    def _remember(self, ssrc: int, source: "_Source") -> None:
        if ssrc not in self._sources and len(self._sources) >= MOST_SOURCES:
            del self._sources[next(iter(self._sources))]
        self._sources[ssrc] = source


class SrtcpSender:
    """Protects the reports that we send with one master key of ours (section 3.4)."""

    def __init__(self, master: SrtpKey, keystream: Keystream) -> None:
        self._keystream = keystream
        self._keys = _derived(master, 3, keystream)
        self._index = 0

    def protect(self, packet: bytes) -> bytes:
        """Give the protected form of a compound packet, whose first part names its sender."""
        head, rest = packet[:8], packet[8:]
        ssrc: int = struct.unpack(">I", head[4:])[0]
        ciphered = _ciphered(self._keystream, self._keys, ssrc, self._index, rest)
        body = head + ciphered + struct.pack(">I", self._index | _IS_ENCRYPTED)
        self._index = (self._index + 1) & _LAST_INDEX
        return body + hmac.digest(self._keys.auth, body, "sha1")[:_RTCP_TAG_BYTES]


class _Keys(NamedTuple):
    cipher: bytes
    auth: bytes
    salt: bytes


class _Source:
    """The rollover counter and the replay list of one source (section 3.3)."""

    def __init__(self, sequence: int) -> None:
        self._highest = sequence
        self._seen: set[int] = set()

    def index(self, sequence: int) -> int:
        """Guess the packet's index: the one nearest to the highest so far."""
        index = unwrapped(sequence, self._highest, SEQUENCE_STEPS)
        if index < 0 or index <= self._highest - REPLAY_WINDOW or index in self._seen:
            raise BadInputError("SRTP packet came before")
        return index

    def pass_over(self, sequence: int) -> None:
        """Take a packet whose sender nobody has proven; one that is forged can do no more than to be far ahead."""
        self._highest = max(self._highest, unwrapped(sequence, self._highest, SEQUENCE_STEPS))

    def take(self, index: int) -> None:
        """Remember a packet whose sender is proven."""
        self._highest = max(self._highest, index)
        self._seen.add(index)
        if len(self._seen) > 2 * REPLAY_WINDOW:
            self._seen = {each for each in self._seen if each > self._highest - REPLAY_WINDOW}


def _ciphered(keystream: Keystream, keys: _Keys, ssrc: int, index: int, text: bytes) -> bytes:
    """Apply the key stream of section 4.1.1 to a payload."""
    counter = int.from_bytes(keys.salt, "big") << 16 ^ ssrc << 64 ^ index << 16
    stream = keystream(keys.cipher, counter.to_bytes(16, "big"), len(text))
    return (int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(text), "big")


def _derived(master: SrtpKey, label: int, keystream: Keystream) -> _Keys:
    """Derive the session's keys (section 4.3), for RTP from label 0 on, for RTCP from 3 on; the rate is 0."""

    def key(number: int, size: int) -> bytes:
        counter = int.from_bytes(master.salt, "big") << 16 ^ (label + number) << 64
        return keystream(master.key, counter.to_bytes(16, "big"), size)

    return _Keys(key(0, master.suite.key_bytes), key(1, AUTH_KEY_BYTES), key(2, SALT_BYTES))
