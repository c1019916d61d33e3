"""What the device tells the service manager that runs it: systemd's notification protocol, sd_notify(3).

A message is one datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names. Nothing here runs by a clock:
the line's signs of life (`line.Line`) carry both the word that the device is ready and the watchdog's, so when audio
stops to come without that being known and shown, or the loop hangs, the watchdog hears nothing and the manager starts
the device again. Without a service manager everything here does nothing.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

SIGNS_PER_LIMIT: Final = 4
"""How often the watchdog is told within its limit; systemd advises half of the limit at most."""

log = logging.getLogger(__name__)


class ServiceManager:
    """The manager's end as the environment names it."""

    def __init__(self, environ: Mapping[str, str] = os.environ, now_s: Callable[[], float] = time.monotonic) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._every_s = _watchdog_s(environ) / SIGNS_PER_LIMIT
        self._now_s = now_s
        self._is_ready = False
        self._told_s = -float("inf")

    def receive_sign(self) -> None:
        """Take a sign of life: the first says that the device is ready, and not each of the others is passed on."""
        if not self._is_ready:
            self._is_ready = self._tell("READY=1")
        now_s = self._now_s()
        if self._every_s and now_s - self._told_s >= self._every_s and self._tell("WATCHDOG=1"):
            self._told_s = now_s

    def show_status(self, text: str) -> None:
        """Show these words in `systemctl status`."""
        self._tell(f"STATUS={' '.join(text.split())}")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that settings are read again, and when that is over, however it ends."""
        if not self._is_ready:  # nothing is over before the device is ready
            yield
            return
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self._is_ready = self._tell("READY=1")

    def stopping(self) -> None:
        """Say that the device ends."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> bool:
        """Send a message; gives whether nothing has to be sent again."""
        if not self._address:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)  # noqa: FBT003 - the standard library takes it so
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("event=service_manager_deaf error=%r", str(error))
            return False
        return True


def _address(named: str) -> str:
    """Give the socket's address; `@` begins a name in the abstract namespace, which the kernel begins with NUL."""
    return f"\0{named[1:]}" if named.startswith("@") else named


def _watchdog_s(environ: Mapping[str, str]) -> float:
    """Give the watchdog's limit, 0 for none (sd_watchdog_enabled(3)): it may be meant for another process."""
    limit_us, meant_for = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not limit_us.isdecimal() or meant_for not in {"", str(os.getpid())}:
        return 0.0
    return int(limit_us) / 1e6
