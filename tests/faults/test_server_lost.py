"""The central server is not there, dies, and comes back; the call and the light go on."""

import signal

import pytest

from . import recordings
from .programs import Program, Site, wait_for
from .records import assert_once_and_in_order, at_server, in_outbox, of_type

BACK_S = 8.0
"""The back-off has grown to 4 s by the time that the server is back."""


def is_online(device: Program) -> bool:
    return bool(device.lights()) and "offline" not in device.light()


def is_offline(device: Program) -> bool:
    return "offline" in device.light()


def delivered(device: Program) -> dict[str, int]:
    counts: dict[str, int] = device.lines()[-1]["delivered"]
    return counts


def test_a_server_that_comes_late_dies_and_comes_back_has_everything_in_the_end(site: Site) -> None:
    call = recordings.cut("billing_dispute", 26.2, 60.0, site.folder)
    device = site.start_device(site.config(call))
    wait_for(lambda: is_offline(device))
    wait_for(lambda: "Call in progress" in device.light())

    server = site.start_server()
    wait_for(lambda: is_online(device), BACK_S)
    wait_for(lambda: of_type(at_server(site), "call_started"), 2.0)
    wait_for(lambda: of_type(at_server(site), "utterance"))

    server.kill()
    wait_for(lambda: is_offline(device), 2.0)
    wait_for(lambda: "Has called about this before · offline" in device.light())

    site.start_server()
    wait_for(lambda: is_online(device), BACK_S)
    assert device.end(signal.SIGTERM) == 0
    stored = at_server(site)
    assert_once_and_in_order(stored)
    assert delivered(device) == {"committed": len(stored), "acknowledged": len(stored)}
    assert [event["rule"] for event in of_type(stored, "alert")] == ["called_before"]
    assert stored[-1].event["reason"] == "stopped"
    assert not of_type(stored, "gap")


def test_what_a_call_without_any_server_left_goes_out_in_the_next_run(site: Site) -> None:
    config = site.config(recordings.short_turns(site.folder), pace="fast")
    lonely = site.start_device(config)
    assert lonely.end() == 0
    assert is_offline(lonely)
    waiting = in_outbox(site.state(), site.folder / "copy")
    assert delivered(lonely) == {"committed": len(waiting), "acknowledged": 0}
    assert len(of_type(waiting, "utterance")) >= 4

    site.start_server()
    assert site.start_device(config).end() == 0
    stored = at_server(site)
    assert_once_and_in_order(stored)
    assert stored[: len(waiting)] == waiting
    assert [end["reason"] for end in of_type(stored, "call_ended")] == ["on_hook", "on_hook"]


@pytest.mark.soak
def test_a_server_killed_every_second_of_a_call_has_everything_in_the_end(site: Site) -> None:
    device = site.start_device(site.config(recordings.shipped("delivery_ok")))
    while device.process.poll() is None:
        server = site.start_server()
        wait_for(lambda: is_online(device) or device.process.poll() is not None)
        server.kill()
    site.start_server()
    assert site.start_device(site.config(recordings.short_turns(site.folder), pace="fast")).end() == 0
    stored = at_server(site)
    assert_once_and_in_order(stored)
    assert [end["reason"] for end in of_type(stored, "call_ended")] == ["on_hook", "on_hook"]
