"""RTP as the line: packets that are used of those that came, how long they wait, what losses cost, CPU.

Packets are those of real telephones (`tests/captures/rtp`, and with `--data` the captures below that folder), or a
shipped call in packets of 20 ms. The network is simulated and seeded: each packet is lost by chance, and delayed by a
chance of up to `REORDERING_S`, so that packets overtake each other. The peer, aiortc's jitter buffer as its receiver
sets it up for sound, gets the same packets at the same times.
"""

import random
import statistics
import struct
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soxr

from appliance.adapters.av_codecs import decoder
from appliance.adapters.recording import Recording
from appliance.adapters.rtp_cipher import keystream
from appliance.adapters.rtp_sides import RtpSides
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import Frame, Side
from appliance.telephony.codecs import Samples, decode_ulaw
from appliance.telephony.ethernet import LINK_RAW, Dissector
from appliance.telephony.jitter_actions import Play
from appliance.telephony.jitter_buffer import JitterBuffer
from appliance.telephony.pcap import read_capture
from appliance.telephony.rtp import Packet, looks_like_rtp, parse_rtp, write_rtp
from appliance.telephony.rtp_payloads import STATIC_PAYLOADS, VOICES, PayloadFormat
from appliance.telephony.tap import Heard, Tap
from appliance.telephony.tap_roles import agent_rule
from tests.bench import hearing
from tests.bench.bench_recognition import ENGLISH
from tests.bench.error_rate import read_truth, word_error_rate
from tests.bench.options import Options, SkippedError, say
from tests.bench.rows import Row, row

LOSS: Final = 0.05
REORDERING_S: Final = 0.030
SPEECH_LOSS: Final = 0.03
SEEDS: Final = 3
TURN_S: Final = 0.020
SIDES: Final[tuple[Side, ...]] = ("agent", "caller")
CAPTURES: Final = Path(__file__).parents[1] / "captures" / "rtp"
FORMATS: Final = {**STATIC_PAYLOADS, 96: VOICES["OPUS"]}

Arrival = tuple[float, Packet]


class Outcome(NamedTuple):
    """Packets that came, those that were used, and how long each of these waited."""

    received: int
    used: int
    waited_s: list[float]


def rows(options: Options) -> list[Row]:
    """Measure all of it; what is missing here is said, and left out."""
    return [*_network_rows(options.data), *_cpu_rows(), *_speech_rows()]


def _network_rows(data: Path | None) -> Iterator[Row]:
    streams = [stream for file in _captures(data) for stream in _streams(file)]
    spoilt = [_spoilt(stream, random.Random(seed)) for stream in streams for seed in range(SEEDS)]
    ours, theirs = _joined([_through_ours(each) for each in spoilt]), _peer(spoilt)
    unit = f"of {ours.received} packets, {len(streams)} streams"
    yield row(
        "line.rtp.used_at_5_percent_loss_30_ms_reordering",
        ours.used / ours.received,
        unit,
        peer="aiortc" if theirs else "",
        peer_value=theirs.used / theirs.received if theirs else None,
        bar="value >= 1",
    )
    yield row(
        "line.rtp.added_delay_median",
        statistics.median(ours.waited_s) * 1000,
        "ms, turns of 20 ms included",
        peer="aiortc" if theirs else "",
        peer_value=statistics.median(theirs.waited_s) * 1000 if theirs else None,
        bar="value <= 60",
    )
    yield row("line.rtp.added_delay_99th", float(np.percentile(ours.waited_s, 99)) * 1000, "ms")


def _captures(data: Path | None) -> list[Path]:
    more = sorted(data.rglob("*.pcap")) if data else []
    return [*(CAPTURES / f"call_{name}.pcap" for name in ("pcmu_keys", "g722", "opus")), *more]


