"""The fleet's numbers, asked for over a real connection, and the dashboard that shows them."""

import asyncio
import json
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from appliance.central.server import Settings, running
from appliance.central.watching import metrics
from appliance.central.watching.boxes import Box
from appliance.central.watching.hooks import Hook
from appliance.delivery.health import Condition

from .boxes import said

DASHBOARD = Path(metrics.__file__).parent / "grafana.json"


def box(device: str, state: str = "ok", *, online: bool = True) -> Box:
    health = said(state, temperature_c=51.5, words_per_min=0.0, calls=1, level_dbfs={"agent": -21.0}, free_bytes=5,
                  throttled=False)  # fmt: skip
    return Box(
        device=device, serial="", team="", state=state, why="", state_since="2026-03-02T09:00:00.000Z", online=online,
        conditions=(Condition(state, ""),), last_seen="2026-03-02T09:00:00.000Z", claimed_at=None,
        certificate_ends_at="2026-05-02T09:00:00.000Z", version="1.4.0", rules="", told_at=None, health=health,
    )  # fmt: skip


def numbers() -> metrics.Numbers:
    hook = Hook("pager", "https://a.example", (), allow_private=False, made_at="", told_at=None, fault="", dropped=2,
                waiting=3)  # fmt: skip
    boxes = [box("desk-1"), box("desk-2", "hot"), box("desk-3", "offline", online=False), box("desk-4", "haunted")]
    return metrics.Numbers(boxes, [hook], {"commit_ms": {"p95": 4.0}, "fault": "", "conflicts": 0})


def read(page: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(page)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_each_box_is_told_and_what_an_absent_one_said_last_is_not() -> None:
    found = read(metrics.text(numbers()).decode())
    assert found["undertone_fleet_boxes", "ok"] == found["undertone_fleet_boxes", "haunted"] == 1
    assert found["undertone_fleet_boxes", "deaf"] == 0
    assert found["undertone_box_temperature_celsius", "desk-2"] == 51.5
    assert ("undertone_box_temperature_celsius", "desk-3") not in found
    assert found["undertone_box_online", "desk-3"] == found["undertone_box_well", "desk-2"] == 0
    assert found["undertone_box_level_dbfs", "desk-1", "agent"] == -21
    assert found["undertone_box_program", "desk-1", "3", "1.4.0"] == 1
    assert (found["undertone_hook_waiting", "pager"], found["undertone_hook_dropped_total", "pager"]) == (3, 2)
    assert found["undertone_central_commit_seconds",] == 0.004


def test_every_number_of_the_dashboard_is_one_that_is_served() -> None:
    served = {name for name, *_ in read(metrics.text(numbers()).decode())}
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = {name for expression in asked for name in re.findall(r"undertone_\w+", expression)}
    assert len(used) > 10
    assert used <= served, used - served
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(places) == len(set(places))


def test_it_is_served_on_the_loopback_and_to_no_other_web_site(tmp_path: Path) -> None:
    async def run() -> None:
        settings = Settings(tmp_path / "c.sqlite", tmp_path / "c.json", tmp_path / "access", metrics_port=0)
        async with running(settings) as ports:
            url = f"http://127.0.0.1:{ports.metrics}/metrics"
            page = await asyncio.to_thread(lambda: urlopen(url).read().decode())
            assert read(page)["undertone_fleet_boxes", "ok"] == 0
            hostile = Request(url, headers={"Host": "evil.example"})
            with pytest.raises(HTTPError, match="421"):
                await asyncio.to_thread(urlopen, hostile)

    asyncio.run(run())
