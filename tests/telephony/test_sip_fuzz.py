"""Mutated messages against every parser: nothing escapes but the declared error, and nothing takes long.

A fixed seed, so that a failure comes again; the long run (`-m soak`) takes 10⁵ messages.
"""

import random
import time
from collections.abc import Callable

import pytest

from appliance.telephony.multipart import parse_body
from appliance.telephony.sdp import parse_sdp
from appliance.telephony.sdp_answer import acceptable_streams
from appliance.telephony.sip_headers import parse_address, parse_uri, parse_via
from appliance.telephony.sip_message import parse_message
from appliance.telephony.sip_status import RefusedError
from appliance.telephony.sip_stream import StreamFramer
from appliance.telephony.siprec_metadata import parse_metadata
from tests.telephony.siprec_client import Client
from tests.telephony.siprec_messages import BOUNDARY, DIALECTS, capture, offer, request, siprec_body

SLOWEST_S = 2.0
"""For one message; they take a millisecond. A regular expression that has run away takes minutes."""

ALPHABET = b"\0\r\n\t \"'<>;:,=@%&\\/-_.*?0919azAZ\xc3\xff"
PIECES = [b"\r\n\r\n", b"--" + BOUNDARY.encode(), b"Content-Length: 5\r\n", b"<!DOCTYPE a>", b"&lt;", b"a=label:96\r\n"]
MESSAGES = [
    request(),
    request("BYE", cseq=2),
    request("UPDATE", capture("partial_transfer.xml"), cseq=3, kind="application/rs-metadata+xml"),
    request("OPTIONS", cseq=4, more=('Authorization: Digest username="a", nonce="1-1-0", nc=00000001, qop=auth',)),
    request("ACK"),
    b"SIP/2.0 200 OK\r\n" + request("BYE", cseq=1, to_tag="x").partition(b"\r\n")[2],
]
TEXTS = [
    b'"A, B" <sip:a@[::1]:5060;lr>;tag=1',
    b"SIP/2.0/UDP a.example:5060;branch=z9hG4bK1;rport",
    b"sips:a:b@c:1;x?y=z",
]


def mutated(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at, length = chance.randrange(len(data) + 1), chance.choice((0, 1, 1, 2, 10, 200))
        piece = bytes(chance.choice(ALPHABET) for _ in range(chance.choice((0, 1, 1, 3))))
        piece = chance.choice((piece, piece, chance.choice(PIECES), data[at : at + length] * chance.choice((2, 50))))
        data = data[:at] + piece + data[at + chance.choice((0, length)) :]
    return data


def into_framer(data: bytes) -> None:
    framer = StreamFramer()
    for at in range(0, len(data), 100):
        framer.receive(data[at : at + 100])


def into_text(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    parse = parse_via if text.startswith("SIP") else parse_address if text.startswith('"') else parse_uri
    parse(text)


TARGETS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "message": (parse_message, MESSAGES),
    "stream": (into_framer, [MESSAGES[0] + MESSAGES[1]]),
    "header": (into_text, TEXTS),
    "description": (lambda data: acceptable_streams(parse_sdp(data), most=8), [offer()]),
    "body": (lambda data: parse_body(f"multipart/mixed;boundary={BOUNDARY}", data), [siprec_body()]),
    "metadata": (parse_metadata, [capture(name) for name in (*DIALECTS, "partial_transfer.xml")]),
}


def run(target: str, count: int) -> float:
    chance = random.Random(f"{target} {count}")
    parse, seeds = TARGETS[target]
    slowest_s, refused = 0.0, 0
    for _ in range(count):
        data = mutated(chance, chance.choice(seeds))
        began_s = time.perf_counter()
        try:
            parse(data)
        except RefusedError:
            refused += 1
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
    assert 0 < refused < count  # neither noise that nobody reads on, nor all of it harmless
    return slowest_s


def run_server(count: int) -> None:
    chance = random.Random(count)
    client = Client()
    for number in range(count):
        call_id = f"call-{number - number % 50}"
        if number % 50 == 0:
            client.invite(call_id)
        raw = mutated(chance, chance.choice(MESSAGES)).replace(b"call-1", call_id.encode())
        client.send(raw.replace(b"2.1>\r", b"2.1>;tag=" + client.to_tag.encode() + b"\r"))
        client.wait(chance.choice((0, 0.1, 40)))
        assert client.server.open_sessions <= 2
    client.wait(10_000)  # whatever is over is forgotten
    assert len(client.server._sessions) == client.server.open_sessions


@pytest.mark.parametrize("target", TARGETS)
def test_a_mutated_message_is_read_or_refused(target: str) -> None:
    assert run(target, 400) < SLOWEST_S


def test_the_server_outlives_mutated_messages() -> None:
    run_server(600)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("target", TARGETS)
def test_many_mutated_messages_are_read_or_refused(target: str) -> None:
    assert run(target, 100_000) < SLOWEST_S


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_server_outlives_many_mutated_messages() -> None:
    run_server(100_000)