def _streams(file: Path) -> list[list[Arrival]]:
    """Give the voices of a capture, each packet at its time."""
    found: dict[int, list[Arrival]] = {}
    dissector = Dissector()
    with file.open("rb") as source:
        for captured in read_capture(source.read, str(file)):
            datagram = dissector.datagram(captured.link, captured.data, captured.captured_s)
            if datagram and datagram.transport == "udp" and looks_like_rtp(datagram.payload):
                packet = parse_rtp(datagram.payload)
                if (form := FORMATS.get(packet.payload_type)) and form.is_voice:
                    found.setdefault(packet.ssrc, []).append((captured.captured_s, packet))
    # Packets of a voice alone, in one sequence: keys between them would count as lost.
    long = [stream for stream in found.values() if len(stream) > 50]
    return [
        [
            (at_s - stream[0][0] + TURN_S, packet._replace(sequence=number))
            for number, (at_s, packet) in enumerate(stream)
        ]
        for stream in long
    ]


def _spoilt(stream: list[Arrival], chance: random.Random) -> list[Arrival]:
    first, *rest = stream
    kept = [(at_s + chance.uniform(0, REORDERING_S), packet) for at_s, packet in rest if chance.random() >= LOSS]
    return sorted([first, *kept], key=lambda each: each[0])


def _through_ours(arrivals: list[Arrival]) -> Outcome:
    """Give the packets to our buffer as the receiver does: all sockets are read once in a turn."""
    buffer, waited_s, at_of = JitterBuffer(), list[float](), dict[int, float]()
    turn_s, pending = 0.0, list(reversed(arrivals))
    while pending:
        turn_s += TURN_S
        actions = []
        while pending and pending[-1][0] <= turn_s:
            at_s, packet = pending.pop()
            at_of[id(packet.payload)] = at_s
            actions += buffer.advance(at_s)
            buffer.receive(packet, FORMATS[packet.payload_type], at_s)
        actions += buffer.advance(turn_s)
        waited_s += [turn_s - at_of[id(each.payload)] for each in actions if isinstance(each, Play)]
    last = [turn_s - at_of[id(each.payload)] for each in buffer.finish(turn_s) if isinstance(each, Play)]
    return Outcome(buffer.counts.received, buffer.counts.played, waited_s + last)


def _peer(spoilt: list[list[Arrival]]) -> Outcome | None:
    try:
        from aiortc.jitterbuffer import JitterBuffer as TheirBuffer  # noqa: PLC0415 - of the extra `bench`
        from aiortc.rtp import RtpPacket  # noqa: PLC0415
    except ImportError:
        say("aiortc skipped: it is not installed; install Undertone with the extra `bench`")
        return None
    outcomes: list[Outcome] = []
    for arrivals in spoilt:
        # As in aiortc.rtcrtpreceiver for sound. Each payload names its packet: a frame joins those of one timestamp.
        buffer = TheirBuffer(capacity=16, prefetch=4)
        used, waited_s = 0, list[float]()
        came_s = {packet.sequence: at_s for at_s, packet in arrivals}
        for at_s, packet in arrivals:
            theirs = RtpPacket(sequence_number=packet.sequence, timestamp=packet.timestamp, ssrc=packet.ssrc)
            theirs._data = struct.pack(">I", packet.sequence)
            _, frame = buffer.add(theirs)
            if frame:
                names = struct.unpack(f">{len(frame.data) // 4}I", frame.data)
                used += len(names)
                waited_s += [at_s - came_s[name] for name in names]
        held = sum(each is not None for each in buffer._packets)  # still to be played when the stream ends
        outcomes.append(Outcome(len(arrivals), used + held, waited_s))
    return _joined(outcomes)


def _joined(outcomes: list[Outcome]) -> Outcome:
    waited_s = [each for outcome in outcomes for each in outcome.waited_s]
    return Outcome(sum(each.received for each in outcomes), sum(each.used for each in outcomes), waited_s)


