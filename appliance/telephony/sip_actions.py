"""What the SIP server asks the world to do, and where its peers are. Values only."""

from typing import Final, Literal, NamedTuple

from appliance.telephony.sdp_answer import StreamOffer
from appliance.telephony.siprec_metadata import Metadata

Transport = Literal["udp", "tcp", "tls"]
CloseReason = Literal["bye", "cancelled", "unacknowledged", "expired", "gone", "stopped"]
"""Why a session is over. `unacknowledged`: our answer was never acknowledged; `expired`: its session timer ran out;
`gone`: the client does not know it any more, or did not answer; `stopped`: we have hung up."""

UNRELIABLE: Final = "udp"


class Peer(NamedTuple):
    """Where a message came from and on which of our addresses; `connection` numbers a stream, 0 for datagrams."""

    transport: Transport
    host: str
    port: int
    local_host: str
    local_port: int
    connection: int = 0


class Send(NamedTuple):
    """Send these bytes; on a stream whose connection is gone they are lost, which the timers make good."""

    data: bytes
    peer: Peer


class Offered(NamedTuple):
    """A session is new or changed, and `RecordingServer.accept` waits for the ports of its streams.

    Streams of sections that were there before keep their ports; those that are gone from the list are closed.
    """

    session: str
    streams: tuple[StreamOffer, ...]
    metadata: Metadata
    notices: tuple[str, ...]
    local_host: str
    """Our address on which the client reaches us: its streams go there too."""


class Confirmed(NamedTuple):
    """The client has acknowledged our answer to a new session, or sent metadata alone: nothing is asked."""

    session: str
    metadata: Metadata


class Closed(NamedTuple):
    """A session is over; its ports are free."""

    session: str
    reason: CloseReason


class Refused(NamedTuple):
    """A request was answered with an error, or not at all (status 0); for the log."""

    peer: Peer
    status: int
    what: str


Action = Send | Offered | Confirmed | Closed | Refused
