"""A muted recording server: what two real telephones say to it meanwhile is on no disk, in no log and in no memory."""

import asyncio
import re
import shutil
import signal
import wave
from pathlib import Path
from typing import Final

import numpy as np
import pytest

import appliance
from appliance.cli.demo_exchange import Exchange
from appliance.cli.demo_phones import phones
from appliance.cli.demo_siprec import free_port, line_table

from .canary import found_in, start_at_debug, start_server
from .programs import Program, Site, wait_for
from .records import at_server, of_type
from .test_mute import look_into

CALL: Final = Path(appliance.__file__).parent / "calls" / "billing_dispute.wav"
MUTE_AT_S: Final = 7.8
UNMUTE_AT_S: Final = 16.2
END_AT_S: Final = 22.0
"""The agent's greeting until 7.6 s is heard, the caller's "I am calling about my bill. It went up a lot this month"
from 8.1 to 15.9 s is not, the agent's "Let me look at your account" from 18 s is."""

CANARY: Final = re.compile(rb"(?i)\bmy bill\b|\bwent up a\b|\blot this month\b")
WORDS: Final = {word: word.encode() for word in ("my bill", "went up a lot", "lot this month")}
HEARD: Final = {"greeting": b"ank you for calling"}
PHONE_RATE_HZ: Final = 8_000
PROBE_SAMPLES: Final = 32


def probes(caller: Path) -> dict[str, bytes]:
    """Give pieces of what the caller's telephone says while the box is muted, as samples at the telephone's rate."""
    with wave.open(str(caller)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    start, end = round((MUTE_AT_S + 1) * PHONE_RATE_HZ), round((UNMUTE_AT_S - 1) * PHONE_RATE_HZ)
    power = np.square(pcm[start:end].astype(float))[: (end - start) // 160 * 160].reshape(-1, 160).sum(axis=1)
    loudest = [start + 160 * int(frame) for frame in np.argsort(power)[-3:]]
    return {f"samples {at}": pcm[at : at + PROBE_SAMPLES].tobytes() for at in loudest}


async def talk(box_port: int, device: Program, folder: Path) -> tuple[list[str], list[str]]:
    """Have the telephones talk; gives what was found of the muted words, and of the heard ones, in memory."""
    exchange = Exchange()
    port = await exchange.open()
    async with phones(folder, CALL, port):
        await exchange.connect(box_port)
        await asyncio.sleep(MUTE_AT_S)
        device.process.send_signal(signal.SIGUSR1)
        await asyncio.to_thread(wait_for, lambda: "Muted" in device.light())
        await asyncio.sleep(UNMUTE_AT_S - MUTE_AT_S)
        device.process.send_signal(signal.SIGUSR1)
        await asyncio.to_thread(wait_for, lambda: "Muted" not in device.light())
        found = await asyncio.to_thread(look_into, device, WORDS | probes(folder / "caller" / "said.wav"))
        control = await asyncio.to_thread(look_into, device, HEARD)
        await asyncio.sleep(END_AT_S - UNMUTE_AT_S)
        await exchange.end()
    return found, control


@pytest.mark.soak
@pytest.mark.skipif(not shutil.which("baresip"), reason="baresip is not installed; `./undertone test` installs it")
@pytest.mark.usefixtures("english_model")
def test_what_two_telephones_say_to_a_muted_box_is_nowhere(site: Site, tmp_path: Path) -> None:
    start_server(site)
    config, port = site.config(CALL), free_port()
    text = config.read_text("utf-8")
    table = re.search(r"\[line\].*?(?=\[speech\])", text, re.DOTALL)
    assert table
    config.write_text(text.replace(table[0], line_table(port)), "utf-8")
    device = start_at_debug(site, "run", "--config", str(config), "--json")
    voices = tmp_path / "telephones"
    voices.mkdir()
    found, control = asyncio.run(talk(port, device, voices))
    wait_for(lambda: bool(of_type(at_server(site), "call_ended")))
    assert device.end(signal.SIGTERM) == 0, device.said()
    stored = at_server(site)
    said = " ".join(one["text"] for one in of_type(stored, "utterance")).lower()
    assert "thank you for calling" in said
    assert "look at your account" in said
    assert of_type(stored, "muted")
    assert control, "seen nothing at all"
    assert found == [], found
    assert found_in(site.folder, CANARY) == []
