"""The words of `undertone.v1`, the protocol between a box and its central server.

WebSocket sub-protocol `undertone.v1`, one JSON object per text message, `type` first. A receiver ignores fields that
it does not know. An event travels as the server should store it: a server stores events of unknown types as they are.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from appliance.events import Level, Who

SUBPROTOCOL: Final = "undertone.v1"

MAX_MESSAGE_BYTES: Final = 65_536
"""An utterance of 30 s with word times is below 8 KiB; eight times that leaves room for new fields."""

MAX_IN_FLIGHT: Final = 256
"""Events sent and not yet acknowledged: at 20 bytes to 8 KiB each, at most 2 MiB on a slow link."""

PositiveInt = Annotated[int, msgspec.Meta(ge=0)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event with what the device knows about it.

    `seq` is given when the event is committed to the outbox: strictly increasing per device and never reused.
    `occurred_at`, `heard_at` and `shown_at` are UTC, ISO 8601 with milliseconds and `Z`: when the event was made; when
    the box had received the audio up to the event's end; and, for an alert, when the light showed it.
    `clock_synchronised` tells whether UTC could be trusted then. `call` names the call on this device for good.
    """

    seq: PositiveInt
    call: str
    occurred_at: str
    clock_synchronised: bool
    event: dict[str, Any]
    heard_at: str | None = None
    shown_at: str | None = None


# Device to server


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """First message of a connection. Who the device is comes from its credential; `device` must agree with it."""

    device: str
    firmware: str
    boot: str
    last_seq: PositiveInt
    clock_synchronised: bool
    models: tuple[str, ...] = ()
    rules: str = ""
    capabilities: tuple[str, ...] = ()


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """One event from the outbox; at least once on the wire, in order of `seq`."""

    envelope: Envelope


class PartialMessage(msgspec.Struct, frozen=True, kw_only=True, tag="partial"):
    """The newest words of an utterance in progress: volatile, never stored, replaced by the next one.

    An empty `text` withdraws the partial (the utterance turned out to hold no words).
    """

    call: str
    who: Who
    utterance: PositiveInt
    text: str
    start_sample: PositiveInt
    end_sample: PositiveInt


class CallStatus(msgspec.Struct, frozen=True):
    """What the ladder of one call in progress asks for; `paused`: the server has it not listened to."""

    call: str
    level: Level
    blinking: bool
    reason: str
    alert: PositiveInt | None = None
    paused: bool = False


class StatusMessage(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """The state of the device right now: volatile, newest wins, sent on change and after `welcome`.

    `alert` is the number of the alert that the light shows; `blinking` is true until it was acknowledged.
    `faults` are the short names of what is wrong (`outbox_full`, `recognizer_lost`, `line_deaf`, …). `muted`: nothing
    is captured, by hand at the box, and no command changes that. `calls` are all calls in progress, oldest first;
    `call` and what stands beside it is the one that needs somebody most.
    """

    call: str | None
    level: Level
    blinking: bool
    reason: str
    alert: PositiveInt | None = None
    faults: tuple[str, ...] = ()
    muted: bool = False
    calls: tuple[CallStatus, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """The device's answer to a command: done, or why not."""

    id: str
    ok: bool
    error: str = ""


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag="pong"):
    """Answer to `ping`, with the same `id`."""

    id: PositiveInt


# Server to device


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    """Answer to `hello`: the device sends its events with `seq` greater than `resume_after`."""

    resume_after: PositiveInt
    server_time: str
    max_message_bytes: PositiveInt = MAX_MESSAGE_BYTES
    max_in_flight: PositiveInt = MAX_IN_FLIGHT


class Ack(msgspec.Struct, frozen=True, kw_only=True, tag="ack"):
    """The server has stored every event of this device up to and including `seq`, safe from a power cut."""

    seq: PositiveInt


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag="ping"):
    """The server asks for a sign of life."""

    id: PositiveInt


class Command(msgspec.Struct, frozen=True, kw_only=True, tag="command"):
    """Something the server wants done; the device answers with `result`.

    `name` is kept as a string so that an unknown command gets a clear `result` instead of a broken connection.
    Known: `acknowledge` and `snooze` with `arguments` `{"call": ..., "alert": number}`; `context` with `{"call": ...,
    "tier": text, "queued_s": seconds}`, what the server knows of the caller; `pause` with `{"call": ..., "limit_s":
    seconds}`, at most 600, 120 when left out, and `resume` with `{"call": ...}`. `capabilities` names those that the
    device knows.
    """

    id: str
    name: str
    arguments: dict[str, Any] = {}


class Bye(msgspec.Struct, frozen=True, kw_only=True, tag="bye"):
    """The last message of a connection, either way. `retry_after_s` is the server's wish."""

    reason: Literal["stopping", "unauthorized", "revoked", "replaced", "protocol_error", "overloaded"]
    text: str = ""
    retry_after_s: float | None = None


FromDevice = Hello | EventMessage | PartialMessage | StatusMessage | Result | Pong | Bye
FromServer = Welcome | Ack | Ping | Command | Bye

_from_device: msgspec.json.Decoder[FromDevice] = msgspec.json.Decoder(FromDevice)
_from_server: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)


def encode(message: FromDevice | FromServer) -> str:
    """Give the JSON text of one message."""
    return msgspec.json.encode(message).decode()


def decode_from_device(text: str | bytes) -> FromDevice:
    """Read a message that a device sent; raises `msgspec.DecodeError` (or its `ValidationError`) with the place."""
    return _from_device.decode(text)


def decode_from_server(text: str | bytes) -> FromServer:
    """Read a message that a server sent; raises `msgspec.DecodeError` (or its `ValidationError`) with the place."""
    return _from_server.decode(text)
