"""SIP over UDP, TCP and TLS: whole messages in, messages out; hostile peers are bounded (RFC 3261 §18).

One `SipTransport` has any number of addresses to listen at. A stream has to bring each message within `message_s` from
its first byte on, and its first one within that time: who is slower is cut off.
"""

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from appliance.errors import BadInputError
from appliance.telephony.sip_actions import Peer, Send, Transport
from appliance.telephony.sip_flood import FloodGate
from appliance.telephony.sip_message import NotSipError
from appliance.telephony.sip_stream import PONG, StreamFramer

log = logging.getLogger(__name__)

MESSAGE_S: Final = 10.0
"""For one message over a stream; a SIPREC INVITE of 8 KB needs less over any line that carries its voices."""

MAX_CONNECTIONS: Final = 64
"""A session border controller holds one or two; an exchange one for each call at worst."""

MAX_UNSENT_BYTES: Final = 262_144
"""Answers that a stream's peer does not take; beyond it is cut off."""

Receive = Callable[[bytes, Peer], None]


class Address(NamedTuple):
    """Where to listen."""

    transport: Transport
    host: str
    port: int


class SipTransport:
    """Hands every whole message of an allowed pace to `receive`; `allows` tells whose connections are taken."""

    def __init__(
        self,
        receive: Receive,
        allows: Callable[[str], bool],
        tls: ssl.SSLContext | None = None,
        *,
        message_s: float = MESSAGE_S,
    ) -> None:
        self.message_s = message_s
        self._receive = receive
        self._allows = allows
        self._tls = tls
        self._gate = FloodGate()
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._servers: list[asyncio.Server] = []
        self._connections: dict[int, _Connection] = {}
        self._numbers = 0
        self.addresses: list[Address] = []
        """Where it listens, with the real port where 0 was asked for."""

    async def listen(self, address: Address) -> None:
        """Begin to listen. Raises `BadInputError` when that is not possible."""
        loop = asyncio.get_running_loop()
        try:
            if address.transport == "udp":
                endpoint = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._take_datagram), local_addr=(address.host, address.port)
                )
                self._datagrams.append(endpoint[0])
                port = endpoint[0].get_extra_info("sockname")[1]
            else:
                tls = self._tls if address.transport == "tls" else None
                server = await loop.create_server(
                    lambda: _Connection(self, address.transport),
                    address.host,
                    address.port,
                    ssl=tls,
                    ssl_handshake_timeout=self.message_s if tls else None,
                )
                self._servers.append(server)
                port = server.sockets[0].getsockname()[1]
        except OSError as error:
            where = f"{address.transport}:{address.host}:{address.port}"
            mend = "check the address, and that nothing else listens there"
            raise BadInputError(f"cannot listen for SIP ({error.strerror})", where=where, mend=mend) from error
        self.addresses.append(address._replace(port=port))

    def send(self, message: Send) -> None:
        """Send a message; what cannot be sent is lost, and SIP's timers make it good."""
        if message.peer.transport == "udp":
            for endpoint in self._datagrams:
                if endpoint.get_extra_info("sockname")[1] == message.peer.local_port:
                    endpoint.sendto(message.data, (message.peer.host, message.peer.port))
                    return
        elif connection := self._connection(message.peer):
            connection.send(message.data)

    def close(self) -> None:
        """Stop listening and close all connections."""
        for server in self._servers:
            server.close()
        for connection in tuple(self._connections.values()):
            connection.close()
        for endpoint in self._datagrams:
            endpoint.close()

    def tell_floods(self) -> None:
        """Log each flood once when it begins and once when it is over; to be called now and then."""
        for flood in self._gate.news(time.monotonic()):
            event = "sip_flood_began" if flood.dropped == 1 else "sip_flood_over"
            log.warning("event=%s host=%s dropped=%d", event, flood.host or "not_allowed", flood.dropped)

    def take(self, data: bytes, peer: Peer) -> None:
        """Take a whole message of a stream, unless its host sends too many."""
        if self._admits(peer.host):
            self._receive(data, peer)

    def open(self, connection: "_Connection", host: str) -> int:
        """Give a new connection its number; 0 when it is not taken."""
        if not self._allows(host) or len(self._connections) >= MAX_CONNECTIONS:
            self._gate.admits(host, time.monotonic(), allowed=False)  # counted, so that it is told
            return 0
        self._numbers += 1
        self._connections[self._numbers] = connection
        return self._numbers

    def forget(self, number: int) -> None:
        """Take that a connection is closed."""
        self._connections.pop(number, None)

    def _connection(self, peer: Peer) -> "_Connection | None":
        """Give the peer's connection; where that is gone, the newest of its host.

        An exchange that was cut off comes back by another one, and knows its calls by their names.
        """
        if connection := self._connections.get(peer.connection):
            return connection
        others = (each for each in reversed(self._connections.values()) if each.is_of(peer))
        return next(others, None)

    def _take_datagram(self, data: bytes, host: str, port: int, local_port: int) -> None:
        if self._admits(host) and (local_host := _route(host)):
            self._receive(data, Peer("udp", host, port, local_host, local_port))

    def _admits(self, host: str) -> bool:
        return self._gate.admits(host, time.monotonic(), allowed=self._allows(host))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, str, int, int], None]) -> None:
        self._take = take
        self._local_port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._local_port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr[0].partition("%")[0], addr[1], self._local_port)


class _Connection(asyncio.Protocol):
    def __init__(self, owner: SipTransport, kind: Transport) -> None:
        self._owner = owner
        self._kind = kind
        self._framer = StreamFramer()
        self._number = 0
        self._transport: asyncio.Transport
        self._peer: Peer
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's is one
        self._transport = transport
        remote, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._number = self._owner.open(self, remote[0])
        if not self._number:
            transport.abort()
            return
        transport.set_write_buffer_limits(MAX_UNSENT_BYTES)
        self._peer = Peer(self._kind, remote[0], remote[1], local[0], local[1], self._number)
        self._expect()

    def data_received(self, data: bytes) -> None:
        if not self._number:
            return
        try:
            messages = self._framer.receive(data)
        except NotSipError as error:
            log.info("event=sip_connection_cut host=%s reason=%r", self._peer.host, error.what)
            self.close()
            return
        if messages:
            self._forget_deadline()
        if not self._framer.is_idle:
            self._expect()
        for message in messages:
            if message == PONG:
                self.send(PONG)
            else:
                self._owner.take(message, self._peer)

    def pause_writing(self) -> None:
        log.info("event=sip_connection_cut host=%s reason='it takes no answers'", self._peer.host)
        self.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._forget_deadline()
        self._owner.forget(self._number)

    def is_of(self, peer: Peer) -> bool:
        return (self._peer.transport, self._peer.host) == (peer.transport, peer.host)

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.abort()

    def _expect(self) -> None:
        """Cut the stream off unless a whole message comes in time; the time of one that has begun goes on."""
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(self._owner.message_s, self.close)

    def _forget_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


@functools.lru_cache(maxsize=256)
def _route(host: str) -> str:
    """Give the address of ours from which this peer is reached, "" for none; asked of the kernel, nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(_family(host), socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # any port
        found: str = probe.getsockname()[0]
        return found
    return ""


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
