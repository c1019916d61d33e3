import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.jitter_actions import Action, Counts, Fill, Hole, Noise, Play
from appliance.telephony.jitter_buffer import MOST_WAITING, JitterBuffer
from appliance.telephony.rtp import Packet
from appliance.telephony.rtp_payloads import STATIC_PAYLOADS, VOICES, PayloadFormat

PCMU = VOICES["PCMU"]
KEYS, NOISE = STATIC_PAYLOADS[101], STATIC_PAYLOADS[13]
STEP_S = 0.020

Arrivals = list[tuple[float, Packet]]


def voice(number: int, ssrc: int = 7, *, first: int = 65_500, timestamp: int | None = None) -> Packet:
    """Give packet `number` of a stream whose sequence and timestamps wrap soon; its payload names it."""
    ticks = (2**32 - 4_000 + 160 * number) if timestamp is None else timestamp
    return Packet(0, (first + number) % 65_536, ticks % 2**32, ssrc, number.to_bytes(4, "big") * 40)


def on_time(numbers: Sequence[int]) -> Arrivals:
    return [((number + 1) * STEP_S, voice(number)) for number in numbers]


def through(
    arrivals: Arrivals, buffer: JitterBuffer | None = None, end_s: float | None = None
) -> tuple[list[Action], Counts]:
    buffer = buffer or JitterBuffer()
    actions: list[Action] = []
    now_s = 0.0
    for at_s, packet in sorted(arrivals, key=lambda each: each[0]):
        while now_s + 0.01 < at_s:
            now_s += 0.01
            actions += buffer.advance(now_s)
        actions += buffer.advance(at_s)
        buffer.receive(packet, STATIC_PAYLOADS.get(packet.payload_type), at_s)
        actions += buffer.advance(at_s)
    actions += buffer.finish(end_s or now_s)
    return actions, buffer.counts


def played(actions: list[Action]) -> list[int]:
    return [int.from_bytes(each.payload[:4], "big") for each in actions if isinstance(each, Play)]


def holes(actions: list[Action]) -> list[tuple[int, int]]:
    return [(each.start_sample, each.end_sample) for each in actions if isinstance(each, Hole)]


def spanned(actions: list[Action]) -> int:
    lengths = [
        each.samples - each.skip if isinstance(each, Play) else each.samples
        for each in actions
        if isinstance(each, Play | Fill)
    ]
    return sum(lengths)


def test_packets_in_order_are_given_at_once() -> None:
    buffer = JitterBuffer()
    for at_s, packet in on_time(range(500)):
        buffer.receive(packet, PCMU, at_s)
        assert [type(action) for action in buffer.advance(at_s)] == [Play]
    assert buffer.cursor == 500 * 320


def test_a_packet_that_was_overtaken_waits_for_nobody_but_the_one_before_it() -> None:
    arrivals = on_time(range(100))
    arrivals[50] = (arrivals[50][0] + 0.030, arrivals[50][1])
    actions, counts = through(arrivals)
    assert played(actions) == list(range(100))
    assert (counts.reordered, counts.late, counts.lost) == (1, 0, 0)
    assert not holes(actions)


def test_a_lost_packet_is_concealed_and_declared_and_moves_nothing_behind_it() -> None:
    arrivals = [each for each in on_time(range(100)) if each[1] not in (voice(40), voice(41), voice(70))]
    actions, counts = through(arrivals)
    assert holes(actions) == [(40 * 320, 42 * 320), (70 * 320, 71 * 320)]
    assert (counts.lost, counts.late) == (3, 0)
    assert spanned(actions) == 100 * 320


def test_duplicates_are_told_from_late_packets() -> None:
    arrivals = on_time(range(100))
    late = (arrivals[50][0] + 0.5, arrivals.pop(50)[1])
    again = [(arrivals[20][0] + 0.002, voice(20)), (arrivals[30][0] + 0.9, voice(30))]
    _, counts = through([*arrivals, late, *again])
    assert (counts.duplicates, counts.late, counts.lost) == (2, 1, 1)


