"""What is said while the box is muted exists nowhere: on no disk, in no log, not on the wire, the page or in memory."""

import asyncio
import json
import re
import signal
import time
import urllib.request
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from appliance.adapters.recording import Recording
from appliance.events import SAMPLE_RATE_HZ

from ..central.page.browser import CHROMIUM
from . import recordings
from .canary import found_in, found_in_memory, page_of, start_at_debug, start_server
from .feed import feed_of
from .programs import DEVICE, Program, Site, wait_for
from .records import at_server, of_type

HEARD_TURN: Final = ("agent", 14.6, 15.8)
CANARY_TURN: Final = ("caller", 24.0, 26.1)
LAST_TURN: Final = ("agent", 36.1, 38.3)
""""What is your order number?" "Could you bring it on Thursday in the afternoon?" "Is there anything else ...?" """

PAUSE_S: Final = 1.6
HEARD_S: Final = (0.0, 1.2)
CANARY_S: Final = (2.8, 4.9)
MUTE_AT_S: Final = 2.0
UNMUTE_AT_S: Final = 5.7
"""Of the call. In the middle of the pauses, so that a busy machine may be late by most of a second."""

CANARY: Final = re.compile(rb"(?i)\bthursday\b|\bbring\W+it\W+on\b|\byou\W+bring\b")
WORDS: Final = {word: word.encode() for word in ("Could you bring", "bring it on", '"Thursday', "Thursday in")}
PROBES: Final = 3
PROBE_SAMPLES: Final = 64


def sounds(call: Path, span_s: tuple[float, float]) -> dict[str, bytes]:
    """Give pieces of the loudest sound in a span, in each form in which a program could hold it."""
    pcm = np.concatenate([np.frombuffer(step[0].pcm, "<i2") for step in Recording(call).frames()])
    file = np.frombuffer(call.read_bytes()[-len(pcm) // 2 * 2 :], "<i2")
    start, end = (round(edge * SAMPLE_RATE_HZ) for edge in span_s)
    power = np.square(pcm[start:end].astype(float))[: (end - start) // 320 * 320].reshape(-1, 320).sum(axis=1)
    found: dict[str, bytes] = {}
    for number, at in enumerate(start + 320 * int(frame) for frame in np.argsort(power)[-PROBES:]):
        piece = pcm[at : at + PROBE_SAMPLES]
        found[f"samples {number}"] = piece.tobytes()
        found[f"floats {number}"] = (piece.astype(np.float32) / 32768).tobytes()
        found[f"file {number}"] = file[at // 2 : (at + PROBE_SAMPLES) // 2].tobytes()
    return found


def said_at(device: Program, seconds: float, began_s: float) -> None:
    """Wait until the call has come so far."""
    time.sleep(max(0.0, began_s + seconds - time.monotonic()))
    assert device.process.poll() is None, device.said()


def test_what_is_said_while_muted_is_nowhere_afterwards(site: Site) -> None:
    start_server(site)
    call = recordings.turns((HEARD_TURN, CANARY_TURN, LAST_TURN), PAUSE_S, site.folder / "muted.wav")
    withheld = sounds(call, CANARY_S) | WORDS
    heard = {"number": b"order number", "floats": sounds(call, HEARD_S)["floats 0"]}
    with feed_of(site) as news:
        device = start_at_debug(site, "run", "--config", str(site.config(call)), "--json")
        wait_for(lambda: "event=listening" in device.said())
        began_s = time.monotonic()
        said_at(device, MUTE_AT_S, began_s)
        device.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: "Muted" in device.light())
        assert (site.state() / "muted").stat().st_mode & 0o777 == 0o600
        said_at(device, UNMUTE_AT_S, began_s)
        device.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: "Muted" not in device.light())
        in_memory = look_into(device, withheld)
        control = look_into(device, heard)
        assert device.end(within_s=100.0) == 0, device.said()
        stored = at_server(site)
        wait_for(lambda: any(item.kind == "event" and item.data["seq"] == stored[-1].seq for item in news))
        wire = json.dumps([item.data for item in news], ensure_ascii=False).encode()
    (muted,) = of_type(stored, "muted")
    assert muted["start_s"] < CANARY_S[0], "muted too late to try anything"
    assert muted["end_s"] > CANARY_S[1], "unmuted too early to try anything"
    said = " ".join(one["text"] for one in of_type(stored, "utterance"))
    assert "order number" in said
    assert "anything else" in said
    assert not of_type(stored, "gap")
    assert in_memory == []
    assert {word for found in control for word in heard if word in found} >= {"number", "floats"}, "seen nothing at all"
    assert not CANARY.search(wire), CANARY.search(wire)
    url = f"http://127.0.0.1:{site.port}/api/calls/{DEVICE}/{stored[0].call}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": site.signed_in()})) as answer:
        assert not CANARY.search(answer.read())
    if CHROMIUM:
        page = asyncio.run(page_of(site, stored[0].call))
        assert "Muted" in page
        assert not CANARY.search(page.encode())
    assert found_in(site.folder, CANARY) == []


def look_into(device: Program, probes: dict[str, bytes]) -> list[str]:
    """Hold the device and its recognizers still, and look for the probes in their memory."""
    whole = [psutil.Process(device.process.pid)]
    whole += whole[0].children(recursive=True)
    for process in whole:
        process.suspend()
    try:
        return found_in_memory(whole, probes)
    finally:
        for process in whole:
            process.resume()
