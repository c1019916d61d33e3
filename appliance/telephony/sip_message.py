"""SIP messages: bytes to values and back (RFC 3261 §7 and §25).

Strict where a reader and a writer might disagree about where a field ends, lenient elsewhere: header fields that
nobody asks for are never looked at. Bytes that are not UTF-8 are kept as they came, so that what must be echoed is.
"""

import re
from typing import Final, NamedTuple

from appliance.telephony.sip_status import PHRASES, Headers, RefusedError

MAX_MESSAGE_BYTES: Final = 65_536
"""The largest UDP datagram; a SIPREC INVITE with many participants needs a tenth of it."""

MAX_HEAD_BYTES: Final = 16_384
MAX_HEADERS: Final = 128
"""A message that passed thirty proxies has some eighty fields."""

_COMPACT: Final = {
    "i": "Call-ID",
    "m": "Contact",
    "e": "Content-Encoding",
    "l": "Content-Length",
    "c": "Content-Type",
    "f": "From",
    "s": "Subject",
    "k": "Supported",
    "t": "To",
    "v": "Via",
    "x": "Session-Expires",
}
"""RFC 3261 §7.3.3 and RFC 4028 §4; the compact forms of other extensions mean nothing to this server."""

_NAME: Final = r"[A-Za-z0-9\-.!%*_+`'~]+"
_REQUEST_LINE: Final = re.compile(rf"({_NAME}) (\S+) SIP/(\d+\.\d+)")
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6]\d\d) ?(.*)")
_FIELD: Final = re.compile(rf"({_NAME})[ \t]*:[ \t]*(.*)", re.DOTALL)
_FORBIDDEN: Final = re.compile(r"[\r\n\0]")
_LENGTH: Final = re.compile(r"\d{1,9}")


class Request(NamedTuple):
    """A request; `headers` hold long names, in their order."""

    method: str
    uri: str
    headers: Headers
    body: bytes = b""


class Response(NamedTuple):
    """A response."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""


Message = Request | Response


class NotSipError(RefusedError):
    """Bytes without a readable SIP head: there is nobody to answer."""

    def __init__(self, what: str) -> None:
        super().__init__(400, what)


class BrokenBodyError(RefusedError):
    """The head is whole and the body is not: `request` can be answered."""

    def __init__(self, what: str, message: Message) -> None:
        super().__init__(400, what)
        self.message = message


def value(message: Message, name: str) -> str | None:
    """Give the first value of a header field, None if it is not there."""
    wanted = name.lower()
    return next((text for key, text in message.headers if key.lower() == wanted), None)


def values(message: Message, name: str) -> list[str]:
    """Give the value of each field of this name."""
    wanted = name.lower()
    return [text for key, text in message.headers if key.lower() == wanted]


def parse_message(data: bytes) -> Message:
    """Read one whole message: a datagram, or what `StreamFramer` has cut.

    Raises `NotSipError` when not even its head can be read, and `BrokenBodyError` when its body is not as announced.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise NotSipError(f"the message has more than {MAX_MESSAGE_BYTES} bytes")
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not blank or len(head) > MAX_HEAD_BYTES:
        raise NotSipError("no blank line ends the header")
    message = _parse_head(head.decode("utf-8", "surrogateescape"))
    announced = _announced_bytes(message)
    if announced is None:
        return message._replace(body=body)
    if announced > len(body):
        raise BrokenBodyError(f"the body has {len(body)} bytes instead of {announced}", message)
    # RFC 3261 §18.3: what follows the announced body in a datagram is discarded.
    return message._replace(body=body[:announced])


def serialise(message: Message) -> bytes:
    """Write a message; `Content-Length` is set by its body."""
    if isinstance(message, Request):
        first = f"{message.method} {message.uri} SIP/2.0"
    else:
        first = f"SIP/2.0 {message.status} {message.reason}"
    fields = [(name, text) for name, text in message.headers if name.lower() != "content-length"]
    lines = [first, *(f"{name}: {text}" for name, text in fields), f"Content-Length: {len(message.body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + message.body


def respond(request: Request, status: int, headers: Headers = (), body: bytes = b"", *, to_tag: str = "") -> Response:
    """Give the response to a request with what must be echoed (RFC 3261 §8.2.6.2); `to_tag` if it had none."""
    echoed = [(name, text) for name, text in request.headers if name in _ECHOED]
    if to_tag:
        echoed = [
            (n, f"{text};tag={to_tag}" if n == "To" and ";tag=" not in text.lower() else text) for n, text in echoed
        ]
    return Response(status, PHRASES.get(status, "Unknown"), (*echoed, *headers), body)


_ECHOED: Final = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})


def _parse_head(head: str) -> Message:
    first, *lines = head.split("\r\n")
    headers = _parse_fields(lines)
    if request := _REQUEST_LINE.fullmatch(first):
        return Request(
            request[1], request[2], headers + ((("SIP-Version", request[3]),) if request[3] != "2.0" else ())
        )
    if response := _STATUS_LINE.fullmatch(first):
        return Response(int(response[1]), response[2], headers)
    raise NotSipError("the first line is neither a request nor a response")


def _parse_fields(lines: list[str]) -> Headers:
    unfolded: list[str] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and unfolded:
            unfolded[-1] += " " + line.strip(" \t")  # RFC 3261 §7.3.1: a folded line
        else:
            unfolded.append(line)
    if len(unfolded) > MAX_HEADERS:
        raise NotSipError(f"more than {MAX_HEADERS} header fields")
    return tuple(_parse_field(line) for line in unfolded)


def _parse_field(line: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if not found or _FORBIDDEN.search(found[2]):
        raise NotSipError("a line of the header is no header field")
    name = found[1].lower()
    return _COMPACT.get(name) or _CANONICAL.get(name, found[1]), found[2].strip(" \t")


_CANONICAL: Final = {
    name.lower(): name for name in (*_COMPACT.values(), "CSeq", "Record-Route", "Route", "Require", "Allow")
}


def _announced_bytes(message: Message) -> int | None:
    texts = set(values(message, "Content-Length"))
    if not texts:
        return None
    text = texts.pop()
    if texts or not _LENGTH.fullmatch(text):
        raise BrokenBodyError("the length of the body is no number", message)
    return int(text)
