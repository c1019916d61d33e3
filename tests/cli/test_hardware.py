"""`undertone hardware check`, run on a machine that has hardly any of the parts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def checked(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    nothing = {"UNDERTONE_HOME": str(folder), "ALSA_CONFIG_PATH": "/dev/null"}
    command = [sys.executable, "-m", "appliance", "hardware", "check", "--heat-minutes", "0", *more]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=os.environ | nothing
    )


def test_what_is_not_there_is_said_with_its_mend_and_fails_the_whole(tmp_path: Path) -> None:
    done = checked(tmp_path, "--json", "--port", str(tmp_path / "no-board"))
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["passed"] is False
    assert report["speeds"] == []
    findings = {finding["subject"]: finding for finding in report["findings"]}
    assert set(findings) >= {"sound card", "light board", "colour red", "button", "clock", "commits", "speed"}
    assert set(findings) >= {"temperature", "throttling"}
    for finding in findings.values():
        assert finding["state"] == "ok" or finding["detail"]
        assert finding["state"] != "trouble" or finding["mend"], finding
    assert findings["light board"]["state"] == findings["sound card"]["state"] == "trouble"
    assert "Not every check passed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("minutes", ["-1", "1441", "warm"])
def test_minutes_of_heat_that_make_no_sense_are_refused(tmp_path: Path, minutes: str) -> None:
    done = checked(tmp_path, "--heat-minutes", minutes)
    assert done.returncode == 2
    assert "--heat-minutes" in done.stderr
