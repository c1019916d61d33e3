"""No space under the outbox: the call goes on, the server hears of it live, and what might not be kept is declared."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from . import recordings
from .disks import fill_disk, limit_files, small_disk
from .programs import Program, Site, wait_for
from .records import assert_once_and_in_order, at_server, of_type

FULL = "No space left"


def fill_in_the_middle(site: Site, state: Path, fill: Callable[[Program], Callable[[], None]]) -> None:
    """Run a call with an alert in it; the disk fills after its first words and has space again after the alert."""
    site.start_server()
    call = recordings.cut("billing_dispute", 26.2, 60.0, site.folder)
    device = site.start_device(site.config(call, state=state))
    wait_for(lambda: of_type(at_server(site), "utterance"))
    make_space = fill(device)

    wait_for(lambda: FULL in device.light())
    wait_for(lambda: of_type(at_server(site), "alert"))
    wait_for(lambda: "Has called about this before" in device.light())
    assert FULL in device.light()
    assert not of_type(at_server(site), "gap")

    make_space()
    wait_for(lambda: FULL not in device.light(), 3.0)
    (gap,) = wait_for(lambda: of_type(at_server(site), "gap"), 3.0)
    assert (gap["who"], gap["reason"]) == ("both", "outbox_full")
    (alert,) = of_type(at_server(site), "alert")
    assert gap["start_s"] < alert["start_s"] <= alert["end_s"] <= gap["end_s"]

    assert device.end(signal.SIGTERM) == 0
    stored = at_server(site)
    assert_once_and_in_order(stored)
    assert device.lines()[-1]["delivered"]["acknowledged"] == len(stored)
    assert stored[-1].event["reason"] == "stopped"
    assert "Traceback" not in device.said()


def test_a_disk_that_fills_during_a_call_hides_nothing_from_the_server(site: Site) -> None:
    with small_disk(site.folder / "disk") as disk:
        fill_in_the_middle(site, disk, lambda _: fill_disk(disk))


@pytest.mark.soak
def test_files_that_may_not_grow_are_a_full_disk(site: Site) -> None:
    fill_in_the_middle(site, site.state(), lambda device: limit_files(device, site.state()))


def test_a_device_that_starts_on_a_full_disk_still_tells_the_server_of_the_call(site: Site) -> None:
    site.start_server()
    with small_disk(site.folder / "disk") as disk:
        config = site.config(recordings.short_turns(site.folder), pace="fast", state=disk)
        assert site.start_device(config).end() == 0
        before = at_server(site)
        make_space = fill_disk(disk)
        device = site.start_device(config)
        wait_for(lambda: FULL in device.light())
        assert device.end() == 0
        make_space()
        assert site.start_device(config).end() == 0
    stored = at_server(site)
    assert_once_and_in_order(stored)
    assert len(stored) == 3 * len(before)
    assert [end["reason"] for end in of_type(stored, "call_ended")] == ["on_hook"] * 3


pytestmark = pytest.mark.timeout(90)
