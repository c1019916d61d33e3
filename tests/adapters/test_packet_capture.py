"""A mirror port with two real telephones on it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.capture import Capture
from appliance.adapters.packet_capture import MARK_LINK, MUTED_MARK_LINK, captured, record, split_records
from appliance.errors import BadInputError
from appliance.telephony.pcap_record import CapturedPacket

from .two_phones import TwoPhones, why_not

CALL = Path(__file__).parents[2] / "appliance" / "calls" / "billing_dispute.wav"
PACKETS = st.builds(CapturedPacket, st.floats(0, 1e9), st.integers(0, 0xFFFF), st.binary(max_size=50))
CALL_OF_BOTH = {"call": ["sip:agent@10.77.0.1", "sip:caller@10.77.0.2"]}
needs_phones = pytest.mark.skipif(bool(why_not()), reason=why_not())

LISTEN = """
import asyncio, collections, json, sys
from appliance.adapters.rtp_tap import RtpTap
from appliance.event_json import to_builtins
from appliance.events import Event
from appliance.speech.frames import Frame
from appliance.telephony.tap_roles import agent_rule

async def main():
    line = RtpTap(agent_rule(("10.77.0.1",)), interface="cable", keep_keys=True)
    def report(troubles):
        print(json.dumps({"troubles": [t.text for t in troubles]}), flush=True)
    async for call in line.calls(report):
        print(json.dumps({"call": [call.identity.agent, call.identity.caller]}), flush=True)
        told, frames, loud = [], collections.Counter(), collections.Counter()
        async for step in call.steps:
            for part in step:
                if isinstance(part, Frame):
                    frames[part.side] += 1
                    loud[part.side] += any(part.pcm[::16])
                else:
                    told.append(to_builtins(part))
        print(json.dumps({"ended": call.ended, "frames": frames, "loud": loud, "told": told}), flush=True)

asyncio.run(main())
"""


@given(st.lists(PACKETS), st.integers(1, 40))
def test_records_are_read_as_they_were_written_however_they_are_cut(packets: list[CapturedPacket], cut: int) -> None:
    whole = b"".join(map(record, packets))
    got: list[CapturedPacket] = []
    pending = b""
    for at in range(0, len(whole), cut):
        new, pending = split_records(pending + whole[at : at + cut])
        got += new
    assert got == packets
    assert pending == b""


class Listening:
    def __init__(self, phones: TwoPhones) -> None:
        command = phones.inside(sys.executable, "-c", LISTEN)
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def told(self) -> dict[str, Any]:
        assert self._process.stdout
        line: dict[str, Any] = json.loads(self._process.stdout.readline())
        return line

    def capture_process(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0])

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@needs_phones
def test_a_live_call_of_two_telephones_is_overheard_and_its_process_may_die(tmp_path: Path) -> None:
    phones = TwoPhones(tmp_path, CALL)
    with phones.ready():
        listening = Listening(phones)
        try:
            assert listening.told() == {"troubles": []}
            status = Path(f"/proc/{listening.capture_process()}/status").read_text()
            assert "CapEff:\t0000000000000000" in status
            assert "Uid:\t65534" in status
            phones.talk(1.0, "42")
            assert listening.told() == CALL_OF_BOTH
            first = listening.told()
            talking = threading.Thread(target=phones.talk, args=(4.5,))
            talking.start()
            assert listening.told() == CALL_OF_BOTH
            time.sleep(0.7)
            os.kill(listening.capture_process(), signal.SIGKILL)
            assert "started again" in str(listening.told())
            assert listening.told() == {"troubles": []}
            talking.join()
            second = listening.told()
        finally:
            listening.stop()
    whole_call(first)
    torn_call(second)


def whole_call(call: dict[str, Any]) -> None:
    assert call["ended"] == "on_hook"
    assert [each.get("key") for each in call["told"]] == ["4", "2"]
    assert call["frames"]["agent"] == call["frames"]["caller"]
    assert 50 <= call["frames"]["agent"] <= 250
    assert call["loud"]["agent"] > 20


def torn_call(call: dict[str, Any]) -> None:
    """Expect that what was said while nobody captured is declared, and is no longer than five seconds."""
    assert call["ended"] == "on_hook"
    assert call["frames"]["agent"] == call["frames"]["caller"]
    for side in ("agent", "caller"):
        gaps = [each for each in call["told"] if each["type"] == "gap" and each["who"] == side]
        assert {each["reason"] for each in gaps} == {"packets_lost"}
        assert 0.02 < sum(each["end_s"] - each["start_s"] for each in gaps) < 5


@needs_phones
def test_without_the_right_to_capture_it_says_so() -> None:
    if not shutil.which("setpriv"):
        pytest.skip("not installed: setpriv (package util-linux)")
    script = "import sys; from appliance.adapters import packet_capture; packet_capture.main('lo')"
    drop = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--", sys.executable, "-c", script]
    answer = subprocess.run(drop, capture_output=True, text=True, check=False, timeout=60)
    assert "Operation not permitted" in answer.stderr

    async def listen() -> None:
        async for packet in captured("no such interface", Capture()):
            assert packet.link == MARK_LINK

    with pytest.raises(BadInputError, match="cannot be captured") as error:
        asyncio.run(listen())
    assert "CAP_NET_RAW" in error.value.mend


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may capture")
def test_while_muted_no_voice_leaves_the_kernel_but_sip_does() -> None:
    """Send both to an address of this machine, and take what the process gives until a mark says how it stands."""
    invite, voice = b"OPTIONS sip:box SIP/2.0\r\n\r\n", b"\x80\x00" + bytes(10) + b"voice" * 32

    async def run() -> list[set[str]]:
        capture, found = Capture(), []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
            target.bind(("127.0.0.1", 0))
            async with contextlib.aclosing(captured("lo", capture)) as packets:
                await until_marked(packets, MARK_LINK)
                for act, mark in ((None, MARK_LINK), (capture.mute, MUTED_MARK_LINK), (capture.unmute, MARK_LINK)):
                    if act:
                        act()
                        await until_marked(packets, mark)
                        assert capture.captures() == (mark == MARK_LINK)
                    for data in (invite, voice):
                        target.sendto(data, target.getsockname())
                    came = await until_marked(packets, mark) + await until_marked(packets, mark)
                    found.append({name for name in ("voice", "OPTIONS") for data in came if name.encode() in data})
        return found

    assert asyncio.run(run()) == [{"voice", "OPTIONS"}, {"OPTIONS"}, {"voice", "OPTIONS"}]


async def until_marked(packets: AsyncGenerator[CapturedPacket, None], mark: int) -> list[bytes]:
    came: list[bytes] = []
    async for packet in packets:
        if packet.link == mark:
            return came
        came.append(packet.data)
    raise AssertionError
