"""Mutated packets of real telephones: whatever comes, it is read or refused as bad input, in bounded time."""

import contextlib
import io
import random
from collections.abc import Callable
from typing import Final, Literal

import pytest

from appliance.adapters.av_codecs import decoder
from appliance.adapters.rtp_cipher import keystream
from appliance.errors import BadInputError
from appliance.telephony.dtmf import Keypad
from appliance.telephony.ethernet import Dissector
from appliance.telephony.jitter_buffer import JitterBuffer
from appliance.telephony.pcap import read_capture
from appliance.telephony.rtcp import parse_rtcp
from appliance.telephony.rtp import parse_rtp
from appliance.telephony.rtp_payloads import STATIC_PAYLOADS, VOICES
from appliance.telephony.rtp_voice import Voice
from appliance.telephony.srtp import SrtpSession, parse_key
from appliance.telephony.tap import MOST_ADDRESSES, Tap
from appliance.telephony.tap_roles import agent_rule

from .rtp_captures import FOLDER, datagrams, packet
from .test_pcap import pcapng

PACKETS: Final = [path.read_bytes() for path in sorted(FOLDER.glob("*.bin"))]
CAPTURES: Final = [(FOLDER / "call_opus.pcap").read_bytes()[:3_000], pcapng("<"), pcapng(">")]
KEY: Final = parse_key("AES_CM_128_HMAC_SHA1_80", "inline:pGxKBE2uJXJbMmisj77TvL40xLhGodUbH0ZhOvca")
FORMATS: Final = {**STATIC_PAYLOADS, 96: VOICES["OPUS"]}

FEW, MANY = 1_000, 100_000


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Give the packet with some bits turned, bytes put in, taken out or set to an edge, or its end cut off."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(changed):
                changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                changed[at:at] = chance.randbytes(chance.randint(1, 9))
            case 3:
                del changed[at : at + chance.randint(1, 9)]
            case _:
                del changed[at:]
    return bytes(changed)


def every_packet(times: int, take: Callable[[bytes], object], source: list[bytes] = PACKETS) -> None:
    chance = random.Random(6)
    for number in range(times):
        with contextlib.suppress(BadInputError):
            take(mutated(source[number % len(source)], chance))


def soaked(few: int = FEW, many: int = MANY) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("times", [few, pytest.param(many, marks=pytest.mark.soak)])


@soaked()
def test_rtp(times: int) -> None:
    every_packet(times, parse_rtp)


@soaked()
def test_rtcp(times: int) -> None:
    every_packet(times, parse_rtcp)


@soaked()
def test_srtp(times: int) -> None:
    session = SrtpSession(KEY, keystream)
    every_packet(times, session.open_rtp)
    every_packet(times, session.open_rtcp)


@soaked()
def test_keys(times: int) -> None:
    keypad = Keypad()
    every_packet(times, lambda data: keypad.receive(data[12:], len(data)))


@soaked()
def test_what_a_wire_carries(times: int) -> None:
    frames = [each.data for each in read_capture(io.BytesIO(CAPTURES[0]).read, "")]
    dissector = Dissector()
    every_packet(times, lambda data: dissector.datagram(random.choice((1, 101, 113, 276)), data, 0.0), frames)


@soaked(300, MANY)
def test_captures(times: int) -> None:
    def read(file: bytes) -> None:
        packets = list(read_capture(io.BytesIO(file).read, "call.pcap"))
        assert sum(len(each.data) for each in packets) <= len(file)

    every_packet(times, read, CAPTURES)


@soaked(600, MANY)
def test_a_tap_on_a_call_whose_packets_and_messages_are_broken(times: int) -> None:
    chance = random.Random(6)
    names = ("call_pcma_srtp", "call_pcmu_keys")
    captured = [list(datagrams(name)) for name in names]
    tap = Tap(agent_rule(("10.77.0.1",)), keystream)
    for number in range(times):
        call = captured[number // 500 % len(names)]
        at_s, datagram = call[number % len(call)]
        broken = mutated(datagram.payload, chance) if chance.random() < 0.3 else datagram.payload
        transport: Literal["udp", "tcp"] = "tcp" if chance.random() < 0.05 else "udp"
        tap.receive(datagram._replace(payload=broken, transport=transport, sequence=number), at_s + number)
        tap.expire(at_s + number)
        assert len(tap._routes) <= MOST_ADDRESSES


@soaked(600, MANY)
def test_a_whole_side_of_a_call(times: int) -> None:
    """Broken packets among good ones: sound goes on, with exactly as many samples as the buffer says."""
    chance, buffer, voice = random.Random(6), JitterBuffer(), Voice(decoder)
    good = parse_rtp(packet("pcmu"))
    samples = 0
    for number in range(times):
        now_s = (number + 1) * 0.02
        came = good._replace(sequence=number % 65_536, timestamp=160 * number)
        if number % 3 == 2:
            with contextlib.suppress(BadInputError):
                came = parse_rtp(mutated(chance.choice(PACKETS), chance))
        samples += len(voice.render(buffer.advance(now_s)))
        buffer.receive(came, FORMATS.get(came.payload_type), now_s)
        samples += len(voice.render(buffer.advance(now_s)))
        assert samples == buffer.cursor
        assert abs(buffer.cursor / 16_000 - now_s) < 3.0
