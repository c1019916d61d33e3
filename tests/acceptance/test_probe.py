import asyncio
import subprocess
import sys
from pathlib import Path
from typing import get_args

import msgspec

from appliance.acceptance.probe import event_samples
from appliance.event_json import from_json
from appliance.events import Event
from tests.central.rig import central_in


def test_there_is_a_sample_of_each_event_and_each_can_be_read_again() -> None:
    kinds = [type(from_json(msgspec.json.encode(sample))) for sample in event_samples()]
    assert kinds == list(get_args(Event))


def test_the_probe_tells_what_it_says_and_hears(tmp_path: Path) -> None:
    async def run() -> tuple[int | None, str]:
        async with central_in(tmp_path) as central:
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "appliance", "probe", f"ws://127.0.0.1:{central.port}/v1/device"),
                *("--device", "desk-1", "--token-file", str(tmp_path / "token")),
                stdout=subprocess.PIPE,
            )
            said, _ = await program.communicate()
            return program.returncode, said.decode()

    code, said = asyncio.run(run())
    count = len(event_samples())
    assert (code, said.splitlines()[-1]) == (0, f"{count} of {count} events were acknowledged")
    for told in ('← {"type":"welcome"', "→ event 1 call_started", '← {"type":"pong","id":1', '→ {"type":"partial"'):
        assert told in said


def test_where_no_server_is_the_probe_says_so(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x\n")
    (tmp_path / "token").chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "probe", "ws://127.0.0.1:9/v1/device", "--device", "d",
         "--token-file", str(tmp_path / "token")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("no server of this protocol")
    assert done.stderr == ""