def test_silence_suppression_is_no_loss() -> None:
    numbers = [*range(50), *range(150, 200)]
    arrivals = [
        ((number + 1) * STEP_S, voice(number)._replace(sequence=(65_500 + at) % 65_536, marker=number == 150))
        for at, number in enumerate(numbers)
    ]
    actions, counts = through(arrivals)
    assert not holes(actions)
    assert counts.lost == 0
    assert spanned(actions) == 200 * 320


def test_loss_at_the_begin_of_speech_after_silence_is_waited_for() -> None:
    numbers = [*range(50), *range(150, 200)]
    arrivals = [
        (
            (number + 1) * STEP_S + (0.025 if number == 150 else 0),
            voice(number)._replace(sequence=(65_500 + at) % 65_536),
        )
        for at, number in enumerate(numbers)
    ]
    actions, counts = through(arrivals)
    assert played(actions) == numbers
    assert (counts.lost, counts.late) == (0, 0)


def test_comfort_noise_opens_a_silence_without_end() -> None:
    noise = Packet(13, 65_500 + 10, voice(10).timestamp, 7, b"\x40")
    actions, _ = through([*on_time(range(10)), (11 * STEP_S, noise)], end_s=60.0)
    assert Noise(b"\x40") in actions
    assert not holes(actions)
    assert Fill(320, "missing") not in actions


def test_a_stream_that_stops_without_a_word_leaves_a_hole() -> None:
    buffer = JitterBuffer()
    for at_s, packet in on_time(range(50)):
        buffer.receive(packet, PCMU, at_s)
    actions = [*buffer.advance(4.0), *buffer.finish(4.0)]
    assert buffer.is_stalled(4.0)
    [(start, end)] = holes(actions)
    assert start == 50 * 320
    assert 3.9 * 16_000 <= end <= 4.0 * 16_000


def test_what_was_held_leaves_none() -> None:
    buffer = JitterBuffer()
    for at_s, packet in on_time(range(50)):
        buffer.receive(packet, PCMU, at_s)
    buffer.advance(1.0)
    buffer.hold()
    assert not holes([*buffer.advance(4.0), *buffer.finish(4.0)])


def test_a_new_source_goes_on_where_it_arrives() -> None:
    second = [
        ((number + 1) * STEP_S, voice(number, ssrc=9, first=100, timestamp=5 * 160 * number)) for number in range(60)
    ]
    arrivals = on_time(range(50)) + [
        (at_s, packet._replace(timestamp=160 * number)) for number, (at_s, packet) in enumerate(second) if at_s > 1.0
    ]
    actions, counts = through(arrivals)
    assert counts.sources == 2
    assert counts.strays == 0
    assert played(actions) == list(range(60))
    assert spanned(actions) == 60 * 320


def test_a_single_stray_packet_takes_nothing_over() -> None:
    strays = [
        (0.305, voice(3, ssrc=99)),
        (0.505, voice(0, first=20_000)),
        (0.605, voice(31)._replace(timestamp=2_000_000_000)),
    ]
    actions, counts = through(on_time(range(50)) + strays)
    assert played(actions) == list(range(50))
    assert counts.sources == 1
    assert counts.strays >= 2


def test_keys_between_the_voice_take_no_time_of_their_own() -> None:
    begin = voice(30).timestamp
    keys = [(30 + at, Packet(101, (65_500 + 30 + at) % 65_536, begin, 7, b"\x04\x0a\x00\xa0")) for at in range(6)]
    after = [(number, voice(number)) for number in range(36, 60)]
    arrivals = on_time(range(30)) + [((number + 1) * STEP_S, packet) for number, packet in [*keys, *after]]
    actions, counts = through(arrivals)
    assert spanned(actions) == 60 * 320
    assert not holes(actions)
    assert counts.played == 60


def test_a_key_from_far_ahead_moves_time_by_no_more_than_a_moment() -> None:
    far = Packet(101, (65_500 + 2_500) % 65_536, (voice(50).timestamp + 10**8) % 2**32, 7, b"\x04\x0a\x00\xa0")
    actions, _ = through([*on_time(range(50)), (1.01, far)])
    assert spanned(actions) <= (1.01 + 2.1) * 16_000


