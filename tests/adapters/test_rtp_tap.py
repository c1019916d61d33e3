"""The tap as the device has it: a capture in, calls with their steps out."""

import asyncio
import struct
from pathlib import Path

import pytest

from appliance.adapters.line import LineCall, Step
from appliance.adapters.rtp_tap import RtpTap
from appliance.errors import BadInputError
from appliance.events import Event, Gap, KeyPressed, Notice
from appliance.speech.frames import FRAME_SAMPLES, Frame
from appliance.telephony.pcap import read_capture
from appliance.telephony.pcap_record import CapturedPacket
from appliance.telephony.tap_roles import agent_rule
from tests.telephony.rtp_captures import FOLDER

KEYS_CALL = FOLDER / "call_pcmu_keys.pcap"
NO_RULE = agent_rule(())
AGENT = agent_rule(("10.77.0.1",))


def packets(path: Path = KEYS_CALL) -> list[CapturedPacket]:
    with path.open("rb") as file:
        return list(read_capture(file.read, str(path)))


def written(path: Path, captured: list[CapturedPacket]) -> Path:
    head = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 1)
    records = [
        struct.pack("<IIII", int(at_s), int(at_s % 1 * 1e9), len(data), len(data)) + data for at_s, _, data in captured
    ]
    path.write_bytes(head + b"".join(records))
    return path


async def calls_of(line: RtpTap) -> list[tuple[LineCall, list[Step]]]:
    async def steps(call: LineCall) -> list[Step]:
        return [step async for step in call.steps]

    async with asyncio.TaskGroup() as group:
        taken = [(call, group.create_task(steps(call))) async for call in line.calls(lambda _: None)]
    return [(call, task.result()) for call, task in taken]


def calls_in(path: Path, *, keep_keys: bool = False) -> list[tuple[LineCall, list[Step]]]:
    return asyncio.run(calls_of(RtpTap(AGENT, file=path, pace="fast", keep_keys=keep_keys)))


def events(steps: list[Step]) -> list[Event]:
    return [part for step in steps for part in step if isinstance(part, Event)]


def frames(steps: list[Step]) -> list[Frame]:
    return [part for step in steps for part in step if isinstance(part, Frame)]


def test_a_captured_call_comes_as_frames_of_both_sides_without_a_hole() -> None:
    [(call, steps)] = calls_in(KEYS_CALL)
    assert (call.ended, call.band, call.lockstep) == ("on_hook", "narrow", True)
    assert call.identity
    assert (call.identity.agent, call.identity.caller) == ("sip:agent@10.77.0.1", "sip:caller@10.77.0.2")
    for side in ("agent", "caller"):
        positions = [frame.sample for frame in frames(steps) if frame.side == side]
        assert positions == list(range(0, len(positions) * FRAME_SAMPLES, FRAME_SAMPLES))
        assert len(positions) == pytest.approx(3.9 * 50, abs=5)
    assert not [event for event in events(steps) if isinstance(event, Gap | Notice)]


def test_keys_are_told_without_their_digits_unless_they_may_be_kept() -> None:
    for keep_keys, digits in ((False, ["", "", ""]), (True, ["4", "2", "#"])):
        [(_, steps)] = calls_in(KEYS_CALL, keep_keys=keep_keys)
        keys = [event for event in events(steps) if isinstance(event, KeyPressed)]
        assert [key.key for key in keys] == digits
        assert {key.who for key in keys} == {"caller"}
        assert all(0 < key.end_sample - key.start_sample < 16_000 for key in keys)


def test_the_same_capture_gives_the_same_steps() -> None:
    assert calls_in(KEYS_CALL)[0][1] == calls_in(KEYS_CALL)[0][1]


