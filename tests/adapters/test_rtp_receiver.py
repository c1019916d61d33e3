"""RTP over real sockets: packets of real telephones, sent again at their pace."""

import asyncio
import itertools
import re
import socket
import time
from collections.abc import AsyncIterator

import pytest

from appliance.adapters.capture import Capture
from appliance.adapters.line import Step
from appliance.adapters.rtp_cipher import keystream
from appliance.adapters.rtp_receiver import REPORT_EVERY_S, Agreement, RtpReceiver
from appliance.adapters.rtp_socket import MOST_AT_ONCE, RtpSocket
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ, Gap, KeyPressed
from appliance.speech.frames import FRAME_SAMPLES, Frame, Withheld
from appliance.telephony.rtcp import Goodbye, ReceiverReport, parse_rtcp, write_goodbye
from appliance.telephony.rtp import is_rtcp, looks_like_rtp, write_rtp
from appliance.telephony.rtp_payloads import STATIC_PAYLOADS
from appliance.telephony.srtp import SrtpKey, SrtpSession, parse_key
from tests.telephony.rtp_captures import SIP_PORT, datagrams, packet, stream

HERE = "127.0.0.1"
PLAIN = Agreement(STATIC_PAYLOADS)


def receiver(*, keep_keys: bool = False) -> RtpReceiver:
    opened = RtpReceiver(HERE, ("agent", "caller"), cname="box", keep_keys=keep_keys)
    opened.agree("agent", PLAIN)
    opened.agree("caller", PLAIN)
    return opened


async def taken(steps: AsyncIterator[Step]) -> list[Step]:
    return [step async for step in steps]


async def replayed(opened: RtpReceiver, sent: dict[str, list[tuple[float, bytes]]]) -> list[Step]:
    """Send each side's packets at their times, then end the call; give its steps."""
    listening = asyncio.create_task(taken(opened.steps()))
    await asyncio.sleep(0)
    began_s = time.monotonic()
    ports = {str(side): port for side, port in opened.ports.items()}
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with out:
        for at_s, side, data in sorted((at_s, side, data) for side, each in sent.items() for at_s, data in each):
            await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
            out.sendto(data, (HERE, ports[side]))
        await asyncio.sleep(0.1)
        opened.end()
        return await listening


def voice(last_octet: int, until_s: float) -> list[tuple[float, bytes]]:
    return [(at_s, write_rtp(each)) for at_s, each in stream("call_pcmu_keys", last_octet) if at_s < until_s]


def test_a_call_comes_as_steps_of_both_sides_with_its_losses_and_keys() -> None:
    opened = receiver()
    caller = voice(2, 2.2)
    del caller[30:33]
    steps = asyncio.run(replayed(opened, {"agent": voice(1, 2.2), "caller": caller}))
    parts = [part for step in steps for part in step]
    for side in ("agent", "caller"):
        positions = [part.sample for part in parts if isinstance(part, Frame) and part.side == side]
        assert positions == list(range(0, len(positions) * FRAME_SAMPLES, FRAME_SAMPLES))
        assert len(positions) >= 2.2 * 50
    gaps = [part for part in parts if isinstance(part, Gap)]
    assert sum(gap.end_sample - gap.start_sample for gap in gaps if gap.who == "caller") >= 3 * FRAME_SAMPLES
    keys = [part for part in parts if isinstance(part, KeyPressed)]
    assert keys
    assert not any(key.key for key in keys)
    assert opened.report("caller").counts.lost == 3
    assert opened.report("agent").undecodable == 0


def protected_voice() -> tuple[SrtpKey, list[bytes], list[bytes]]:
    """Give the key of a captured sender, its protected packets, and its protected reports."""
    captured = [each for _, each in datagrams("call_pcma_srtp")]
    offers = ((each.source.host, re.search(rb"a=crypto:\d+ (\S+) (\S+)", each.payload)) for each in captured)
    host, crypto = next((host, found) for host, found in offers if found)
    sent = [each.payload for each in captured if each.source.host == host and each.source.port != SIP_PORT]
    voice, reports = filter(looks_like_rtp, sent), (data for data in sent if is_rtcp(data) and len(data) == 30)
    return parse_key(crypto[1].decode(), crypto[2].decode()), list(voice), list(reports)


def test_a_protected_voice_is_opened_and_one_that_proves_nothing_is_not_heard() -> None:
    key, sent, _ = protected_voice()
    opened = receiver()
    opened.agree("caller", Agreement(STATIC_PAYLOADS, key))
    protected = [(0.02 * number, data) for number, data in enumerate(sent[:40])]
    forged = [(0.02 * number + 0.01, packet("pcmu")) for number in range(10)]
    asyncio.run(replayed(opened, {"caller": protected + forged}))
    # How many of them came in time is the machine's matter; the forged ones count nowhere.
    counts = opened.report("caller").counts
    assert counts.received == 40
    assert counts.played


