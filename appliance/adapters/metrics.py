"""The box's own numbers for Prometheus, on a port that only this machine can reach.

Read by whoever scrapes the box (`curl http://127.0.0.1:9477/metrics`); the fleet's numbers are at the central server.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, StateSetMetricFamily
from prometheus_client.registry import Collector

from appliance.errors import BadInputError
from appliance.figures import Counts
from appliance.health import RANK, Readings, health

LOOPBACK: Final = "127.0.0.1"
"""Nothing protects the numbers, so nobody outside may ask for them."""

_log = logging.getLogger(__name__)

Gathered = tuple[Readings, Counts, int]
"""What is so now, what was counted, and how many calls are on."""


class Metrics:
    """Serves the numbers from `start` to `stop`, in a thread of its own; `gather` is called for each request there."""

    def __init__(self, port: int, gather: Callable[[], Gathered]) -> None:
        self._port = port
        self._registry = CollectorRegistry()
        self._registry.register(_Box(gather))

    def start(self) -> None:
        """Begin to serve. Raises `BadInputError` when the port is taken."""
        try:
            self._server, self._thread = start_http_server(self._port, LOOPBACK, self._registry)
        except OSError as error:
            text = f"metrics cannot be served on {LOOPBACK}:{self._port} ({error.strerror})"
            raise BadInputError(text, mend="give another port in `[metrics]`, or leave the table out") from error
        _log.info("event=metrics port=%d", self._server.server_port)

    @property
    def port(self) -> int:
        """Where it serves, also where port 0 had asked for any."""
        return self._server.server_port

    def stop(self) -> None:
        """End the server and its thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Box(Collector):
    """Gives all numbers anew for each request."""

    def __init__(self, gather: Callable[[], Gathered]) -> None:
        self._gather = gather

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        readings, counts, calls = self._gather()
        yield GaugeMetricFamily("undertone_calls", "Calls that are on now", calls)
        yield from _counters(counts)
        yield from _gauges(readings)
        states = {each.name for each in health(readings)}
        yield StateSetMetricFamily("undertone_health", "What is so of the box", {name: name in states for name in RANK})


def _counters(counts: Counts) -> Iterator[Metric]:
    tables: tuple[tuple[str, str, str, dict[str, int] | dict[str, float]], ...] = (
        ("undertone_events", "Events since the start", "type", counts.events),
        ("undertone_words", "Words heard since the start", "who", counts.words),
        ("undertone_alerts", "Alerts since the start", "level", counts.alerts),
        ("undertone_missing_seconds", "Media time that is not known", "reason", counts.missing_s),
    )
    for name, what, label, table in tables:
        family = CounterMetricFamily(name, what, labels=(label,))
        for key, value in table.items():
            family.add_metric((key,), value)
        yield family


def _gauges(readings: Readings) -> Iterator[Metric]:
    known: tuple[tuple[str, str, float | None], ...] = (
        ("undertone_waiting_events", "Events the server has yet to acknowledge", readings.waiting_events),
        ("undertone_link_online", "1 while the server is reached", readings.link_online),
        ("undertone_clock_synchronised", "1 while UTC can be trusted", readings.clock_synchronised),
        ("undertone_muted_seconds", "For how long the agent has muted the box", readings.since_muted_s or 0.0),
        ("undertone_temperature_celsius", "The hottest zone of the board", readings.temperature_c),
        ("undertone_throttled", "1 while the board slows itself down", readings.throttled),
        ("undertone_free_bytes", "Free space for the state", readings.free_bytes),
    )
    for name, what, value in known:
        if value is not None:
            yield GaugeMetricFamily(name, what, value)