def _packets(call: Path) -> list[list[Arrival]]:
    """Give each side of a recorded call as µ-law in packets of 20 ms."""
    steps = list(Recording(call).frames())
    codes = decode_ulaw(bytes(range(256))).astype(np.int32)
    order = np.argsort(codes, kind="stable")
    streams = []
    for side in range(len(SIDES)):
        pcm = np.frombuffer(b"".join(step[side].pcm for step in steps), np.int16).astype(np.float32)
        samples = soxr.resample(pcm, SAMPLE_RATE_HZ, 8_000)
        nearest = np.searchsorted((codes[order][1:] + codes[order][:-1]) / 2, samples)
        coded = order[nearest].astype(np.uint8).tobytes()
        streams.append(
            [
                ((number + 1) * TURN_S, Packet(0, number % 65_536, 160 * number, side, coded[160 * number :][:160]))
                for number in range(len(coded) // 160)
            ]
        )
    return streams


def _cpu_rows() -> Iterator[Row]:
    for name, form in (("pcmu", VOICES["PCMU"]), ("g722", VOICES["G722"])):
        streams = _packets(ENGLISH[0])
        seconds = len(streams[0]) * TURN_S
        spent_s = min(_cpu_s(streams, form) for _ in range(SEEDS))
        yield row(f"line.rtp.cpu_{name}", 100 * spent_s / seconds, "% of one core per call", bar="value <= 2")


def _cpu_s(streams: list[list[Arrival]], form: PayloadFormat) -> float:
    """Give what a call costs from the bytes on the wire to its frames, both sides, as a tap takes it."""
    number = 9 if form.name == "G722" else 0
    wire = sorted(
        (at_s, _ip_packet(side, write_rtp(packet._replace(payload_type=number))))
        for side, stream in enumerate(streams)
        for at_s, packet in stream
    )
    tap, dissector, sides = Tap(agent_rule(()), keystream), Dissector(), RtpSides(SIDES, decoder)
    began_s = time.process_time()
    for at_s, data in wire:
        datagram = dissector.datagram(LINK_RAW, data, at_s)
        for happening in tap.receive(datagram, at_s) if datagram else ():
            if isinstance(happening, Heard):
                sides.advance(at_s)
                sides.receive(happening.role, happening.packet, happening.form, at_s)
                sides.advance(at_s)
    return time.process_time() - began_s


def _ip_packet(side: int, payload: bytes) -> bytes:
    hosts = [bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))]
    udp = struct.pack(">HHHH", 4_000 + side, 4_001 - side, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    return head + hosts[side] + hosts[1 - side] + udp


def _speech_rows() -> Iterator[Row]:
    try:
        engine = hearing.choose(ENGLISH[0], "en")
    except SkippedError as why:
        say(f"words after loss skipped: {why}; {why.mend}")
        return
    whole: list[float] = []
    torn: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for call in ENGLISH:
            truth, streams = read_truth(call), _packets(call)
            for seed in range(SEEDS + 1):
                loss = SPEECH_LOSS if seed else 0.0
                say(f"{call.name}, {loss:.0%} of the packets lost: {engine.name}")
                file = Path(folder) / "call.wav"
                _write(file, _heard(streams, loss, random.Random(seed)))
                (torn if seed else whole).append(word_error_rate(truth, hearing.hear(file, engine)))
    yield row("line.rtp.words_wrong_without_loss", 100 * statistics.mean(whole), "% of the words")
    added = 100 * (statistics.mean(torn) - statistics.mean(whole))
    yield row("line.rtp.words_wrong_added_by_3_percent_loss", added, f"points, {len(torn)} runs", bar="value <= 1.5")


def _heard(streams: list[list[Arrival]], loss: float, chance: random.Random) -> list[Samples]:
    """Give both sides of a call as they sound behind the network."""
    sides = RtpSides(SIDES, decoder)
    arrivals = sorted((at_s, number, packet) for number, stream in enumerate(streams) for at_s, packet in stream)
    steps = []
    for at_s, number, packet in arrivals:
        steps += sides.advance(at_s)
        if chance.random() >= loss:
            sides.receive(SIDES[number], packet, VOICES["PCMU"], at_s)
    steps += sides.finish(arrivals[-1][0])
    frames = [part for step in steps for part in step if isinstance(part, Frame)]
    if not frames:
        raise BadInputError("nothing was heard")
    return [np.frombuffer(b"".join(each.pcm for each in frames if each.side == side), np.int16) for side in SIDES]


def _write(file: Path, sides: list[Samples]) -> None:
    with wave.open(str(file), "wb") as out:
        out.setparams((len(sides), 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        out.writeframes(np.stack(sides, axis=1).astype("<i2").tobytes())
