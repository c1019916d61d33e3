"""The device's own numbers, while it runs without its server, and what the server hears of it later."""

import signal
import socket
from contextlib import closing
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from appliance.central.watching.store import box_rows, open_fleet
from appliance.delivery.health import HealthMessage

from . import recordings
from .programs import Site, wait_for


def numbers(port: int) -> dict[tuple[str, ...], float]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
    except (URLError, ConnectionError):
        return {}
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_prometheus_sees_the_call_the_waiting_events_and_the_lost_server(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = site.config(recordings.without_a_model(site.folder), language="de")
    config.write_text(config.read_text("utf-8") + f"[metrics]\nport = {port}\n", "utf-8")
    device = site.start_device(config)
    offline = ("undertone_health", "offline")
    wait_for(lambda: numbers(port).get(offline) == 1 and numbers(port).get(("undertone_calls",)) == 1)
    found = numbers(port)
    assert found["undertone_link_online",] == 0
    assert found["undertone_events_total", "call_started"] == 1
    assert found["undertone_waiting_events",] >= 1
    assert found["undertone_health", "ok"] == 0
    second = site.start_device(config)
    assert second.end() == 2, "the port is taken"
    assert "[metrics]" in second.said()
    device.end(signal.SIGTERM)


def test_the_server_hears_from_the_device_how_it_is(site: Site) -> None:
    site.start_server()
    site.start_device(site.config(recordings.without_a_model(site.folder), language="de"))
    with closing(open_fleet(site.folder / "access")) as fleet:
        wait_for(lambda: any(row.health for row in box_rows(fleet)))
        (kept,) = box_rows(fleet)
    told = msgspec.json.decode(kept.health or "", type=HealthMessage)
    assert "deaf" in [each.name for each in told.conditions], "no model hears this line"
    assert "offline" not in [each.name for each in told.conditions]
    assert kept.state == "deaf"
