"""The hook button of a USB headset adapter, read from its raw reports (/dev/hidrawN)."""

import os
import time
from pathlib import Path
from typing import Final

from appliance.errors import BadInputError
from appliance.hook_settings import HidHookSettings
from appliance.telephony.hid import HookField, hook_field, is_off_hook

SYS_HIDRAW: Final = Path("/sys/class/hidraw")
DEV: Final = Path("/dev")

AGAIN_S: Final = 1.0
"""Between two looks for a device that is not there."""

MAX_REPORTS: Final = 64
"""Read at a time; a device that sends more in 20 ms must not hold up the line."""

REPORT_BYTES: Final = 16_384
"""The longest that the kernel gives."""


class HidHook:
    """A telephone device by its name; `root` and `dev` are where the kernel shows it."""

    def __init__(self, settings: HidHookSettings, root: Path = SYS_HIDRAW, dev: Path = DEV) -> None:
        self._name = settings.device
        self._root = root
        self._dev = dev
        self._file: int | None = None
        self._field: HookField | None = None
        self._state: bool | None = None
        self._next_look_s = 0.0
        self.problem = ""

    def is_off_hook(self) -> bool | None:
        """See `hook_input.HookInput`; a device tells its state at the first change."""
        if self._file is None and time.monotonic() >= self._next_look_s:
            self._open()
        if self._file is not None and self._field:
            self._read(self._file, self._field)
        return self._state

    def close(self) -> None:
        """Let the device go."""
        if self._file is not None:
            os.close(self._file)
        self._file, self._state = None, None

    def _open(self) -> None:
        self._next_look_s = time.monotonic() + AGAIN_S
        self.problem = (
            f"No headset adapter {self._name!r} with a hook button can be read: is it plugged in, and may this user "
            "read /dev/hidraw*? Until then the sound of the line tells when a call begins."
        )
        for entry in sorted(self._root.glob("hidraw*")):
            try:
                if self._name.casefold() not in _name_of(entry).casefold():
                    continue
                field = hook_field((entry / "device/report_descriptor").read_bytes())
                if field is None:
                    continue
                self._file = os.open(self._dev / entry.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except (OSError, BadInputError):
                continue
            self._field, self.problem = field, ""
            return

    def _read(self, file: int, field: HookField) -> None:
        try:
            for _ in range(MAX_REPORTS):
                report = os.read(file, REPORT_BYTES)
                if not report:
                    self.close()
                    return
                told = is_off_hook(field, report)
                self._state = self._state if told is None else told
        except BlockingIOError:
            return
        except OSError:  # unplugged
            self.close()


def _name_of(entry: Path) -> str:
    lines = (entry / "device/uevent").read_text("utf-8", "replace").splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("HID_NAME=")), "")
