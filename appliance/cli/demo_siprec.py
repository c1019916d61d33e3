"""The demo's call over SIP: two real telephones, an exchange between them, and the box as its recording server."""

import asyncio
import socket
from pathlib import Path
from typing import Final

from appliance.adapters.recording import Recording
from appliance.cli.demo_exchange import HERE, PEOPLE, Exchange
from appliance.cli.demo_phones import phones

LINGER_S: Final = 2.0
"""After the last word of the recording, as people do before they hang up."""


def free_port() -> int:
    """Give a UDP port that nobody uses just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


def line_table(port: int) -> str:
    """Give the table `[line]` for a box that this exchange reaches."""
    return f"""\
[line]
kind = "siprec"
listen = ["udp:{HERE}:{port}"]
allow = ["{HERE}"]
agent_addresses = ["{PEOPLE["agent"]}"]
"""


async def call_the_box(folder: Path, recording: Path, box_port: int) -> None:
    """Have two telephones say the two sides of a recording while the box listens; over when they hang up."""
    exchange = Exchange()
    port = await exchange.open()
    async with phones(folder, recording, port):
        await exchange.connect(box_port)
        await asyncio.sleep(Recording(recording).duration_s + LINGER_S)
        await exchange.end()
