"""Values inside SIP header fields: addresses, Via, CSeq, lists and parameters (RFC 3261 §20 and §25.1)."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from appliance.telephony.sip_message import Message, Request, value, values
from appliance.telephony.sip_status import RefusedError

MAX_CSEQ: Final = 2**31 - 1
DEFAULT_PORT: Final = 5060
DEFAULT_TLS_PORT: Final = 5061

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_NOT_IN_URI: Final = re.compile(r'[<>\s"]')
_URI: Final = re.compile(
    r"(?P<scheme>sips?|tel):(?:(?P<user>[^@<>\s]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:;?@<>\s\[\]]+)"
    r"(?::(?P<port>\d{1,5}))?(?P<rest>[;?].*)?",
    re.IGNORECASE,
)
_VIA: Final = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*(?P<transport>\w+)\s+(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:;,\[\]]+)"
    r"(?:\s*:\s*(?P<port>\d{1,5}))?\s*(?P<rest>;.*)?",
    re.IGNORECASE | re.DOTALL,
)
_CSEQ: Final = re.compile(r"(\d{1,10})\s+(\S+)")


class Address(NamedTuple):
    """A name-addr or addr-spec with its parameters; their names are lower case."""

    display: str
    uri: str
    parameters: Mapping[str, str]

    @property
    def tag(self) -> str:
        """The dialog's tag, "" for none."""
        return self.parameters.get("tag", "")


class Uri(NamedTuple):
    """A sip, sips or tel URI; `port` 0 when it names none."""

    scheme: str
    user: str
    host: str
    port: int
    parameters: Mapping[str, str]


class Via(NamedTuple):
    """The topmost hop of a message: where its response goes."""

    transport: str
    host: str
    port: int
    parameters: Mapping[str, str]

    @property
    def branch(self) -> str:
        """What names the transaction (RFC 3261 §8.1.1.7), "" for none."""
        return self.parameters.get("branch", "")


class CSeq(NamedTuple):
    """The number of a request in its dialog, and its method."""

    number: int
    method: str


class Essentials(NamedTuple):
    """What every request must have (RFC 3261 §8.1.1)."""

    via: Via
    from_: Address
    to: Address
    call_id: str
    cseq: CSeq


def essentials(message: Message) -> Essentials:
    """Give what every request must have. Raises `RefusedError` (400) when something of it is missing or malformed."""
    texts = {name: value(message, name) for name in ("Via", "From", "To", "Call-ID", "CSeq")}
    missing = [name for name, text in texts.items() if not text]
    if missing:
        raise RefusedError(400, f"no {missing[0]}")
    cseq = parse_cseq(texts["CSeq"] or "")
    if isinstance(message, Request) and cseq.method != message.method:
        raise RefusedError(400, "CSeq names another method")
    first_via = split_list(texts["Via"] or "")[:1]
    return Essentials(
        parse_via(first_via[0] if first_via else ""),
        parse_address(texts["From"] or ""),
        parse_address(texts["To"] or ""),
        texts["Call-ID"] or "",
        cseq,
    )


def parse_address(text: str) -> Address:
    """Read From, To or Contact. Raises `RefusedError` (400)."""
    text = text.strip()
    display, text = _display(text)
    if text.startswith("<"):
        uri, closed, rest = text[1:].partition(">")
    else:  # without brackets parameters belong to the field, not to the URI (RFC 3261 §20.10)
        uri, semicolon, rest = text.partition(";")
        closed, rest = "bare", semicolon + rest
    uri, rest = uri.strip(), rest.strip()
    if not uri or not closed or _NOT_IN_URI.search(uri) or (rest and not rest.startswith(";")):
        raise RefusedError(400, "an address cannot be read")
    return Address(display, uri, parse_parameters(rest))


def parse_uri(text: str) -> Uri:
    """Read a URI. Raises `RefusedError`: 416 for a scheme that is not SIP's, 400 for what cannot be read."""
    if not text.lower().startswith(("sip:", "sips:", "tel:")):
        raise RefusedError(416, "the scheme of a URI is neither sip nor sips")
    found = _URI.fullmatch(text)
    port = int(found["port"] or 0) if found else 0
    if not found or port > 65_535:
        raise RefusedError(400, "a URI cannot be read")
    rest = (found["rest"] or "").partition("?")[0]
    return Uri(found["scheme"].lower(), found["user"] or "", found["host"], port, parse_parameters(rest))


def parse_via(text: str) -> Via:
    """Read one Via. Raises `RefusedError` (400)."""
    found = _VIA.fullmatch(text.strip())
    port = int(found["port"] or 0) if found else 0
    if not found or port > 65_535:
        raise RefusedError(400, "Via cannot be read")
    return Via(found["transport"].upper(), found["host"], port, parse_parameters(found["rest"] or ""))


def parse_cseq(text: str) -> CSeq:
    """Read CSeq. Raises `RefusedError` (400)."""
    found = _CSEQ.fullmatch(text)
    if not found or int(found[1]) > MAX_CSEQ:
        raise RefusedError(400, "CSeq cannot be read")
    return CSeq(int(found[1]), found[2])


def options(message: Message, name: str) -> set[str]:
    """Give the option tags of Require, Supported or Allow, in lower case."""
    return {item.lower() for text in values(message, name) for item in split_list(text)}


def split_list(text: str, mark: str = ",") -> list[str]:
    """Cut at commas (or semicolons) that stand neither in quotes nor in angle brackets; empty items are left out."""
    items, start, quoted, bracketed, escaped = [], 0, False, False, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"' and not bracketed:
            quoted = True
        elif char in "<>":
            bracketed = char == "<"
        elif char == mark and not bracketed:
            items.append(text[start:at].strip())
            start = at + 1
    return [item for item in (*items, text[start:].strip()) if item]


def parse_parameters(text: str) -> dict[str, str]:
    """Read `;name=value;flag`: names in lower case, quotes taken off, a flag has the value ""; the first one counts."""
    parameters: dict[str, str] = {}
    for item in split_list(text, ";"):
        name, _, content = item.partition("=")
        parameters.setdefault(name.strip().lower(), unquote(content.strip()))
    return parameters


def unquote(text: str) -> str:
    """Take the quotes off a quoted string; anything else stays as it is."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _display(text: str) -> tuple[str, str]:
    """Part the display name from what follows it."""
    if not text.startswith('"'):
        display, bracket, rest = text.partition("<")
        return (display.strip(), bracket + rest) if bracket else ("", text)
    found = _QUOTED.match(text)
    if not found or not (rest := text[found.end() :].strip()).startswith("<"):
        raise RefusedError(400, "an address cannot be read")
    return unquote(found[0]), rest
