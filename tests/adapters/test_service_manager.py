"""The words to systemd, on a real socket, and from a real device."""

import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.service_manager import SIGNS_PER_LIMIT, ServiceManager

from ..faults import recordings
from ..faults.conftest import site as site  # noqa: PLC0414 - a fixture
from ..faults.programs import Site, wait_for
from ..rule_packs import pack

LIMIT_US = 20_000_000
LIMIT_S = LIMIT_US / 1e6


class Manager:
    """The manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.messages: list[str] = []

    def heard(self) -> list[str]:
        """Give all messages so far."""
        while True:
            try:
                self.messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    named = str(tmp_path / "notify") if request.param == "file" else f"@undertone-test-{secrets.token_hex(8)}"
    with closing(Manager(named)) as manager:
        yield manager


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_first_sign_says_that_the_device_is_ready(manager: Manager) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.show_status("The phone line\nis gone")
    assert manager.heard() == ["STATUS=The phone line is gone"]
    service.receive_sign()
    service.receive_sign()
    assert manager.heard()[1:] == ["READY=1"]


@given(gaps_s=st.lists(st.floats(0, 2 * LIMIT_S), max_size=50))
def test_the_watchdog_hears_of_signs_and_of_nothing_else(gaps_s: list[float]) -> None:
    clock, name = Clock(), f"@undertone-test-{secrets.token_hex(8)}"
    with closing(Manager(name)) as manager:
        service = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(LIMIT_US)}, clock)
        told_s = -LIMIT_S
        for gap_s in gaps_s:
            clock.now_s += gap_s
            before = len(manager.heard())
            service.receive_sign()
            if "WATCHDOG=1" in manager.heard()[before:]:
                told_s = clock.now_s
            # A device that goes on giving signs is never taken for dead.
            assert clock.now_s - told_s < LIMIT_S / SIGNS_PER_LIMIT
        assert manager.messages.count("READY=1") == bool(gaps_s)
        assert manager.messages.count("WATCHDOG=1") <= len(gaps_s)


@pytest.mark.parametrize("meant_for", ["", "1", "own"])
def test_a_watchdog_for_another_process_is_none_of_ours(manager: Manager, meant_for: str) -> None:
    pid = str(os.getpid()) if meant_for == "own" else meant_for
    environ = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(LIMIT_US), "WATCHDOG_PID": pid}
    ServiceManager(environ).receive_sign()
    assert manager.heard() == (["READY=1"] if meant_for == "1" else ["READY=1", "WATCHDOG=1"])


def test_reading_again_ends_however_it_ends(manager: Manager) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    with service.reloading():
        pass
    assert manager.heard() == []
    service.receive_sign()
    with pytest.raises(ValueError, match="broken"), service.reloading():
        raise ValueError("broken")
    _, reloading, ready = manager.heard()
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert ready == "READY=1"


def test_without_a_manager_or_with_one_that_is_gone_nothing_breaks(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "nonsense"}):
        service = ServiceManager(environ)
        service.show_status("Ready")
        service.receive_sign()
        with service.reloading():
            pass
        service.stopping()


def test_what_was_not_heard_is_said_again(tmp_path: Path) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    service.receive_sign()
    with closing(Manager(str(tmp_path / "notify"))) as late:
        service.receive_sign()
        assert late.heard() == ["READY=1"]


def test_a_device_tells_its_manager_how_it_is(site: Site, tmp_path: Path) -> None:
    rules = site.folder / "rules.toml"
    rules.write_text(pack(version="1"))
    config = site.config(recordings.without_a_model(site.folder), language="de")
    config.write_text(config.read_text("utf-8").replace("[light]", '[rules]\nfile = "rules.toml"\n[light]'))
    with closing(Manager(str(tmp_path / "notify"))) as manager:
        device = site.start_device(config, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="400000")
        wait_for(lambda: manager.heard().count("WATCHDOG=1") > 2)
        assert manager.messages[0].startswith("STATUS=")
        assert manager.messages.count("READY=1") == 1
        device.process.send_signal(signal.SIGHUP)
        wait_for(lambda: manager.heard().count("READY=1") == 2)
        assert any(message.startswith("RELOADING=1") for message in manager.messages)
        device.end(signal.SIGTERM)
        assert "STOPPING=1" in manager.heard()
