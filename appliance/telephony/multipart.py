"""Bodies of several parts (RFC 2046 §5.1, RFC 5621): in SIPREC the session description and the metadata."""

import itertools
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from appliance.telephony.sip_headers import parse_parameters
from appliance.telephony.sip_status import RefusedError

MAX_PARTS: Final = 16
"""A SIPREC body has two; some recorders' clients add a few of their own."""

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")


class Part(NamedTuple):
    """One part: its type in lower case, such as "application/sdp", and its header fields by lower-case name."""

    kind: str
    headers: Mapping[str, str]
    body: bytes


def media_type(text: str) -> tuple[str, dict[str, str]]:
    """Give type and parameters of a Content-Type. Raises `RefusedError` (400)."""
    kind, _, parameters = text.partition(";")
    if not _MEDIA_TYPE.fullmatch(kind.strip()):
        raise RefusedError(400, "Content-Type cannot be read")
    return kind.strip().lower(), parse_parameters(parameters)


def parse_body(content_type: str, body: bytes) -> tuple[Part, ...]:
    """Give the parts of a body; one that is not multipart is its own only part.

    Raises `RefusedError` (400) for what does not keep to its boundary.
    """
    kind, parameters = media_type(content_type)
    if not kind.startswith("multipart/"):
        return (Part(kind, {"content-type": content_type}, body),)
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise RefusedError(400, "a body of several parts without a boundary")
    # The boundary belongs to the line break before it; white space may follow it (RFC 2046 §5.1.1).
    between = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|$)")
    marks: list[re.Match[bytes]] = []
    for mark in between.finditer(body):
        marks.append(mark)
        if mark[1] or len(marks) > MAX_PARTS:
            break
    if len(marks) < 2 or not marks[-1][1]:
        raise RefusedError(400, f"a body that is not made of 1 to {MAX_PARTS} parts")
    return tuple(_part(body[start.end() : end.start()]) for start, end in itertools.pairwise(marks))


def _part(data: bytes) -> Part:
    # `data` begins with the line break that ends the boundary's line; without header fields a blank line follows.
    blank = _BLANK_LINE.search(data)
    head, body = (data[: blank.start()], data[blank.end() :]) if blank else (data, b"")
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        name, colon, content = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), content.strip())
    kind, _ = media_type(headers.get("content-type", "text/plain"))
    return Part(kind, headers, body)
