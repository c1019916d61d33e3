"""The words of `undertone.v1`, the protocol between a box and its central server.

WebSocket sub-protocol `undertone.v1`, one JSON object per text message, `type` first. A receiver ignores fields and
messages that it does not know. An event travels as the server should store it: a server stores events of unknown types
as they are. What a command may carry stands in `orders`, every limit in `policy`.
"""

from typing import Annotated, Any, Final

import msgspec

from appliance.delivery.health import HealthMessage
from appliance.delivery.policy import (
    MAX_COMMAND_BYTES,
    MAX_IN_FLIGHT,
    MAX_MESSAGE_BYTES,
    PARTIAL_INTERVAL_S,
    Reason,
)
from appliance.events import Level, Who

PositiveInt = Annotated[int, msgspec.Meta(ge=0)]
ExactInt = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""What every JSON reader keeps exactly, and what can be reckoned with."""

PositiveFloat = Annotated[float, msgspec.Meta(ge=0)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event with what the device knows about it.

    `seq` is given when the event is committed to the outbox: strictly increasing per device and never reused.
    `occurred_at`, `heard_at` and `shown_at` are UTC, ISO 8601 with milliseconds and `Z`: when the event was made; when
    the box had received the audio up to the event's end; and, for an alert, when the light showed it.
    `clock_synchronised` tells whether the box's UTC could be trusted then; when it could not, and the times were set
    right since by the server's own, `corrected` is true. `call` names the call on this device for good.
    """

    seq: PositiveInt
    call: str
    occurred_at: str
    clock_synchronised: bool
    event: dict[str, Any]
    heard_at: str | None = None
    shown_at: str | None = None
    corrected: bool = False


# Device to server


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """First message of a connection. Who the device is comes from its credential; `device` must agree with it.

    `boot` changes with each start of the box, `last_seq` is the largest number given to an event so far, `models` and
    `rules` are what it works with, `capabilities` the commands that it knows, `max_command_bytes` how large one may be.
    """

    device: str
    firmware: str
    boot: str
    last_seq: PositiveInt
    clock_synchronised: bool
    models: tuple[str, ...] = ()
    rules: str = ""
    capabilities: tuple[str, ...] = ()
    max_command_bytes: PositiveInt = MAX_COMMAND_BYTES


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """One event from the outbox; at least once on the wire, in order of `seq`.

    `urgent` marks an advance copy, sent ahead of its turn and again in it: the server stores whichever comes first, and
    neither acknowledges an advance copy nor resumes after it.
    """

    envelope: Envelope
    urgent: bool = False


class PartialMessage(msgspec.Struct, frozen=True, kw_only=True, tag="partial"):
    """The newest words of an utterance in progress: volatile, never stored, replaced by the next one.

    An empty `text` withdraws the partial (the utterance turned out to hold no words).
    """

    call: str
    who: Who
    utterance: ExactInt
    text: str
    start_sample: ExactInt
    end_sample: ExactInt


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
    """The device's answer to a command: done, or why not.

    `code` is one of `orders.ERROR_CODES`, for programs, and `error` says it for people. `details` is what else the
    command gives.
    """

    id: str
    ok: bool
    error: str = ""
    code: str = ""
    details: dict[str, Any] = {}


# Either way


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag="ping"):
    """A sign of life is asked for; answered at once with `pong`.

    `rtt_ms` is the round trip that the sender measured last. The server adds its UTC, `server_time`.
    """

    id: PositiveInt
    server_time: str = ""
    rtt_ms: PositiveFloat | None = None


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag="pong"):
    """Answer to `ping`, with the same `id`."""

    id: PositiveInt


class Bye(msgspec.Struct, frozen=True, kw_only=True, tag="bye"):
    """The last message of a connection, either way. `retry_after_s` is the server's wish."""

    reason: Reason
    text: str = ""
    retry_after_s: float | None = None


# Server to device


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    """Answer to `hello`: the device sends its events with `seq` greater than `resume_after`.

    The rest are the server's limits, which the device obeys: the size of a message, how many events may wait for their
    acknowledgement, how many messages a second may come (0: any number), and how far apart two partials of one voice
    must be. When the connection is lost, the device comes back at a random moment of `return_within_s`, so that not all
    come at once.
    """

    resume_after: PositiveInt
    server_time: str
    max_message_bytes: PositiveInt = MAX_MESSAGE_BYTES
    max_in_flight: PositiveInt = MAX_IN_FLIGHT
    max_messages_per_s: PositiveFloat = 0.0
    partial_interval_s: PositiveFloat = PARTIAL_INTERVAL_S
    return_within_s: PositiveFloat = 0.0


class Ack(msgspec.Struct, frozen=True, kw_only=True, tag="ack"):
    """The server has stored every event of this device up to and including `seq`, safe from a power cut.

    Advance copies do not count: what lies before one is not stored yet.
    """

    seq: PositiveInt


class Command(msgspec.Struct, frozen=True, kw_only=True, tag="command"):
    """Something the server wants done; the device answers with `result`.

    `name` and `arguments` are kept open, so that an unknown command gets a clear `result` instead of a broken
    connection. Known ones stand in `orders.ORDERS`; `capabilities` in `hello` names those that the device knows. The
    same `id` again is answered again, and done once.
    """

    id: str
    name: str
    arguments: dict[str, Any] = {}


FromDevice = Hello | EventMessage | PartialMessage | StatusMessage | HealthMessage | Result | Ping | Pong | Bye
FromServer = Welcome | Ack | Command | Ping | Pong | Bye

TYPES_FROM_DEVICE: Final = frozenset({"hello", "event", "partial", "status", "health", "result", "ping", "pong", "bye"})
TYPES_FROM_SERVER: Final = frozenset({"welcome", "ack", "command", "ping", "pong", "bye"})

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


class _Typed(msgspec.Struct):
    type: str = ""


_typed: msgspec.json.Decoder[_Typed] = msgspec.json.Decoder(_Typed)


def is_news(text: str | bytes, known: frozenset[str]) -> bool:
    """Tell whether a message that cannot be read is of a type that only a newer version knows, to be ignored."""
    try:
        kind = _typed.decode(text).type
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return bool(kind) and kind not in known
