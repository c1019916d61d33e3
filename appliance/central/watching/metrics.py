"""The fleet's numbers for Prometheus, on a port of its own that only this machine can reach.

Read by whoever scrapes the server (`curl http://127.0.0.1:9478/metrics`); a Grafana dashboard stands beside, in
`grafana.json`. No person and no call is in it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from appliance.central.watching.boxes import Box
from appliance.central.watching.hooks import Hook
from appliance.central.watching.judge import WORST_FIRST
from appliance.delivery.health import HealthMessage

LOOPBACK: Final = "127.0.0.1"
"""Nothing protects the numbers, so nobody outside may ask for them."""

OF_HEALTH: Final[tuple[tuple[str, str, Callable[[HealthMessage], float | None]], ...]] = (
    ("undertone_box_temperature_celsius", "The hottest zone of the board", lambda told: told.temperature_c),
    ("undertone_box_throttled", "1 while the board slows itself down", lambda told: told.throttled),
    ("undertone_box_free_bytes", "Free space for the box's state", lambda told: told.free_bytes),
    ("undertone_box_waiting_events", "Events the server has yet to acknowledge", lambda told: told.waiting_events),
    ("undertone_box_words_per_minute", "Words recognised in the last minute of calls", lambda told: told.words_per_min),
    ("undertone_box_calls", "Calls that are on", lambda told: told.calls),
    ("undertone_box_uptime_seconds", "Since the box was started", lambda told: told.uptime_s),
    ("undertone_box_muted_seconds", "For how long it has been muted by hand", lambda told: told.muted_s or 0.0),
    ("undertone_box_clock_synchronised", "1 while its UTC can be trusted", lambda told: told.clock_synchronised),
)
"""What is told of each box that is on line: the name, what it is, and where it stands in what the box said."""


class Numbers(NamedTuple):
    """What a scrape tells. `statistics` is the writer's part of `/api/stats`."""

    boxes: list[Box]
    hooks: list[Hook]
    statistics: dict[str, Any]


def text(numbers: Numbers) -> bytes:
    """Give the page that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(_Fleet(numbers))
    return generate_latest(registry)


def application(gather: Callable[[], Awaitable[Numbers]], guard: Middleware) -> web.Application:
    """Give the server of the page; `guard` keeps other web sites out."""

    async def answer(_request: web.Request) -> web.Response:
        # In a thread: for ten thousand boxes it is work of a second.
        body = await asyncio.to_thread(text, await gather())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(middlewares=[guard])
    app.add_routes([web.get("/metrics", answer)])
    return app


class _Fleet(Collector):
    """Gives all numbers anew for each scrape."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        boxes = self._numbers.boxes
        yield _counted(boxes)
        yield from _of_boxes(boxes)
        yield from _of_hooks(self._numbers.hooks)
        yield from _of_server(self._numbers.statistics)


def _counted(boxes: list[Box]) -> Metric:
    counts = Counter(box.state for box in boxes)
    family = GaugeMetricFamily("undertone_fleet_boxes", "Boxes by their worst state", labels=("state",))
    for state in dict.fromkeys([*WORST_FIRST, *sorted(counts)]):
        family.add_metric((state,), counts[state])
    return family


def _of_boxes(boxes: list[Box]) -> Iterator[Metric]:
    online = [(box, box.health) for box in boxes if box.online and box.health]
    yield _each("undertone_box_online", "1 while the box has a link", ((box, box.online) for box in boxes))
    yield _each("undertone_box_well", "1 while nothing is wrong with it", ((box, box.state == "ok") for box in boxes))
    seen = ((box, _epoch_s(box.last_seen)) for box in boxes)
    yield _each("undertone_box_last_seen_timestamp_seconds", "When the box was heard last", seen)
    ends = ((box, _epoch_s(box.certificate_ends_at)) for box in boxes)
    yield _each("undertone_box_certificate_ends_timestamp_seconds", "When its certificate ends", ends)
    for name, what, value in OF_HEALTH:
        yield _each(name, what, ((box, value(told)) for box, told in online))
    levels = GaugeMetricFamily("undertone_box_level_dbfs", "How loud each side speaks", labels=("device", "side"))
    programs = GaugeMetricFamily("undertone_box_program", "What it runs", labels=("device", "release", "version"))
    for box, told in online:
        for side, level in told.level_dbfs.items():
            levels.add_metric((box.device, side), level)
        programs.add_metric((box.device, str(told.program.number), told.program.version), 1)
    yield levels
    yield programs


def _each(name: str, what: str, values: Iterable[tuple[Box, float | None]]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=("device",))
    for box, value in values:
        if value is not None:
            family.add_metric((box.device,), value)
    return family


def _of_hooks(hooks: list[Hook]) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("undertone_hook_waiting", "Deliveries that wait for a receiver", labels=("hook",))
    dropped = CounterMetricFamily("undertone_hook_dropped", "Deliveries that nobody heard", labels=("hook",))
    for hook in hooks:
        waiting.add_metric((hook.name,), hook.waiting)
        dropped.add_metric((hook.name,), hook.dropped)
    yield waiting
    yield dropped


def _of_server(statistics: dict[str, Any]) -> Iterator[Metric]:
    commit_ms = statistics["commit_ms"]["p95"]
    if commit_ms is not None:
        yield GaugeMetricFamily("undertone_central_commit_seconds", "The 95th of 100 commits", commit_ms / 1000)
    yield GaugeMetricFamily("undertone_central_store_refuses", "1 while the disk refuses", bool(statistics["fault"]))
    yield CounterMetricFamily("undertone_central_conflicts", "Numbers that were used twice", statistics["conflicts"])


def _epoch_s(at: str | None) -> float | None:
    return datetime.fromisoformat(at).timestamp() if at else None
