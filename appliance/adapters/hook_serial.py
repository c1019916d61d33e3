"""A hook that writes a byte to a serial port at each change."""

import time
from typing import Final

import serial

from appliance.hook_settings import SerialHookSettings

AGAIN_S: Final = 1.0
"""Between two attempts to open a port that is not there."""

READ_BYTES: Final = 4_096


class SerialHook:
    """A serial port; other bytes than the two that mean something are passed over."""

    def __init__(self, settings: SerialHookSettings) -> None:
        self._settings = settings
        self._means = {ord(settings.off_hook): True, ord(settings.on_hook): False}
        self._port: serial.Serial | None = None
        self._state: bool | None = None
        self._next_look_s = 0.0
        self.problem = ""

    def is_off_hook(self) -> bool | None:
        """See `hook_input.HookInput`; a port tells its state at the first change."""
        if self._port is None and time.monotonic() >= self._next_look_s:
            self._open()
        if self._port is not None:
            self._read(self._port)
        return self._state

    def close(self) -> None:
        """Let the port go."""
        if self._port is not None:
            self._port.close()
        self._port, self._state = None, None

    def _open(self) -> None:
        self._next_look_s = time.monotonic() + AGAIN_S
        try:
            self._port = serial.Serial(self._settings.port, self._settings.baud, timeout=0, exclusive=True)
            self.problem = ""
        except (OSError, ValueError):
            self.problem = (
                f"The hook's serial port {self._settings.port} cannot be read: is it plugged in, and may this user "
                "read it (group dialout)? Until then the sound of the line tells when a call begins."
            )

    def _read(self, port: serial.Serial) -> None:
        try:
            told = [self._means[byte] for byte in port.read(READ_BYTES) if byte in self._means]
        except OSError:  # unplugged; pyserial's own errors are among them
            self.close()
            return
        self._state = told[-1] if told else self._state
