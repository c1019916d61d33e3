"""Real sockets; peers that are slow, loud or rude."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.adapters.sip_transport import MAX_CONNECTIONS, Address, SipTransport
from appliance.errors import BadInputError
from appliance.telephony.sip_actions import Peer, Send, Transport
from appliance.telephony.sip_flood import BURST
from tests.telephony.siprec_messages import request

HERE = "127.0.0.1"
TLS = Path(__file__).parent / "tls"


class Echo:
    """Answers each message with its first line."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, message_s: float = 5.0) -> None:
        self.peers: list[Peer] = []
        self.transport = SipTransport(self.receive, lambda host: host == HERE, tls, message_s=message_s)

    def receive(self, data: bytes, peer: Peer) -> None:
        self.peers.append(peer)
        self.transport.send(Send(data.partition(b"\r\n")[0] + b"\r\n\r\n", peer))

    @property
    def port(self) -> int:
        return self.transport.addresses[0].port


@contextlib.asynccontextmanager
async def echo(kind: Transport, *, tls: ssl.SSLContext | None = None, message_s: float = 5.0) -> AsyncIterator[Echo]:
    running = Echo(tls=tls, message_s=message_s)
    await running.transport.listen(Address(kind, HERE, 0))
    try:
        yield running
    finally:
        running.transport.close()
        await asyncio.sleep(0)


def test_a_datagram_is_answered_to_its_source() -> None:
    async def scenario() -> None:
        async with echo("udp") as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                client.bind((HERE, 0))
                client.sendto(request("OPTIONS"), (HERE, server.port))
                answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 2_000), 5)
                assert answer.startswith(b"OPTIONS sip:")
                assert server.peers == [Peer("udp", HERE, client.getsockname()[1], HERE, server.port)]

    asyncio.run(scenario())


def test_messages_on_a_stream_are_cut_and_a_keep_alive_is_answered() -> None:
    async def scenario() -> None:
        async with echo("tcp") as server:
            reader, writer = await asyncio.open_connection(HERE, server.port)
            writer.write(request("OPTIONS") + request("BYE", cseq=2) + b"\r\n\r\n")
            answers = await asyncio.wait_for(reader.readexactly(len(b"OPTIONS sip:box@192.0.2.1 SIP/2.0\r\n\r\n")), 5)
            assert answers.startswith(b"OPTIONS")
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"BYE")
            assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\r\n"
            writer.close()

    asyncio.run(scenario())


def test_tls_carries_the_same() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "server-with-key.pem")
    trust = ssl.create_default_context(cafile=TLS / "ca.pem")

    async def scenario() -> None:
        async with echo("tls", tls=context) as server:
            reader, writer = await asyncio.open_connection(HERE, server.port, ssl=trust, server_hostname="localhost")
            writer.write(request("OPTIONS"))
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"OPTIONS")
            assert server.peers[0].transport == "tls"
            writer.close()
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                await writer.wait_closed()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param([b""], id="nothing"),
        pytest.param([b"INV", b"ITE ", b"sip", b":a", b" SI", b"P/2"], id="a byte now and then"),
        pytest.param([request()[:-1]], id="all but the last byte"),
        pytest.param([request("OPTIONS"), b"B", b"Y", b"E", b" ", b"s", b"i"], id="a second message"),
    ],
)
def test_a_slow_stream_is_cut_off_and_others_go_on(begun: list[bytes]) -> None:
    async def scenario() -> None:
        async with echo("tcp", message_s=0.3) as server:
            reader, writer = await asyncio.open_connection(HERE, server.port)
            for piece in begun:
                writer.write(piece)
                await asyncio.sleep(0.06)
            other_reader, other = await asyncio.open_connection(HERE, server.port)
            other.write(request("OPTIONS"))
            await asyncio.wait_for(other_reader.readuntil(b"\r\n\r\n"), 5)
            with contextlib.suppress(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 2)  # to its end
            other.write(request("OPTIONS"))  # the one that has finished its message is never cut off
            await asyncio.wait_for(other_reader.readuntil(b"\r\n\r\n"), 5)
            writer.close()
            other.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("rude", [b"\x16\x03\x01" * 8_000, b"BYE sip:a SIP/2.0\r\nContent-Length: 999999999\r\n\r\n"])
def test_a_stream_that_is_no_sip_is_cut_off_at_once(rude: bytes) -> None:
    async def scenario() -> None:
        async with echo("tcp") as server:
            reader, writer = await asyncio.open_connection(HERE, server.port)
            writer.write(rude)
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 2) == b""
            assert server.peers == []
            writer.close()

    asyncio.run(scenario())


def test_more_connections_than_allowed_are_closed() -> None:
    async def scenario() -> None:
        async with echo("tcp") as server:
            writers = [(await asyncio.open_connection(HERE, server.port))[1] for _ in range(MAX_CONNECTIONS)]
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection(HERE, server.port)
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 2) == b""
            for each in (*writers, writer):
                each.close()

    asyncio.run(scenario())


def test_a_flood_of_datagrams_passes_in_measure_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with echo("udp") as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                for number in range(4 * int(BURST)):
                    client.sendto(b"INVITE", (HERE, server.port))
                    if number % 50 == 0:
                        await asyncio.sleep(0.001)
                await asyncio.sleep(0.1)
            server.transport.tell_floods()
            server.transport.tell_floods()
            assert BURST <= len(server.peers) < 2 * BURST

    asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records] == [f"event=sip_flood_began host={HERE} dropped=1"]


def test_an_address_that_is_taken_is_a_plain_error() -> None:
    async def scenario() -> None:
        async with echo("tcp") as server:
            await server.transport.listen(Address("tcp", HERE, server.port))

    with pytest.raises(BadInputError, match="cannot listen"):
        asyncio.run(scenario())