async def told(agreement: Agreement, sent: list[bytes], report: bytes) -> list[bytes]:
    """Give what a sender hears of its voice."""
    opened = receiver()
    opened.agree("agent", agreement)
    listening = asyncio.create_task(taken(opened.steps()))
    sender = RtpSocket(HERE)
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with out:
        for data in sent[:5]:
            out.sendto(data, (HERE, opened.ports["agent"]))
        sender.send_rtcp(report, (HERE, opened.ports["agent"] + 1))
        await asyncio.sleep(0.2)
        opened.end()
        await listening
        await asyncio.sleep(0.05)
    came = [each.data for each in sender.take_rtcp()]
    sender.close()
    return came


def test_the_sender_of_a_protected_voice_is_told_under_our_key() -> None:
    key, sent, reports = protected_voice()
    ours = SrtpKey(key.suite, bytes(range(16)), bytes(range(14)))
    came = asyncio.run(told(Agreement(STATIC_PAYLOADS, key, own_key=ours), sent, reports[0]))
    session = SrtpSession(ours, keystream)
    first, *_, last = (parse_rtcp(session.open_rtcp(data)) for data in came)
    assert isinstance(first[0], ReceiverReport)
    assert first[0].reports
    assert isinstance(last[-1], Goodbye)


def test_the_sender_is_told_how_it_is_received_and_when_it_is_over() -> None:
    spoken = [data for _, data in voice(1, 1.0)]
    first, *_, last = asyncio.run(told(PLAIN, spoken, packet("rtcp_report")))
    report = parse_rtcp(first)[0]
    assert isinstance(report, ReceiverReport)
    assert report.reports[0].lost == 0
    assert isinstance(parse_rtcp(last)[-1], Goodbye)
    assert REPORT_EVERY_S >= 5


def test_a_goodbye_makes_the_silence_behind_it_no_loss() -> None:
    opened = receiver()
    sent = voice(1, 0.5)
    ssrc = stream("call_pcmu_keys", 1)[0][1].ssrc
    # On the port of the voice, as telephones do that need but one (RFC 5761).
    farewell = [(0.6, write_goodbye((ssrc,)))]
    steps = asyncio.run(replayed(opened, {"agent": sent + farewell, "caller": voice(2, 2.0)}))
    gaps = [part for step in steps for part in step if isinstance(part, Gap) and part.who == "agent"]
    assert not [gap for gap in gaps if gap.end_sample > 0.5 * SAMPLE_RATE_HZ + FRAME_SAMPLES]


def test_packets_that_waited_in_the_socket_are_known_by_when_they_came() -> None:
    here = RtpSocket(HERE)
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with out:
        out.sendto(b"first", (HERE, here.port))
        time.sleep(0.2)
        out.sendto(b"second", (HERE, here.port))
        time.sleep(0.05)
        first, second = here.take_rtp()
        assert 0.15 < second.arrived_s - first.arrived_s < 1.0
        assert time.monotonic() - second.arrived_s > 0.04
        for _ in range(MOST_AT_ONCE + 10):
            out.sendto(b"flood", (HERE, here.port))
    assert len(here.take_rtp()) <= MOST_AT_ONCE
    here.close()


def test_ports_come_in_pairs_and_are_given_back() -> None:
    opened = receiver()
    assert all(port % 2 == 0 for port in opened.ports.values())
    opened.end()
    asyncio.run(taken(opened.steps()))
    again = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with again:
        again.bind((HERE, opened.ports["agent"]))


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(BadInputError, match="no UDP port can be opened"):
        RtpReceiver("192.0.2.1", ("agent",), cname="box")


def test_a_muted_receiver_takes_no_packet_from_the_kernel_but_its_header_and_goes_on_in_its_place() -> None:
    capture = Capture()
    opened = RtpReceiver(HERE, ("agent", "caller"), cname="box", capture=capture)
    opened.agree("agent", PLAIN)
    opened.agree("caller", PLAIN)

    async def run() -> list[Step]:
        playing = asyncio.create_task(replayed(opened, {"agent": voice(1, 2.2), "caller": voice(2, 2.2)}))
        await asyncio.sleep(0.7)
        assert capture.captures()
        capture.mute()
        await asyncio.sleep(0.1)
        assert not capture.captures()
        await asyncio.sleep(0.6)
        came = opened.came
        assert came > opened.report("agent").counts.received + opened.report("caller").counts.received
        capture.unmute()
        return await playing

    parts = [part for step in asyncio.run(run()) for part in step]
    for side in ("agent", "caller"):
        spans = [
            (part.sample, part.sample + FRAME_SAMPLES)
            if isinstance(part, Frame)
            else (part.start_sample, part.end_sample)
            for part in parts
            if isinstance(part, Frame | Withheld) and part.side == side
        ]
        assert spans[0][0] == 0
        assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
        heard = [part for part in parts if isinstance(part, Frame) and part.side == side]
        withheld = [part for part in parts if isinstance(part, Withheld) and part.side == side]
        assert heard[-1].sample > withheld[-1].end_sample
        assert any(frame.pcm[::16].strip(b"\0") for frame in heard if frame.sample > withheld[-1].end_sample)
    inside = [part for part in parts if isinstance(part, Gap) and part.end_sample > withheld[0].start_sample]
    assert not [gap for gap in inside if gap.start_sample < withheld[-1].end_sample]
    assert not capture.captures()
