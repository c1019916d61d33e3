"""The services on a booted Debian 12 and 13, with what happens to them on a desk."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from ..faults import recordings
from ..faults.programs import wait_for
from ..faults.records import assert_once_and_in_order, of_type
from .box import SETTLE_S, Box

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

START_S = 20.0
RESTARTS = 100
IDLE_S = 20.0
IDLE_CPU = 0.03
MEMORY_BYTES = 1 << 30
CAPTURE, HOST = "sound_card_capture", "recognizer_host"


def ready(box: Box) -> None:
    """Switch the box on with its sound card, and wait until it listens."""
    box.machine.boot()
    box.plug()
    box.until("Ready")


def in_call(box: Box, folder: Path) -> None:
    """Let a call begin that goes on for half a minute."""
    box.play(recordings.cut("billing_dispute", 15.9, 44.0, folder))
    box.until("Call in progress")
    wait_for(lambda: len(box.machine.processes(HOST)) > 1, SETTLE_S, every_s=0.1)


def other(box: Box, part: str, before: psutil.Process) -> bool:
    """Say whether that part is another process by now."""
    found = box.machine.processes(part)
    return bool(found) and before not in found


def test_a_box_listens_soon_after_boot(box: Box) -> None:
    began_s = box.machine.boot()
    wait_for(box.machine.is_active, START_S, every_s=0.05)
    print(f"\nfrom power to listening: {time.monotonic() - began_s:.1f} s")
    assert time.monotonic() - began_s < START_S
    for unit in ("undertone.service", "undertone-central.service"):
        assert box.machine.run("systemd-analyze", "verify", unit) == ""
    wait_for(lambda: box.machine.attempt("systemctl", "is-system-running") == 0, SETTLE_S, every_s=0.2)
    assert box.machine.run("journalctl", "-u", "undertone", "-p", "err", "-o", "cat") == ""


def test_a_card_that_comes_later_is_heard(box: Box, tmp_path: Path) -> None:
    box.machine.boot()
    box.until("The phone line is gone")
    main = box.machine.show("MainPID")
    time.sleep(25)  # longer than the watchdog's limit: what is known and shown is no reason to start again
    box.plug()
    box.until("Ready")
    box.enrol()
    box.until("Ready")
    box.play(recordings.cut("delivery_ok", 15.9, 30.0, tmp_path))
    wait_for(lambda: of_type(box.stored(), "call_started"), SETTLE_S, every_s=0.2)
    assert main != "0"
    assert box.machine.show("NRestarts") == "0"


def test_an_idle_box_costs_little(box: Box) -> None:
    ready(box)
    before = int(box.machine.show("CPUUsageNSec"))
    parts = {process: sum(process.cpu_times()[:2]) for process in box.machine.processes()}
    time.sleep(IDLE_S)
    for process, spent_s in parts.items():
        print(f"\n{(sum(process.cpu_times()[:2]) - spent_s) / IDLE_S:.1%}", " ".join(process.cmdline())[-60:], end="")
    cpu = (int(box.machine.show("CPUUsageNSec")) - before) / 1e9 / IDLE_S
    used = sum(process.memory_full_info().pss for process in box.machine.processes())
    print(f"\nidle: {cpu:.1%} of a core, {used / 1e6:.0f} MB")
    assert used < MEMORY_BYTES
    assert cpu < IDLE_CPU


@pytest.mark.parametrize("part", [CAPTURE, HOST, "undertone.toml"])
def test_whatever_is_killed_comes_back(box: Box, tmp_path: Path, part: str) -> None:
    ready(box)
    in_call(box, tmp_path)
    before = box.machine.processes(part)[0]
    before.kill()
    wait_for(lambda: other(box, part, before), SETTLE_S, every_s=0.1)
    wait_for(box.machine.is_active, SETTLE_S, every_s=0.1)
    wait_for(lambda: "gone" not in box.machine.status(), SETTLE_S, every_s=0.1)
    assert box.machine.show("NRestarts") == ("1" if part == "undertone.toml" else "0")


@pytest.mark.parametrize("part", [CAPTURE, "undertone.toml"])
def test_whatever_hangs_is_started_again(box: Box, part: str) -> None:
    ready(box)
    before = box.machine.processes(part)[0]
    before.send_signal(signal.SIGSTOP)
    wait_for(lambda: other(box, part, before), SETTLE_S, every_s=0.2)
    box.until("Ready")
    if part != CAPTURE:
        assert "watchdog" in box.machine.run("journalctl", "-u", "undertone", "-o", "cat").lower()


def test_a_full_disk_is_shown_and_outlived(box: Box, tmp_path: Path) -> None:
    box.machine.boot()
    box.enrol()
    box.machine.run("systemctl", "stop", "undertone", "undertone-central")
    box.machine.run("mount", "-t", "tmpfs", "-o", "size=2M,mode=0700,uid=undertone", "disk", "/var/lib/undertone")
    box.machine.run("systemd-tmpfiles", "--create", "--prefix=/var/lib/undertone")
    box.machine.run("systemctl", "start", "undertone")
    box.plug()
    box.machine.attempt("dd", "if=/dev/zero", "of=/var/lib/undertone/filler", "bs=4k")
    box.play(recordings.cut("billing_dispute", 15.9, 44.0, tmp_path))
    box.until("No space left")
    box.machine.run("rm", "/var/lib/undertone/filler")
    wait_for(lambda: "No space" not in box.machine.status(), SETTLE_S, every_s=0.2)
    box.machine.run("systemctl", "start", "undertone-central")
    wait_for(lambda: of_type(box.stored(), "call_ended"), SETTLE_S, every_s=0.2)
    assert_once_and_in_order(box.stored())
    assert box.machine.show("NRestarts") == "0"


def test_a_box_switched_off_in_a_call_loses_nothing(box: Box, tmp_path: Path) -> None:
    ready(box)
    box.enrol()
    box.until("Ready")
    in_call(box, tmp_path)
    wait_for(lambda: of_type(box.stored(), "utterance"), SETTLE_S, every_s=0.2)
    box.machine.shut_down()
    box.machine.boot()
    wait_for(lambda: of_type(box.stored(), "call_ended"), SETTLE_S, every_s=0.2)
    stored = box.stored()
    assert_once_and_in_order(stored)
    assert [ended["reason"] for ended in of_type(stored, "call_ended")] == ["stopped"]


def test_a_hundred_restarts_leave_nothing_behind(box: Box) -> None:
    ready(box)
    few = len(box.machine.processes())
    for number in range(RESTARTS):
        if number % 10:
            box.machine.run("systemctl", "restart", "undertone")
        else:
            os.kill(box.machine.processes("undertone.toml")[0].pid, signal.SIGKILL)
            main = box.machine.show("MainPID")
            wait_for(lambda main=main: box.machine.show("MainPID") not in {"0", main}, SETTLE_S)  # type: ignore[misc]
            wait_for(box.machine.is_active, SETTLE_S, every_s=0.05)
    box.until("Ready")
    wait_for(lambda: len(box.machine.processes()) == few, SETTLE_S, every_s=0.2)
