"""Ctrl-C and SIGTERM end every program cleanly, whatever it is doing."""

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from . import recordings
from .programs import Program, Site, wait_for
from .records import assert_once_and_in_order, at_server, of_type

INTERRUPTED = 130
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])

STEP_S = 0.04
"""Of the third of a second or more that our imports take."""

DEAF_IMPORT = """
import os, time
try:
    os.kill(os.getpid(), {number})
    time.sleep(1)
except BaseException:
    pass
"""
"""In the place of a package of others; signals itself, so that the signal comes while it is imported."""

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
def test_an_import_that_outlives_every_exception_does_not_outlive_a_signal(site: Site, number: signal.Signals) -> None:
    (site.folder / "webrtcvad.py").write_text(DEAF_IMPORT.format(number=number))
    program = site.start("run", "--help", PYTHONPATH=f"{site.folder}:{os.environ.get('PYTHONPATH', '')}")
    assert program.end() == INTERRUPTED
    assert program.said() == ""


def test_a_signal_at_any_moment_of_the_start_ends_a_program_quietly(site: Site) -> None:
    codes: list[int] = []
    while 0 not in codes:  # then it was over before the signal came
        program = site.start("run", "--help")
        wait_for(lambda program=program: program.process.poll() is not None or listens_to_signals(program))  # type: ignore[misc]
        time.sleep(len(codes) * STEP_S)
        number = (signal.SIGINT, signal.SIGTERM)[len(codes) % 2]
        codes.append(program.end(number))
        # At its very end Python takes our handlers away.
        assert codes[-1] in {0, INTERRUPTED, -number}
        assert program.said() == ""
    assert INTERRUPTED in codes


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.25])
def test_ctrl_c_in_a_terminal_reaches_no_recognizer(site: Site, after_s: float) -> None:
    program = site.start("replay", str(recordings.shipped("delivery_ok")))
    wait_for(lambda: psutil.Process(program.process.pid).children())
    time.sleep(after_s)
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.end() == INTERRUPTED
    site.wait_until_nothing_runs()
    assert program.said() == ""


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