def test_a_change_of_codec_in_the_middle_keeps_the_positions() -> None:
    buffer = JitterBuffer()
    for number in range(100):
        at_s, packet = (number + 1) * STEP_S, voice(number)
        form = PCMU if number < 50 else VOICES["G722"]
        buffer.receive(packet, form, at_s)
        buffer.advance(at_s)
    assert buffer.cursor == 100 * 320
    assert (buffer.counts.payload_changes, buffer.counts.sources) == (1, 1)


def test_a_change_of_the_clock_is_a_new_timeline() -> None:
    buffer = JitterBuffer()
    opus = PayloadFormat("OPUS", 48_000)
    for number in range(100):
        at_s, packet = (number + 1) * STEP_S, voice(number)
        if number >= 50:
            packet = packet._replace(timestamp=960 * number, payload=b"\x48" + bytes(40))
        buffer.receive(packet, PCMU if number < 50 else opus, at_s)
        buffer.advance(at_s)
    buffer.finish(2.0)
    assert buffer.counts.sources == 2
    assert buffer.counts.played == 100
    assert abs(buffer.cursor - 100 * 320) <= 160


def worst_place_s(parts_per_million: float, seconds: int) -> tuple[float, int]:
    """Give how far positions were from the truth at worst, and how many samples were put in."""
    buffer = JitterBuffer()
    pace_s = STEP_S * (1 + parts_per_million / 1e6)
    worst_s = 0.0
    for number in range(seconds * 50):
        at_s = (number + 1) * pace_s
        buffer.receive(voice(number), PCMU, at_s)
        buffer.advance(at_s)
        worst_s = max(worst_s, abs(buffer.cursor / 16_000 - at_s))
    return worst_s, buffer.corrected_samples


@pytest.mark.parametrize("parts_per_million", [-1_000, 1_000])
def test_the_clock_of_the_sender_is_followed(parts_per_million: float) -> None:
    worst_s, corrected = worst_place_s(parts_per_million, 180)
    assert worst_s < 0.020
    assert corrected == pytest.approx(180 * 16_000 * parts_per_million / 1e6, abs=250)


@pytest.mark.soak
@pytest.mark.parametrize("parts_per_million", [-200, 50, 200])
def test_the_clock_of_the_sender_is_followed_for_an_hour(parts_per_million: float) -> None:
    worst_s, corrected = worst_place_s(parts_per_million, 3_600)
    assert worst_s < 0.015
    assert corrected == pytest.approx(3_600 * 16_000 * parts_per_million / 1e6, abs=200)


def test_a_flood_is_kept_within_bounds() -> None:
    buffer = JitterBuffer()
    buffer.receive(voice(0), PCMU, 0.02)
    for number in range(2, 2_500):
        buffer.receive(voice(number), PCMU, 0.02)
        buffer.advance(0.02)
        assert len(buffer._waiting) <= MOST_WAITING + 1


@given(
    st.integers(0, 2**32),
    st.floats(0, 0.3),
    st.floats(0, 0.060),
    st.booleans(),
)
def test_whatever_the_network_does_every_packet_is_accounted_for_and_time_never_stands_or_jumps(
    seed: int, loss: float, delay_s: float, twice: bool
) -> None:
    chance = random.Random(seed)
    arrivals = [
        (at_s + chance.uniform(0, delay_s), packet) for at_s, packet in on_time(range(1, 60)) if chance.random() >= loss
    ]
    # What overtakes the very first packet opens the stream, and leaves nothing before it.
    arrivals.insert(0, on_time([0])[0])
    if twice:
        arrivals += [(at_s + 0.001, packet) for at_s, packet in arrivals[::7]]
    buffer = JitterBuffer()
    actions, counts = through(arrivals, buffer)
    assert counts.received == len(arrivals)
    left = 1 if buffer._candidate else 0
    assert counts.received == counts.played + counts.late + counts.duplicates + counts.strays + counts.unknown + left
    assert played(actions) == sorted(set(played(actions)))
    assert spanned(actions) == buffer.cursor
    if delay_s < 0.030:
        assert counts.late == 0
