"""Gets what is published: the offer of a release, and its archive, into the store."""

import http.client
import urllib.parse
from typing import Final, Literal

from appliance.adapters.model_download import RETRY_DELAYS_S, SourceError, download, web_file
from appliance.adapters.model_progress import Progress
from appliance.adapters.update_store import DiskFullError, UpdateStore
from appliance.errors import BadInputError
from appliance.update.manifest import MAX_OFFER_BYTES, Release
from appliance.update.plan import Verdict, judged

Outcome = Literal["ready", "disk_full"] | Verdict
"""`ready`: the release has its trial at the next start of the device."""

MEND: Final = "look whether the address opens from here; what has arrived is kept"


def fetch_offer(url: str) -> bytes:
    """Give the offer that stands at an address; empty where a server offers this box nothing yet (HTTP 204).

    Raises `BadInputError` when nothing is to be had there.
    """
    try:
        with web_file(url) as answer:
            # One byte more than an offer may have: `read_offer` says that it is too long.
            document: bytes = answer.read(MAX_OFFER_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadInputError(f"no offer could be had: {error}", where=url, mend=MEND) from error
    return document


def apply_release(
    store: UpdateStore,
    url: str,
    release: Release,
    device: str,
    *,
    progress: Progress,
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S,
) -> Outcome:
    """Put a release whose offer stands at `url`, and was found to be signed, on trial if the box takes it.

    Done again it goes on where it was cut off. Raises `BadInputError` when the archive cannot be had or is another one
    than was signed; then, and when the disk is full, everything is as before.
    """
    verdict = judged(store.state(), release, device)
    if verdict != "take":
        return verdict
    try:
        with store.fetching(release) as part:
            download(
                urllib.parse.urljoin(url, release.file),
                part,
                expected_bytes=release.size_bytes,
                progress=progress,
                retry_delays_s=retry_delays_s,
            )
            store.take(release, part)
    except SourceError as error:
        raise BadInputError(f"the release could not be had: {error}", where=url, mend=MEND) from error
    except DiskFullError:
        return "disk_full"
    return "ready"
