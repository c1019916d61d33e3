"""What a recording server answers to an offer: it receives, and never sends (RFC 3264 §6, RFC 7866 §6.2, §8.1)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from appliance.telephony.sdp import Attribute, Codec, Description, Direction, Media, codecs
from appliance.telephony.sip_status import RefusedError

VOICE_CODECS: Final = frozenset({("PCMU", 8_000), ("PCMA", 8_000), ("G722", 8_000), ("OPUS", 48_000)})
"""By name and clock rate: what can be heard."""

SIDE_CODECS: Final = frozenset({("TELEPHONE-EVENT", 8_000), ("TELEPHONE-EVENT", 48_000), ("CN", 8_000)})
"""What may travel beside a voice (RFC 4733, RFC 3389)."""

PLAIN: Final = frozenset({"RTP/AVP", "RTP/AVPF"})
SECURE: Final = frozenset({"RTP/SAVP", "RTP/SAVPF"})

SUITES: Final = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""SRTP with keys in the description (RFC 4568 §6.2), the better one first."""

_ANSWERED: Final[dict[Direction, Direction]] = {
    "sendrecv": "recvonly",
    "sendonly": "recvonly",
    "recvonly": "inactive",
    "inactive": "inactive",
}
"""RFC 3264 §6.1 for a party that only receives."""


class Crypto(NamedTuple):
    """One `a=crypto` that both sides can do: its tag, suite and the offerer's key parameters."""

    tag: str
    suite: str
    key: str


class StreamOffer(NamedTuple):
    """One audio stream that can be received: which section of the offer, its label, what it may carry, from where.

    `is_held`: the sender has paused it (RFC 3264 §8.4). `host` and `port` are where its sender receives RTCP's peer.
    """

    section: int
    label: str
    codecs: tuple[Codec, ...]
    direction: Direction
    host: str
    port: int
    crypto: Crypto | None

    @property
    def is_held(self) -> bool:
        """Say whether nothing will be sent for now."""
        return self.direction == "inactive"


def acceptable_streams(offer: Description, *, most: int) -> tuple[StreamOffer, ...]:
    """Give the streams of an offer that can be received, at most the first `most`.

    Raises `RefusedError` (488) with a Warning when there is none but something was wanted (RFC 3261 §20.43).
    """
    streams = [stream for at, media in enumerate(offer.media) if (stream := _acceptable(at, media))]
    if not streams:
        wanted = [media for media in offer.media if media.port]
        reason = "no audio is offered" if not wanted else _why_not(wanted[0])
        raise RefusedError(488, reason, (("Warning", f'305 undertone "{reason}"'),))
    return tuple(streams[:most])


def answer(offer: Description, ports: Mapping[int, int], origin: str, keys: Mapping[int, str]) -> Description:
    """Give the answer: sections in `ports` are received there, all others are declined (RFC 3264 §6).

    `keys` holds our own SRTP key parameters for the sections whose offer is secure.
    """
    sections = [
        _accepted(stream, media, ports[at], keys.get(at, ""))
        if at in ports and (stream := _acceptable(at, media))
        else media._replace(port=0, attributes=())
        for at, media in enumerate(offer.media)
    ]
    # RFC 7866 §6.2: the server says whether it records; a box that listens keeps no audio, but it does listen.
    return Description(origin, (("record", "on"),), tuple(sections))


def _acceptable(at: int, media: Media) -> StreamOffer | None:
    crypto = _crypto(media)
    heard = _heard(media)
    if media.kind != "audio" or not media.port or not heard or not _is_known_protocol(media, crypto):
        return None
    return StreamOffer(at, media.label, heard, _ANSWERED[media.direction], media.host, media.port, crypto)


def _is_known_protocol(media: Media, crypto: Crypto | None) -> bool:
    return media.protocol in PLAIN or (media.protocol in SECURE and crypto is not None)


def _heard(media: Media) -> tuple[Codec, ...]:
    """Give what may be received, in the offer's order; nothing when no voice is among it."""
    offered = codecs(media)
    if not any((codec.name, codec.clock_hz) in VOICE_CODECS for codec in offered):
        return ()
    known = VOICE_CODECS | SIDE_CODECS
    return tuple(codec for codec in offered if (codec.name, codec.clock_hz) in known)


def _crypto(media: Media) -> Crypto | None:
    """Give the offered suite that we like best; session parameters such as UNENCRYPTED_SRTP are refused (§6.3)."""
    if media.protocol not in SECURE:
        return None
    offered = [content.split() for name, content in media.attributes if name == "crypto"]
    usable = [Crypto(*words) for words in offered if len(words) == 3 and words[2].startswith("inline:")]
    best = sorted((each for each in usable if each.suite in SUITES), key=lambda each: SUITES.index(each.suite))
    return best[0] if best else None


def _accepted(stream: StreamOffer, media: Media, port: int, key: str) -> Media:
    attributes: list[Attribute] = []
    for codec in stream.codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        attributes.append(("rtpmap", f"{codec.payload_type} {_spelling(codec.name)}/{codec.clock_hz}{channels}"))
        if codec.fmtp:
            attributes.append(("fmtp", f"{codec.payload_type} {codec.fmtp}"))
    if stream.crypto:
        attributes.append(("crypto", f"{stream.crypto.tag} {stream.crypto.suite} {key}"))
    if stream.label:
        attributes.append(("label", stream.label))
    attributes.append((stream.direction, ""))
    formats = tuple(str(codec.payload_type) for codec in stream.codecs)
    return media._replace(port=port, formats=formats, attributes=tuple(attributes))


def _spelling(name: str) -> str:
    """Spell as in the registry; names compare without case, but not in every client."""
    return name.lower() if name in {"TELEPHONE-EVENT", "OPUS"} else name


def _why_not(media: Media) -> str:
    if media.kind != "audio":
        return "only audio can be received"
    if not _is_known_protocol(media, _crypto(media)):
        return "only RTP, or SRTP with keys in the description, can be received"
    return "none of the codecs is known: PCMU, PCMA, G722, opus"
