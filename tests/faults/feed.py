"""What a supervisor's page hears, with the time at which it heard it."""

import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

from .programs import Site


class News(NamedTuple):
    """One item of the server's live feed."""

    at_s: float
    kind: str
    data: dict[str, Any]


@contextlib.contextmanager
def feed_of(site: Site) -> Iterator[list[News]]:
    """Listen to the server's feed; the list grows while the block runs."""
    heard: list[News] = []
    url = f"http://127.0.0.1:{site.port}/api/live"
    response = urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": site.signed_in()}), timeout=120)
    listener = threading.Thread(target=_listen, args=(response, heard), daemon=True)
    listener.start()
    yield heard


def _listen(response: Any, heard: list[News]) -> None:
    kind = ""
    with contextlib.suppress(OSError, ValueError), response:
        for line in response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                heard.append(News(time.monotonic(), kind, json.loads(value)))
