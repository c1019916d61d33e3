"""Ctrl-C and SIGTERM end every program cleanly, whatever it is doing."""

import json
import signal
import time
from pathlib import Path

import pytest

from . import recordings
from .programs import Program, Site, wait_for
from .records import assert_once_and_in_order, at_server, of_type

INTERRUPTED = 130
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])

START_S = [0.0, 0.4, 1.2]
"""While programs are imported, while the model is loaded, and about when the call begins."""


def listens_to_signals(program: Program) -> bool:
    """Say whether our code runs: before that Python itself starts, and a signal simply ends it."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))


def assert_quiet(program: Program) -> None:
    assert "Traceback" not in program.said()
    assert "Error" not in program.said()


@SIGNALS
def test_a_device_stopped_in_a_call_ends_the_call_and_delivers_it(site: Site, number: signal.Signals) -> None:
    site.start_server()
    call = recordings.cut("billing_dispute", 15.9, 44.0, site.folder)
    device = site.start_device(site.config(call))
    wait_for(lambda: of_type(at_server(site), "utterance"))
    assert device.end(number) == 0
    stored = at_server(site)
    assert_once_and_in_order(stored)
    assert stored[-1].event["reason"] == "stopped"
    assert device.lines()[-1]["delivered"] == {"committed": len(stored), "acknowledged": len(stored)}
    assert device.light() == "Ready"
    assert_quiet(device)


@SIGNALS
@pytest.mark.parametrize("after_s", START_S)
def test_a_device_stopped_while_it_starts_leaves_nothing_behind(
    site: Site, number: signal.Signals, after_s: float
) -> None:
    device = site.start_device(site.config(recordings.shipped("billing_ko_16k"), language="ko"))
    wait_for(lambda: listens_to_signals(device))
    time.sleep(after_s)
    assert device.end(number) in {0, INTERRUPTED}
    site.wait_until_nothing_runs()
    assert_quiet(device)


def test_a_device_stopped_without_a_server_ends_within_seconds(site: Site) -> None:
    call = recordings.cut("billing_dispute", 15.9, 44.0, site.folder)
    device = site.start_device(site.config(call))
    wait_for(lambda: "Call in progress" in device.light())
    time.sleep(0.5)
    assert device.end(signal.SIGTERM, within_s=10.0) == 0
    site.wait_until_nothing_runs()
    assert_quiet(device)


@SIGNALS
def test_a_server_is_stopped_with_a_device_on_the_line(site: Site, number: signal.Signals) -> None:
    server = site.start_server()
    device = site.start_device(site.config(recordings.without_a_model(site.folder), language="de"))
    wait_for(lambda: of_type(at_server(site), "call_started"))
    assert server.end(number) == 0
    wait_for(lambda: "offline" in device.light())
    device.end(signal.SIGTERM)
    assert_quiet(server)
    assert_quiet(device)


def start_demo(site: Site, *arguments: str) -> Program:
    call = recordings.short_turns(site.folder)
    return site.start("demo", "--no-browser", "--call", str(call), *arguments)


@SIGNALS
@pytest.mark.parametrize("moment", ["starting", "in the call"])
def test_a_demo_is_stopped_with_all_its_parts(site: Site, number: signal.Signals, moment: str) -> None:
    demo = start_demo(site)
    if moment == "starting":
        wait_for(lambda: listens_to_signals(demo))
        time.sleep(0.5)
    else:
        wait_for(lambda: "Call in progress" in demo.out.read_text("utf-8"))
    assert demo.end(number) == INTERRUPTED
    site.wait_until_nothing_runs()
    assert_quiet(demo)


def test_the_demo_works_twice_in_a_row_without_a_terminal(site: Site) -> None:
    for _ in range(2):
        demo = start_demo(site, "--json", "--fast")
        assert demo.end(within_s=60) == 0
        summary = json.loads(demo.out.read_text("utf-8"))
        assert len(summary["transcript"]) >= 4
        counts = summary["events"]
        assert counts["committed"] == counts["acknowledged"] == counts["stored"] > 0
        site.wait_until_nothing_runs()
        assert_quiet(demo)
