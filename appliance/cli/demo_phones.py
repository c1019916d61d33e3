"""Two real telephones for the demo: baresip, without a sound card, each saying one side of a recorded call."""

import asyncio
import contextlib
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from appliance.adapters.recording import Recording
from appliance.cli.demo_exchange import HERE, PEOPLE
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.telephony.codecs import Samples

PHONE_RATE_HZ: Final = 8_000

_CONFIG: Final = """\
sip_listen {here}:0
audio_player aufile,{folder}/heard.wav
audio_source aufile,{folder}/said.wav
module_path {modules}
module g711.so
module aufile.so
module_app account.so
module_app menu.so
"""


def require_baresip() -> None:
    """Raise `BadInputError` where there is no baresip."""
    if not shutil.which("baresip"):
        raise BadInputError("no telephone is installed: baresip", mend="apt-get install baresip-core")


@contextlib.asynccontextmanager
async def phones(folder: Path, recording: Path, exchange_port: int) -> AsyncIterator[None]:
    """Have both sides of a recording call the exchange, as long as the block lasts."""
    running: list[asyncio.subprocess.Process] = []
    try:
        for side, samples in _voices(recording).items():
            _furnish(folder / side, side, samples)
            running.append(await _start(folder / side, f"/dial sip:{PEOPLE[side]}@{HERE}:{exchange_port}"))
        yield
    finally:
        for phone in running:
            with contextlib.suppress(ProcessLookupError):
                phone.kill()
            await phone.wait()


async def _start(folder: Path, command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("baresip", "-f", str(folder), "-e", command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


def _furnish(folder: Path, side: str, samples: Samples) -> None:
    """Write the telephone's settings and what it will say."""
    folder.mkdir()
    with wave.open(str(folder / "said.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(PHONE_RATE_HZ)
        file.writeframes(samples.tobytes())
    modules = next(Path("/usr/lib").glob("**/baresip/modules"), Path())
    (folder / "config").write_text(_CONFIG.format(here=HERE, folder=folder, modules=modules))
    (folder / "accounts").write_text(f"<sip:{side}@{HERE}>;regint=0;audio_codecs=PCMU/8000/1\n")


def _voices(recording: Path) -> dict[str, Samples]:
    """Give each side of the recording as a telephone's microphone hears it."""
    line = Recording(recording)
    steps = list(line.frames())
    voices: dict[str, Samples] = {}
    for at, side in enumerate(line.sides):
        wide = np.frombuffer(b"".join(step[at].pcm for step in steps), np.int16).astype(np.float32)
        voices[side] = soxr.resample(wide, SAMPLE_RATE_HZ, PHONE_RATE_HZ).clip(-32_768, 32_767).astype(np.int16)
    return voices
