"""From a fact that just happened to the envelope that the server stores."""

from typing import Any, Final

import msgspec

from appliance.delivery.messages import Envelope, EventMessage, encode
from appliance.event_json import to_builtins
from appliance.events import Notice, Who

MAX_SEQ: Final = 2**53 - 1
"""The largest number that every JSON reader keeps exactly: a billion box-years at two events a second."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An event before it has its number: an `Envelope` without `seq`, its `event` as JSON from `event_json.to_json`.

    While the clock cannot be trusted, `boot` names this start of the box and `uptime_s` is the time since then.
    """

    call: str
    occurred_at: str
    clock_synchronised: bool
    event: bytes
    heard_at: str | None = None
    shown_at: str | None = None
    boot: str | None = None
    uptime_s: float | None = None


class Row(msgspec.Struct, frozen=True):
    """A draft with its number, as the outbox keeps it."""

    seq: int
    draft: Draft


class Head(msgspec.Struct, frozen=True):
    """What delivery has to know of an event, whatever its type."""

    type: str = ""
    who: Who = "both"
    start_sample: int = 0
    end_sample: int = 0
    number: int = 0


class UnfinishedCall(msgspec.Struct, frozen=True):
    """A call that began and never ended, and the largest `end_sample` committed for it."""

    call: str
    end_sample: int


def head(event: bytes) -> Head:
    """Read the head of an event; one of another form has an empty head, and is delivered all the same."""
    try:
        return _head.decode(event)
    except msgspec.DecodeError:
        return Head()


def envelope(row: Row) -> Envelope:
    """Give the envelope of a numbered draft; an event that cannot be read is declared by a notice in its place."""
    draft = row.draft
    try:
        event = _event.decode(draft.event)
    except msgspec.DecodeError:
        event = _notice(Head(), "event_unreadable", "An event was damaged on the box's disk and could not be read.")
    return Envelope(
        seq=row.seq,
        call=draft.call,
        occurred_at=draft.occurred_at,
        clock_synchronised=draft.clock_synchronised,
        event=event,
        heard_at=draft.heard_at,
        shown_at=draft.shown_at,
    )


def event_text(envelope: Envelope, max_message_bytes: int, *, urgent: bool = False) -> str:
    """Give the message for one event; one above the server's limit is declared by a notice under the same `seq`."""
    text = encode(EventMessage(envelope=envelope, urgent=urgent))
    if len(text.encode()) <= max_message_bytes:
        return text
    known = head(msgspec.json.encode(envelope.event))
    said = f"An event of type {known.type} was larger than the server takes and was not sent."
    event = _notice(known, "event_too_large", said)
    return encode(EventMessage(envelope=msgspec.structs.replace(envelope, event=event), urgent=urgent))


def _notice(known: Head, code: str, text: str) -> dict[str, Any]:
    notice = Notice(who=known.who, start_sample=known.start_sample, end_sample=known.end_sample, code=code, text=text)
    return to_builtins(notice)


_head: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)
_event: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
