"""The box's numbers, asked for over a real connection."""

import socket
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from appliance.adapters.metrics import LOOPBACK, Gathered, Metrics
from appliance.errors import BadInputError
from appliance.figures import Counts
from appliance.health import Readings

COUNTS = Counts(events={"utterance": 4}, words={"caller": 31}, alerts={"urgent": 1}, missing_s={"line_lost": 1.5})


def gathered() -> Gathered:
    return Readings(faults=frozenset({"line_deaf"}), waiting_events=9, temperature_c=51.5), COUNTS, 2


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    serving = Metrics(0, gathered)
    serving.start()
    yield serving
    serving.stop()


def test_prometheus_reads_what_the_box_gives(metrics: Metrics) -> None:
    with urlopen(f"http://{LOOPBACK}:{metrics.port}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    read = {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}
    assert read["undertone_calls",] == 2
    assert read["undertone_events_total", "utterance"] == 4
    assert read["undertone_words_total", "caller"] == 31
    assert read["undertone_missing_seconds_total", "line_lost"] == 1.5
    assert read["undertone_waiting_events",] == 9
    assert read["undertone_temperature_celsius",] == 51.5
    assert read["undertone_health", "deaf"] == 1
    assert read["undertone_health", "ok"] == 0
    assert ("undertone_throttled",) not in read, "what this machine cannot tell is not made up"


def test_it_is_not_served_to_the_network(metrics: Metrics) -> None:
    with pytest.raises(OSError, match="refused"), socket.create_connection((_own_address(), metrics.port), timeout=2):
        pass


def test_a_port_that_is_taken_is_told_with_the_mend(metrics: Metrics) -> None:
    with pytest.raises(BadInputError) as refused:
        Metrics(metrics.port, gathered).start()
    assert "[metrics]" in refused.value.mend


def _own_address() -> str:
    """Give an address of this machine that is not the loopback's first; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.2"
        return str(asking.getsockname()[0])