def test_lost_packets_are_declared_where_they_are_missing(tmp_path: Path) -> None:
    captured = packets()
    voice = [at for at, each in enumerate(captured) if len(each.data) == 214]
    lost = {voice[at] for at in (100, 101, 102, 103, 250)}
    [(_, whole)] = calls_in(KEYS_CALL)
    [(_, steps)] = calls_in(written(tmp_path / "lost.pcap", [e for at, e in enumerate(captured) if at not in lost]))
    gaps = [event for event in events(steps) if isinstance(event, Gap)]
    assert sum(gap.end_sample - gap.start_sample for gap in gaps) == 5 * FRAME_SAMPLES
    assert {gap.reason for gap in gaps} == {"packets_lost"}
    assert [(frame.side, frame.sample) for frame in frames(steps)] == [
        (frame.side, frame.sample) for frame in frames(whole)
    ]
    changed = {before.sample for before, after in zip(frames(whole), frames(steps), strict=True) if before != after}
    assert len(changed) <= 12


def test_two_calls_at_once_are_kept_apart(tmp_path: Path) -> None:
    first = packets()
    second = packets(FOLDER / "call_pcma_srtp.pcap")
    shift_s = first[0].captured_s - second[0].captured_s + 0.5
    both = sorted(first + [each._replace(captured_s=each.captured_s + shift_s) for each in second], key=lambda e: e[0])
    calls = calls_in(written(tmp_path / "both.pcap", both))
    assert len(calls) == 2
    assert [round(len(frames(steps)) / 100, 1) for _, steps in calls] == pytest.approx([3.9, 2.0], abs=0.1)
    assert frames(calls[0][1]) == frames(calls_in(KEYS_CALL)[0][1])


def test_who_speaks_is_said_to_be_unknown_where_nothing_tells(tmp_path: Path) -> None:
    mid_call = written(tmp_path / "mid.pcap", [each for each in packets() if b"SIP/2.0" not in each.data])
    [(call, steps)] = asyncio.run(calls_of(RtpTap(NO_RULE, file=mid_call, pace="fast")))
    assert call.ended == "line_lost"
    [notice] = [event for event in events(steps) if isinstance(event, Notice)]
    assert notice.code == "unknown_speaker"


def test_a_capture_whose_clock_jumps_by_days_neither_hangs_nor_fills_the_memory(tmp_path: Path) -> None:
    captured = packets()
    half = len(captured) // 2
    later = [each._replace(captured_s=each.captured_s + 300_000) for each in captured[half:]]
    first, *_ = calls_in(written(tmp_path / "jump.pcap", captured[:half] + later))
    assert first[0].ended == "line_lost"
    assert len(first[1]) < 70 * 50


def test_a_replay_at_the_pace_of_the_call_takes_as_long_as_the_call(tmp_path: Path) -> None:
    start_s = next(each.captured_s for each in packets() if b"INVITE sip" in each.data)
    captured = [each for each in packets() if start_s <= each.captured_s < start_s + 1.5]
    short = written(tmp_path / "short.pcap", captured)

    async def timed() -> float:
        began_s = asyncio.get_running_loop().time()
        [(call, _)] = await calls_of(RtpTap(AGENT, file=short))
        assert not call.lockstep
        return asyncio.get_running_loop().time() - began_s

    assert 1.3 < asyncio.run(timed()) < 20


def test_hanging_up_ends_every_call() -> None:
    async def hang_up() -> LineCall:
        calls = RtpTap(AGENT, file=KEYS_CALL).calls(lambda _: None)
        call = await anext(calls)
        steps = call.steps
        await anext(steps)
        await calls.aclose()
        async with asyncio.timeout(5):
            async for _ in steps:
                pass
        return call

    assert asyncio.run(hang_up()).ended == "stopped"


def test_what_is_no_capture_or_no_interface_is_refused_before_anything_starts(tmp_path: Path) -> None:
    text = tmp_path / "call.pcap"
    text.write_text("hello")
    with pytest.raises(BadInputError, match="not a capture"):
        RtpTap(NO_RULE, file=text)
    with pytest.raises(BadInputError, match="cannot be read"):
        RtpTap(NO_RULE, file=tmp_path / "none.pcap")
    with pytest.raises(BadInputError, match="no interface 'eth99'") as error:
        RtpTap(NO_RULE, interface="eth99")
    assert "lo" in error.value.mend
