"""Keeps an eye on the box itself: what is so and what was counted, for the metrics and for the log."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from appliance.adapters import clock, machine_state
from appliance.adapters.metrics import Metrics
from appliance.events import Event
from appliance.figures import Counts, Figures
from appliance.health import HealthName, Readings, health
from appliance.indicator.patterns import Fault

LOOK_EVERY_S: Final = 5.0
"""Prometheus asks every 15 s or more seldom, and temperatures move slowly."""

_log = logging.getLogger(__name__)


class Look(NamedTuple):
    """What the device itself knows at a moment."""

    faults: frozenset[Fault]
    has_server: bool
    link_online: bool
    is_muted: bool
    waiting_events: int
    calls: int


class Watchman:
    """Looks now and then; `look` is called on the loop. `port` None: nothing is served."""

    def __init__(self, port: int | None, folder: Path, look: Callable[[], Look]) -> None:
        self._look = look
        self._folder = folder
        self._figures = Figures()
        self._muted_since_s: float | None = None
        self._told: HealthName = "ok"
        self._newest: tuple[Readings, Counts, int] = (Readings(), self._figures.counts(), 0)
        self._metrics = None if port is None else Metrics(port, lambda: self._newest)

    def receive(self, event: Event) -> None:
        """Count an event."""
        self._figures.receive(event)

    def start(self) -> None:
        """Begin to serve the metrics. Raises `BadInputError` when their port is taken."""
        if self._metrics:
            self._metrics.start()

    def stop(self) -> None:
        """End what `start` began."""
        if self._metrics:
            self._metrics.stop()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._look_around()
            await asyncio.sleep(LOOK_EVERY_S)

    def _look_around(self) -> None:
        seen, now_s = self._look(), asyncio.get_running_loop().time()
        if not seen.is_muted:
            self._muted_since_s = None
        elif self._muted_since_s is None:
            self._muted_since_s = now_s
        readings = Readings(
            faults=seen.faults,
            has_server=seen.has_server,
            link_online=seen.link_online,
            since_muted_s=None if self._muted_since_s is None else now_s - self._muted_since_s,
            waiting_events=seen.waiting_events,
            temperature_c=machine_state.temperature_c(),
            throttled=machine_state.throttled(),
            free_bytes=machine_state.free_bytes(self._folder),
            clock_synchronised=clock.is_synchronised(),
        )
        # One tuple, put in its place at once: the metrics' thread reads it whenever it likes.
        self._newest = (readings, self._figures.counts(), seen.calls)
        worst = health(readings)[0]
        if worst.name != self._told:
            self._told = worst.name
            _log.warning("event=health state=%s text=%r", worst.name, worst.why)
