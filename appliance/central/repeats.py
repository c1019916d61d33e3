"""A warning that a stranger can cause stands in the log once in a while, however often it is caused."""

import logging
import time
from typing import Final

from appliance.central.rate import RateLimit

TOLD_EVERY_S: Final = 600.0
"""Who knocks a thousand times a second must not fill the disk, and whoever reads the log sees that it goes on."""


class Repeats:
    """Writes the warnings of one module's log."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._told = RateLimit(1, TOLD_EVERY_S)

    def warn(self, cause: str, text: str, *values: object, level: int = logging.WARNING) -> None:
        """Write a warning, if none was written of this `cause` in the last `TOLD_EVERY_S`."""
        if not self._told.wait_s(cause, time.monotonic()):
            self._log.log(level, text, *values)
