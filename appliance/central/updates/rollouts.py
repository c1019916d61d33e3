"""The releases that this server offers to its boxes, as they are kept: the newest is on its way, those before are done.

What is decided stands in `update.rollout`. Each change is one transaction, for the running server and the command line
change the same row. The offer and the archive lie in a folder, as they were signed.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from appliance.central.clock import utc_now
from appliance.central.watching import boxes as watched
from appliance.central.watching.store import box_rows, transaction
from appliance.delivery.health import HealthMessage
from appliance.errors import BadInputError
from appliance.update.manifest import MAX_OFFER_BYTES, Release, read_offer
from appliance.update.rollout import Box, Rollout, asked, looked, may_take

OFFER: Final = "release.json"
FOLDER: Final = "releases"

_rollout = msgspec.json.Decoder(Rollout)
_health = msgspec.json.Decoder(HealthMessage)


def publish(
    database: sqlite3.Connection,
    folder: Path,
    offer: Path,
    trusted: Mapping[str, bytes],
    *,
    first: tuple[str, ...],
    soak_s: float,
) -> Release:
    """Take a signed offer, with the archive beside it, and begin with the first ring; gives what was signed.

    Raises `BadInputError` for an offer that no trusted key signed, an archive that is another one, a release that is
    not newer than those before, or one that was not signed for all boxes.
    """
    release = _checked(offer, trusted)
    newest = rollouts(database)
    if newest and release.number <= newest[0].number:
        text = f"release {release.number} is not newer than {newest[0].number}, which was published before"
        raise BadInputError(text, where=str(offer), mend="sign it with a higher number; boxes take no older one")
    _copy(offer, folder / FOLDER / str(release.number), release)
    rollout = Rollout(number=release.number, version=release.version, first=first, soak_s=soak_s)
    with transaction(database):
        _save(database, rollout)
    return release


def rollouts(database: sqlite3.Connection) -> list[Rollout]:
    """Give every release that was published, the newest first."""
    rows = database.execute("SELECT rollout FROM rollouts ORDER BY number DESC")
    return [_rollout.decode(row[0]) for row in rows]


def change(database: sqlite3.Connection, how: Callable[[Rollout], Rollout]) -> Rollout | None:
    """Change the newest release, and give it as it was before; None where nothing was published."""
    with transaction(database):
        row = database.execute("SELECT rollout FROM rollouts ORDER BY number DESC LIMIT 1").fetchone()
        if row is None:
            return None
        before = _rollout.decode(row[0])
        after = how(before)
        if after != before:
            _save(database, after)
    return before


def look(database: sqlite3.Connection, fleet: Mapping[str, Box], now: datetime) -> list[dict[str, object]]:
    """Look at the fleet once; gives the news that the release was halted."""
    now_s = now.timestamp()
    before = change(database, lambda rollout: looked(rollout, fleet, now_s))
    after = rollouts(database)[0] if before else None
    if before is None or after is None or before.halted or not after.halted:
        return []
    return [{"kind": "update", "number": after.number, "state": "halted", "why": after.halted}]


def offered(database: sqlite3.Connection, device: str, fleet: Mapping[str, Box]) -> int | None:
    """Give the release that a box is offered, and note it; None where there is none for it.

    That is the newest that it may take, or one before that all have.
    """
    for rollout in rollouts(database):
        if may_take(rollout, device, fleet):
            if not rollout.done and device not in rollout.asked:
                change(database, lambda newest: asked(newest, device, fleet[device]))
            return rollout.number
    return None


def seen_boxes(boxes: list[watched.Box], now: datetime) -> dict[str, Box]:
    """Give the boxes as the rule of the rings sees them."""
    return {box.device: _seen(box.state, box.state_since, box.health, now) for box in boxes}


def kept_boxes(database: sqlite3.Connection, now: datetime) -> dict[str, Box]:
    """Give the same from what the running server has kept, for the command line."""
    return {
        row.device: _seen(row.state, row.state_since, _health.decode(row.health) if row.health else None, now)
        for row in box_rows(database)
    }


def _seen(state: str, since: str, health: HealthMessage | None, now: datetime) -> Box:
    lasts_s = (now - datetime.fromisoformat(since)).total_seconds()
    if health is None:
        return Box(state, lasts_s)
    told = health.program
    return Box(state, lasts_s, told.number, told.trial, told.failed)


def _checked(offer: Path, trusted: Mapping[str, bytes]) -> Release:
    try:
        with offer.open("rb") as file:
            release = read_offer(file.read(MAX_OFFER_BYTES + 1), trusted)
        archive = offer.parent / release.file
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        mend = "name the release.json that `undertone update sign` wrote, with its archive beside it"
        raise BadInputError(f"cannot be read ({error.strerror})", where=str(error.filename), mend=mend) from error
    if digest != release.sha256:
        raise BadInputError("the archive is not the one that was signed", where=str(archive), mend="sign it again")
    if release.ring_percent < 100:
        text = f"the release was signed for {release.ring_percent:g} % of the boxes, and the others would refuse it"
        raise BadInputError(text, where=str(offer), mend="sign it with --ring 100: here the server makes the rings")
    return release


def _copy(offer: Path, place: Path, release: Release) -> None:
    """Bring the release to where it is served from; what a cut left there is replaced."""
    draft = place.with_name(f".{place.name}")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        for file in (offer.parent / release.file, offer):
            shutil.copyfile(file, draft / (OFFER if file == offer else release.file))
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
    except OSError as error:
        raise BadInputError(f"cannot be kept ({error.strerror})", where=str(place), mend="free some space") from error


def _save(database: sqlite3.Connection, rollout: Rollout) -> None:
    database.execute(
        "INSERT INTO rollouts VALUES (?,?,?) ON CONFLICT (number) DO UPDATE SET rollout=excluded.rollout",
        (rollout.number, utc_now(), msgspec.json.encode(rollout).decode()),
    )
