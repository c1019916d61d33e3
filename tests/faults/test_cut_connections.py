"""Exactly once from end to end: the real device and the real server over a line that breaks again and again."""

import asyncio
import signal
from pathlib import Path

import pytest

from appliance.adapters.outbox import Outbox
from tests.adapters.outbox_drafts import call_ended, call_started, utterance

from . import recordings
from .cutting_proxy import cutting_proxy
from .programs import Site, wait_for
from .records import Record, assert_once_and_in_order, at_server, in_outbox

BACKLOG = 800
CUTS = 25


async def keep(outbox_file: Path) -> None:
    """Put a long call that no server has heard of into the device's outbox."""
    outbox = Outbox(outbox_file, lambda _: None)
    await outbox.start()
    for draft in (call_started(), *map(utterance, range(1, BACKLOG + 1)), call_ended(BACKLOG * 16_000)):
        outbox.append(draft)
    await outbox.stop()


def deliver_over_a_breaking_line(site: Site, seed: int) -> None:
    asyncio.run(keep(site.state() / "outbox.db"))
    committed = in_outbox(site.state(), site.folder / "copy")
    assert len(committed) == BACKLOG + 2
    site.start_server()
    call = recordings.shipped("delivery_ok")  # in a language that no model hears on this line, so it costs nothing
    with cutting_proxy(site.port, seed) as proxy:
        live = site.start_device(site.config(call, language="ko", port=proxy.port))
        wait_for(lambda: proxy.cuts >= CUTS)
        assert live.end(signal.SIGTERM) == 0
        committed += [record for record in in_outbox(site.state(), site.folder / "copy") if record not in committed]
        proxy.cutting = False
        last = site.start_device(site.config(call, language="ko", pace="fast", port=proxy.port))
        assert last.end() == 0
    assert_arrived(committed, at_server(site))
    assert in_outbox(site.state(), site.folder / "copy") == []


def assert_arrived(committed: list[Record], stored: list[Record]) -> None:
    assert_once_and_in_order(stored)
    assert stored[: len(committed)] == committed
    assert [record.event["type"] for record in stored].count("call_ended") == 3


def test_a_line_cut_at_random_loses_and_repeats_nothing(site: Site) -> None:
    deliver_over_a_breaking_line(site, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_lines_cut_at_random_lose_and_repeat_nothing(site: Site, seed: int) -> None:
    deliver_over_a_breaking_line(site, seed)
