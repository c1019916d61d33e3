"""Keeps an eye on the box itself: what is so and what was counted, for the metrics, for the log and for the server."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from appliance.adapters import clock, machine_state, paths
from appliance.adapters.update_store import UpdateStore
from appliance.delivery.health import MAX_FAILED, MAX_WHY, Condition, HealthMessage, Program
from appliance.delivery.policy import HEALTH_EVERY_S
from appliance.errors import BadInputError
from appliance.events import Event
from appliance.figures import Counts, Figures, WordRate
from appliance.health import Health, Readings, health
from appliance.indicator.patterns import Fault
from appliance.version import VERSION

if TYPE_CHECKING:
    from appliance.adapters.metrics import Gathered, Metrics

LOOK_EVERY_S: Final = 5.0
"""Prometheus asks every 15 s or more seldom, and temperatures move slowly."""

_log = logging.getLogger(__name__)


class Look(NamedTuple):
    """What the device itself knows at a moment. `levels_dbfs` is how loud each side of the newest call speaks."""

    faults: frozenset[Fault]
    has_server: bool
    link_online: bool
    is_muted: bool
    waiting_events: int
    calls: int
    levels_dbfs: Mapping[str, float] = {}


class Watchman:
    """Looks now and then; `look` is called on the loop. `port` None: nothing is served.

    `tell` takes what the server is to know: when something has changed, and each minute otherwise.
    """

    def __init__(
        self,
        port: int | None,
        folder: Path,
        look: Callable[[], Look],
        tell: Callable[[HealthMessage], None],
        releases: Path = paths.RELEASES,
        *,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._look = look
        self._tell = tell
        self._folder = folder
        self._every_s = every_s
        self._releases = UpdateStore(releases, paths.PACKAGED)
        self._figures = Figures()
        self._rate = WordRate()
        self._muted_since_s: float | None = None
        self._told: tuple[Health, ...] = (Health("ok", ""),)
        self._told_s = -HEALTH_EVERY_S
        self._newest: tuple[Readings, Counts, int] = (Readings(), self._figures.counts(), 0)
        self._metrics = None if port is None else _metrics(port, lambda: self._newest)

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
            await asyncio.sleep(self._every_s)

    def _look_around(self) -> None:
        seen, now_s = self._look(), asyncio.get_running_loop().time()
        if not seen.is_muted:
            self._muted_since_s = None
        elif self._muted_since_s is None:
            self._muted_since_s = now_s
        readings, counts = self._read(seen, now_s), self._figures.counts()
        # One tuple, put in its place at once: the metrics' thread reads it whenever it likes.
        self._newest = (readings, counts, seen.calls)
        rate = self._rate.receive_look(now_s, sum(counts.words.values()), seen.calls)
        found = health(readings)
        names, told = [each.name for each in found], [each.name for each in self._told]
        if found[0].name != self._told[0].name:
            _log.warning("event=health state=%s text=%r", found[0].name, found[0].why)
        if names != told or now_s - self._told_s >= HEALTH_EVERY_S:
            self._told, self._told_s = found, now_s
            self._tell(_message(seen, readings, found, rate, self._program()))

    def _read(self, seen: Look, now_s: float) -> Readings:
        return Readings(
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

    def _program(self) -> Program:
        try:
            state = self._releases.state()
        except BadInputError:
            return Program(version=VERSION)  # `undertone doctor` says what is wrong there
        trial = state.trial.number if state.trial else None
        return Program(version=VERSION, number=state.good, trial=trial, failed=state.failed[-MAX_FAILED:])


def _message(
    seen: Look, readings: Readings, found: tuple[Health, ...], words_per_min: float | None, program: Program
) -> HealthMessage:
    # Whoever reads this is the server that could not be reached.
    told = [Condition(each.name, each.why[:MAX_WHY]) for each in found if each.name != "offline"]
    return HealthMessage(
        conditions=tuple(told) or (Condition("ok", "All is well"),),
        program=program,
        uptime_s=clock.uptime_s(),
        calls=seen.calls,
        waiting_events=seen.waiting_events,
        clock_synchronised=readings.clock_synchronised,
        temperature_c=readings.temperature_c,
        throttled=readings.throttled,
        free_bytes=readings.free_bytes,
        words_per_min=words_per_min,
        level_dbfs={side: round(level, 1) for side, level in seen.levels_dbfs.items()},
        muted_s=readings.since_muted_s,
    )


def _metrics(port: int, gather: Callable[[], "Gathered"]) -> "Metrics":
    from appliance.adapters.metrics import Metrics  # noqa: PLC0415 - loads a web server, which most boxes do without

    return Metrics(port, gather)
