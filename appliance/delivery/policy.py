"""The limits, time-outs and close codes of `undertone.v1`: every one named here, with its reason.

What a server may choose for itself stands in its `welcome`; the rest holds for both sides.
"""

from typing import Final, Literal

import msgspec

SUBPROTOCOL: Final = "undertone.v1"

# Sizes

MAX_MESSAGE_BYTES: Final = 65_536
"""Device to server. An utterance of 30 s with word times is below 8 KiB; eight times that leaves room for new fields.
Also the server's to the device, but for commands."""

MIN_MESSAGE_BYTES: Final = 512
"""A device refuses a welcome that allows less: not even the notice of an event that is too large fits in."""

MAX_COMMAND_BYTES: Final = 524_288
"""Server to device: a command may carry a rule pack, of which 256 KiB are allowed, twice as large with its escapes."""

MAX_IN_FLIGHT: Final = 256
"""Events sent and not yet acknowledged: at 20 bytes to 8 KiB each, at most 2 MiB on a slow link."""

MAX_URGENT_IN_FLIGHT: Final = 32
"""Advance copies sent and not yet covered by an acknowledgement: more alerts at once than anybody can look at."""

# Rates

MAX_MESSAGES_PER_S: Final = 1_000
"""What the reference server reads from one device: an hour of backlog in 7 s, and no device starves the others."""

MIN_MESSAGES_PER_S: Final = 1.0
"""A device refuses a welcome that allows fewer (0 is no limit): a call has two events a second at its busiest, and a
box that may not speak would look as if it were well."""

PARTIAL_INTERVAL_S: Final = 0.2
"""Five a second for each voice: people read no faster, and the recognizers give no more."""

HEALTH_EVERY_S: Final = 60.0
"""How often a device tells how it is while nothing changes: a fleet of ten thousand is 170 small messages a second."""

# Liveness

PING_EVERY_S: Final = 10.0
"""Each side pings: below the usual 30 to 60 s after which proxies drop a silent connection."""

SILENT_S: Final = 35.0
"""Nothing heard for three pings and a little: the connection is dead. One missed pong is not."""

MAX_PINGS_OPEN: Final = 4
"""Pings whose pong may still come; older ones tell nothing any more."""

# Waiting

OPEN_S: Final = 20.0
"""TCP, TLS and HTTP: three round trips of four seconds on a very bad network, and a server under load."""

REQUEST_S: Final = 20.0
"""From a connection to the end of its first request, TLS included, and for a body: a server waits no longer for a
stranger, who would else use up its connections by saying half a word on each."""

HELLO_S: Final = 10.0
"""The hello follows the upgrade at once; this is a very bad network."""

WELCOME_S: Final = 15.0
"""The server may look up thousands of boxes that all come back at once."""

STALLED_S: Final = 30.0
"""For one message to leave: a peer that reads nothing."""

OVERDUE_S: Final = 60.0
"""Without an acknowledgement while events are in flight: the server answers pings, but it stores nothing."""

COMMAND_S: Final = 5.0
"""A supervisor waits so long for a command's result."""

GOODBYE_S: Final = 2.0
"""For the last message and the closing handshake."""

REFUSED_S: Final = 300.0
"""Before a refused box asks again: somebody has to act first, and nobody should be woken by its knocking."""

MAX_RETRY_AFTER_S: Final = 3_600.0
"""A server may ask for quiet, but not put a box to sleep for a day by a slip."""

RETURNS_PER_S: Final = 100
"""How many boxes the reference server wants to come back in a second: a TLS handshake with a certificate and a welcome
take some milliseconds of it, and those who are back already must go on undisturbed."""

MAX_RETURN_WITHIN_S: Final = 600.0
"""A server may spread the return of its boxes over ten minutes: as many as 60,000 of them."""

RETRY_AFTER_REPLACED_S: Final = 30.0
"""Two boxes with one token must not throw each other out ten times a second."""

Reason = Literal["stopping", "unauthorized", "revoked", "replaced", "protocol_error", "overloaded"]
"""Why a side says goodbye."""

CLOSE_CODES: Final[dict[Reason, int]] = {
    "stopping": 1001,
    "protocol_error": 1008,
    "overloaded": 1013,
    "unauthorized": 4401,
    "revoked": 4403,
    "replaced": 4409,
}
"""With which code the WebSocket is closed after each goodbye; 1013 and below are RFC 6455's and IANA's, 4000 and above
are ours. A goodbye that was lost on the way can still be read from its code."""


class DeviceTiming(msgspec.Struct, frozen=True):
    """How long a device is patient, in seconds."""

    open_s: float = OPEN_S
    welcome_s: float = WELCOME_S
    ping_every_s: float = PING_EVERY_S
    silent_s: float = SILENT_S
    stalled_s: float = STALLED_S
    overdue_s: float = OVERDUE_S
    close_s: float = GOODBYE_S
    refused_s: float = REFUSED_S


class ServerTiming(msgspec.Struct, frozen=True):
    """How long a server is patient, in seconds.

    Devices that come back spread over `return_within_s`; None: as long as their number asks for.
    """

    return_within_s: float | None = None
    request_s: float = REQUEST_S
    hello_s: float = HELLO_S
    ping_every_s: float = PING_EVERY_S
    idle_s: float = SILENT_S
    command_s: float = COMMAND_S
    goodbye_s: float = GOODBYE_S
