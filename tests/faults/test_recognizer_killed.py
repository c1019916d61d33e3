"""The recognizer's processes killed in the middle of what somebody says."""

import os
import signal
import time

import pytest

from . import recordings
from .feed import News, feed_of
from .programs import Program, Site, recognizer_host, recognizer_workers, wait_for
from .records import at_server, of_type

FAULT = "Speech recognition stopped"
BACK_S = 2.0
"""With a core for the new worker; on a machine that many programs share it gets only its part of one."""

SHARE = 3.0
"""The load is a mean over the last minute, and the core that one gets beside others may be half a one."""

MODEL_LOAD_S = 30.0
"""When the host has died too, the model must be read again; 3 s here, more on a machine that is busy."""


def words_of(feed: list[News], who: str, after_s: float) -> list[News]:
    """Give the partial hypotheses with words of one side that came after a moment."""
    return [
        news
        for news in feed
        if news.kind == "partial" and news.at_s > after_s and news.data["who"] == who and news.data["text"]
    ]


def kill_while_talking(device: Program, feed: list[News], who: str) -> float:
    """Kill the worker that hears a side as soon as it has words of an utterance; give the moment."""
    wait_for(lambda: words_of(feed, who, 0.0))
    recognizer_workers(device)[0].kill()  # the first hears nearly everything
    return time.monotonic()


@pytest.mark.parametrize(
    ("call", "language", "start_s", "end_s"),
    [("billing_dispute", "en", 15.9, 48.0), ("billing_ko_16k", "ko", 12.6, 44.0)],
    ids=["moonshine", "vosk"],
)
def test_a_worker_killed_in_an_utterance_is_back_and_the_hole_is_declared(
    site: Site, call: str, language: str, start_s: float, end_s: float
) -> None:
    site.start_server()
    with feed_of(site) as feed:
        device = site.start_device(site.config(recordings.cut(call, start_s, end_s, site.folder), language=language))
        killed_at_s = kill_while_talking(device, feed, "agent")
        wait_for(lambda: FAULT in device.light(), 1.0)
        back = wait_for(lambda: words_of(feed, "agent", killed_at_s))[0]
        assert back.at_s - killed_at_s < BACK_S * max(1.0, SHARE * os.getloadavg()[0] / (os.cpu_count() or 1))
        wait_for(lambda: FAULT not in device.light())
        wait_for(lambda: "caller" in [each["who"] for each in of_type(at_server(site), "utterance")])
        assert device.end(signal.SIGTERM) == 0
    stored = at_server(site)
    (gap,) = of_type(stored, "gap")
    assert (gap["who"], gap["reason"]) == ("agent", "recognizer_lost")
    assert 0 < gap["end_s"] - gap["start_s"] < 8
    said = of_type(stored, "utterance")
    assert [each["who"] for each in said if each["start_s"] >= gap["end_s"]][:1] == ["agent"], "the rest of it is heard"
    assert stored[-1].event["reason"] == "stopped"
    assert "Traceback" not in device.said()


def test_workers_outlive_their_host_and_a_worker_killed_after_that_comes_back_with_a_new_host(site: Site) -> None:
    site.start_server()
    with feed_of(site) as feed:
        call = recordings.cut("billing_ko_16k", 4.2, 60.0, site.folder)
        device = site.start_device(site.config(call, language="ko"))
        wait_for(lambda: words_of(feed, "agent", 0.0))
        workers = recognizer_workers(device)
        recognizer_host(device).kill()
        wait_for(lambda: words_of(feed, "caller", 0.0))
        assert not of_type(at_server(site), "gap")

        workers[0].kill()
        killed_at_s = time.monotonic()
        wait_for(lambda: FAULT in device.light(), 1.0)
        assert wait_for(lambda: words_of(feed, "caller", killed_at_s), MODEL_LOAD_S)
        wait_for(lambda: FAULT not in device.light())
        assert device.end(signal.SIGTERM) == 0
    stored = at_server(site)
    assert {gap["who"] for gap in of_type(stored, "gap")} == {"caller"}
    assert of_type(stored, "gap")[0]["reason"] == "recognizer_lost"
    assert stored[-1].event["reason"] == "stopped"
