"""Session descriptions: text to values and back (RFC 8866), as far as a receiver of audio needs them."""

import re
from typing import Final, Literal, NamedTuple, cast, get_args

from appliance.telephony.sip_status import RefusedError

MAX_SDP_BYTES: Final = 32_768
MAX_MEDIA: Final = 16
"""A conference of sixteen; each stream would need a port of ours."""
MAX_FORMATS: Final = 64
MAX_ATTRIBUTES: Final = 256

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Attribute = tuple[str, str]
"""Name in lower case and value, "" for a property attribute."""

_LINE: Final = re.compile(r"([a-z])=([^\r\n\0]*)")
_MEDIA: Final = re.compile(r"(\w[\w.+-]*) (\d{1,5})(?:/\d{1,5})? (\S+)((?: \S+)+)")
_CONNECTION: Final = re.compile(r"IN (IP4|IP6) ([0-9A-Za-z.:-]+)(?:/[\d/]+)?", re.IGNORECASE)
_RTPMAP: Final = re.compile(r"(\d{1,3}) ([\w.+-]+)/(\d{1,6})(?:/(\d{1,2}))?")


class Codec(NamedTuple):
    """What a payload type carries: the encoding's name in upper case, its clock rate, channels and parameters."""

    payload_type: int
    name: str
    clock_hz: int
    channels: int = 1
    fmtp: str = ""


class Media(NamedTuple):
    """One `m=` section. `host` is its own or the session's `c=`; `formats` as written; `port` 0: not wanted."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    host: str
    attributes: tuple[Attribute, ...]

    @property
    def label(self) -> str:
        """What the metadata calls this stream (RFC 4574), "" for none."""
        return self.attribute("label")

    @property
    def direction(self) -> Direction:
        """Who may send, by the first such attribute; both when none is given (RFC 8866 §6.7)."""
        names = (name for name, _ in self.attributes)
        return cast("Direction", next((name for name in names if name in get_args(Direction)), "sendrecv"))

    def attribute(self, name: str) -> str:
        """Give the value of the first attribute of this name, "" for none."""
        return next((content for key, content in self.attributes if key == name), "")


class Description(NamedTuple):
    """A session description: `origin` as written, the session's own attributes, and its media."""

    origin: str
    attributes: tuple[Attribute, ...]
    media: tuple[Media, ...]


def parse_sdp(body: bytes) -> Description:
    """Read a description. Raises `RefusedError`: 413 when it is too large, 400 for what cannot be read."""
    if len(body) > MAX_SDP_BYTES:
        raise RefusedError(413, f"a session description of more than {MAX_SDP_BYTES} bytes")
    lines = [_parse_line(line) for line in body.decode("utf-8", "replace").splitlines() if line]
    if not lines or lines[0] != ("v", "0"):
        raise RefusedError(400, "a session description that does not begin with v=0")
    sections: list[list[tuple[str, str]]] = [[]]
    for kind, text in lines:
        if kind == "m":
            sections.append([])
        sections[-1].append((kind, text))
    session, *media = sections
    if len(media) > MAX_MEDIA:
        raise RefusedError(400, f"more than {MAX_MEDIA} media in a session description")
    attributes = _attributes(session)
    origin = next((text for kind, text in session if kind == "o"), "")
    host = _host(session)
    inherited = tuple(each for each in attributes if each[0] in get_args(Direction))
    return Description(origin, attributes, tuple(_media(section, host, inherited) for section in media))


def codecs(media: Media) -> tuple[Codec, ...]:
    """Give what the payload types of a section carry, in its order; those that nobody describes are left out."""
    described: dict[int, Codec] = {}
    for content in _all(media, "rtpmap"):
        found = _RTPMAP.fullmatch(content)
        if found and int(found[1]) <= 127 and int(found[3]):
            described[int(found[1])] = Codec(int(found[1]), found[2].upper(), int(found[3]), int(found[4] or 1))
    fmtp = dict(content.split(" ", 1) for content in _all(media, "fmtp") if " " in content)
    given = []
    for text in media.formats:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else -1
        codec = described.get(number) or _STATIC.get(number)
        if codec:
            given.append(codec._replace(fmtp=fmtp.get(text, "").strip()))
    return tuple(given)


def serialise_sdp(description: Description, host: str) -> bytes:
    """Write a description of streams that are received at `host`."""
    family = "IP6" if ":" in host else "IP4"
    lines = ["v=0", f"o={description.origin}", "s=-", f"c=IN {family} {host}", "t=0 0"]
    lines += [_attribute_line(each) for each in description.attributes]
    for media in description.media:
        lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
        lines += [_attribute_line(each) for each in media.attributes]
    return ("\r\n".join(lines) + "\r\n").encode()


def _parse_line(line: str) -> tuple[str, str]:
    found = _LINE.fullmatch(line)
    if not found:
        raise RefusedError(400, "a line of the session description cannot be read")
    return found[1], found[2].strip()


def _media(section: list[tuple[str, str]], session_host: str, inherited: tuple[Attribute, ...]) -> Media:
    found = _MEDIA.fullmatch(section[0][1])
    if not found or int(found[2]) > 65_535 or len(formats := found[4].split()) > MAX_FORMATS:
        raise RefusedError(400, "a media line of the session description cannot be read")
    attributes = _attributes(section) + inherited
    return Media(found[1], int(found[2]), found[3].upper(), tuple(formats), _host(section) or session_host, attributes)


def _host(section: list[tuple[str, str]]) -> str:
    text = next((text for kind, text in section if kind == "c"), "")
    found = _CONNECTION.fullmatch(text)
    if text and not found:
        raise RefusedError(400, "a connection line of the session description cannot be read")
    return found[2] if found else ""


def _attributes(section: list[tuple[str, str]]) -> tuple[Attribute, ...]:
    given = [text.partition(":") for kind, text in section if kind == "a"]
    if len(given) > MAX_ATTRIBUTES:
        raise RefusedError(400, f"more than {MAX_ATTRIBUTES} attributes in a section of the session description")
    return tuple((name.strip().lower(), content.strip()) for name, _, content in given)


def _attribute_line(attribute: Attribute) -> str:
    name, content = attribute
    return f"a={name}:{content}" if content else f"a={name}"


def _all(media: Media, name: str) -> list[str]:
    return [content for key, content in media.attributes if key == name]


_STATIC: Final = {
    0: Codec(0, "PCMU", 8_000),
    8: Codec(8, "PCMA", 8_000),
    # RFC 3551 §4.5.2: the clock of G.722 is 8 kHz by a historical error; its audio has 16 kHz.
    9: Codec(9, "G722", 8_000),
    13: Codec(13, "CN", 8_000),
}
"""Payload types that need no rtpmap (RFC 3551 §6), of those that are known here."""
