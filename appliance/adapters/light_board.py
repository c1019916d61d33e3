"""The project's own light board on a serial port (USB). The talk itself is `indicator.board_link`."""

import errno
import select
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import serial
from serial.tools import list_ports

from appliance.adapters.light import LightError
from appliance.indicator.board_link import BoardLink, News, OtherVersion
from appliance.indicator.board_packets import VERSION, picture
from appliance.indicator.looks import Pattern
from appliance.light_settings import BoardSettings

USB_IDS: Final = frozenset({(0x2E8A, 0x0005)})
"""MicroPython on an RP2040, by Raspberry Pi's own number."""

WRITE_TIMEOUT_S: Final = 0.2
"""A board takes a packet in less than a millisecond; one that takes none is lost."""

GREETING_S: Final = 1.0
"""A board answers within milliseconds, also while it starts."""

RULE: Final = "systemd/70-undertone-light.rules"


class Port(NamedTuple):
    """A serial port with something on it that may be a light board."""

    path: str
    serial: str


def board_ports() -> list[Port]:
    """Give the ports of this machine that may have a board, by their USB numbers."""
    found = (port for port in list_ports.comports() if (port.vid, port.pid) in USB_IDS)
    return sorted(Port(port.device, port.serial_number or "") for port in found)


def choose_port(settings: BoardSettings, ports: Iterable[Port]) -> str:
    """Give the port of the board that is meant. Raises `LightError` when there is none, or more than one."""
    if settings.port:
        return settings.port
    there = list(ports)
    meant = [port for port in there if not settings.serial or port.serial == settings.serial]
    if len(meant) == 1:
        return meant[0].path
    names = ", ".join(f"{port.serial or 'without a number'} at {port.path}" for port in there)
    if meant:
        raise LightError(f"there are {len(meant)} light boards: {names}", 'write [light.board] serial = "…" for one')
    if settings.serial and there:
        raise LightError(f"no light board has the serial number {settings.serial}: {names}", "undertone light list")
    raise LightError("no light board is plugged in", "plug it in; its cable must carry data: undertone light list")


def open_port(path: str) -> serial.Serial:
    """Open a port for us alone. Raises `LightError`."""
    try:
        return serial.Serial(path, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True)
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        if number == errno.EACCES:
            mend = f"put {RULE} into /etc/udev/rules.d, run `udevadm control --reload`, and plug the board in again"
            raise LightError(f"no permission for the light board at {path}", mend) from None
        if number in (errno.EBUSY, errno.EAGAIN):
            raise LightError(f"another program uses {path}", "end it: the board talks to one program alone") from None
        if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
            raise LightError(f"no light board at {path}", "is it plugged in? undertone light list") from None
        raise LightError(f"{path} is no serial port", "name another: undertone light list") from None


class LightBoard:
    """One board, from the opening of its port on; see `Lamp`."""

    def __init__(self, settings: BoardSettings, on_news: Callable[[News], None]) -> None:
        self._path = choose_port(settings, () if settings.port else board_ports())
        self._port = open_port(self._path)
        self._link = BoardLink(time.monotonic())
        self._on_news = on_news
        self._has_buzzer = settings.buzzer
        self._pattern: Pattern | None = None
        try:
            self._greet()
        except (LightError, OSError):
            self._port.close()
            raise

    def turn(self, pattern: Pattern, elapsed_ms: int) -> float:  # noqa: ARG002 - the board keeps its own time
        """See `Lamp`."""
        self._receive()
        if pattern != self._pattern:
            buzz = self._has_buzzer and _is_urgent(pattern) and not (self._pattern and _is_urgent(self._pattern))
            self._link.show(picture(pattern, buzz=buzz))
            self._pattern = pattern
        now_s = time.monotonic()
        self._send(now_s)
        if self._link.is_silent(now_s):
            raise self._silence()
        return self._link.next_s(now_s)

    def fileno(self) -> int:
        """See `Lamp`."""
        return int(self._port.fileno())

    def close(self) -> None:
        """See `Lamp`."""
        self._port.close()

    def _greet(self) -> None:
        """Wait until the board has said who it is: only then is there one."""
        until_s = time.monotonic() + GREETING_S
        while self._link.identity is None:
            now_s = time.monotonic()
            if now_s >= until_s:
                raise self._silence()
            self._send(now_s)
            select.select([self._port.fileno()], [], [], self._link.next_s(now_s))
            self._receive()

    def _silence(self) -> LightError:
        return LightError(f"no light board answers at {self._path}", "flash it: undertone light flash")

    def _send(self, now_s: float) -> None:
        if out := self._link.send(now_s):
            self._port.write(out)

    def _receive(self) -> None:
        for news in self._link.receive(self._port.read(self._port.in_waiting), time.monotonic()):
            if isinstance(news, OtherVersion):
                raise LightError(
                    f"the light board at {self._path} speaks version {news.version}, this box {VERSION}",
                    "bring its firmware to this version: undertone light flash",
                )
            self._on_news(news)


def _is_urgent(pattern: Pattern) -> bool:
    return pattern.look.colour == "red" and pattern.look.blink_period_ms > 0
