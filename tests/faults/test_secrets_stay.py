"""A card number read aloud in a call, through the real programs with their logs at debug: it is found nowhere after.

Not on the disk of the device or the server, not in a log, not on the wire, not on the page. That it was heard at all is
seen by the mark that stands in its place.
"""

import asyncio
import json
import re
import urllib.request

from ..central.page.browser import CHROMIUM
from . import recordings
from .canary import found_in, page_of, start_at_debug, start_server
from .feed import feed_of
from .programs import DEVICE, Site, wait_for
from .records import at_server, of_type

CARD_TURN_S = (86.9, 98.0)
""""Do you need my card number?" "Yes please." "Four one one one, one one one one, ..." in the shipped dispute."""

CANARY = re.compile(rb'(?i)\bone\W+one\b|\bfour\W+one\b|"text": ?"(one|four)\b|4111\W?1111|1111\W?1111')
"""Any two of its digits side by side, in words or figures, or one of them as a word of its own."""

MARK = re.compile(r"\[[^\]]*\d+ digits\]")


def test_the_canary_would_be_seen_in_each_form_that_a_recognizer_gives_it() -> None:
    for text in ('{"text": "One,"}', '"text":"four"', "four one one one", "Four, one, one.", "4111 1111", "1111-1111"):
        assert CANARY.search(text.encode()), text
    for text in ("[card 16 digits]", "someone on the phone", '"seq": 411, "text": "ones"', "one moment", "two ones"):
        assert not CANARY.search(text.encode()), text


def test_a_card_number_that_was_read_aloud_is_nowhere_afterwards(site: Site) -> None:
    start_server(site)
    call = recordings.cut("billing_dispute", *CARD_TURN_S, site.folder)
    with feed_of(site) as news:
        device = start_at_debug(site, "run", "--config", str(site.config(call)), "--json")
        assert device.end(within_s=100.0) == 0, device.said()
        stored = at_server(site)
        wait_for(lambda: any(item.kind == "event" and item.data["seq"] == stored[-1].seq for item in news))
        assert MARK.search(" ".join(one["text"] for one in of_type(stored, "utterance")))
        assert any(item.kind == "partial" for item in news)
        wire = json.dumps([item.data for item in news], ensure_ascii=False).encode()
    assert not CANARY.search(wire), CANARY.search(wire)
    url = f"http://127.0.0.1:{site.port}/api/calls/{DEVICE}/{stored[0].call}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": site.signed_in()})) as answer:
        assert not CANARY.search(answer.read())
    assert "DEBUG" in device.said()
    if CHROMIUM:
        page = asyncio.run(page_of(site, stored[0].call))
        assert "digits" in page
        assert not CANARY.search(page.encode())
    assert found_in(site.folder, CANARY) == []
