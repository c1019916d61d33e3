"""The real device program and its settings."""

import json
from pathlib import Path

from tests.bench.processes import Program

COMMAND = ("-c", "import sys; from appliance.cli import main; sys.exit(main(sys.argv[1:]))")
"""`undertone`, with the Python of the benchmark."""

READY = "event=listening"


def write_settings(folder: Path, recording: Path, *, language: str, engine: str, pace: str, central: str = "") -> Path:
    """Write the settings of a device that lives in `folder`; `central` is the table for the server, if any."""
    file = folder / "device.toml"
    file.write_text(f"""
[device]
name = "bench"
state = {json.dumps(str(folder))}
[line]
kind = "recording"
file = {json.dumps(str(recording.absolute()))}
pace = "{pace}"
[speech]
language = "{language}"
engine = "{engine}"
[light]
kind = "none"
{central}
""")
    return file


def start(settings: Path) -> Program:
    """Start the device."""
    return Program([*COMMAND, "--log-level", "info", "run", "--config", settings], READY)
