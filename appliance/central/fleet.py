"""Claims and files for the boxes of a fleet, and what has become of them."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from appliance.central.access.authority import fingerprint_of
from appliance.central.access.ca import CA
from appliance.central.access.claims import Waiting, listed, make_claim, same_serial
from appliance.central.clock import utc_now
from appliance.central.desks import Desks
from appliance.delivery.enrolment import Claim, claim_code
from appliance.errors import BadInputError
from appliance.fleet.settings import CLAIM_FILE, SERVER_FILE, SETTINGS_FILE
from appliance.fleet.table import Box
from appliance.secret_file import write_secret

State = Literal["prepared", "kept", "enrolled"]


class Plan(NamedTuple):
    """A box and the settings that it is to have."""

    box: Box
    settings: str


class Prepared(NamedTuple):
    """What was done for a box: files made anew, kept because their claim still holds, or none because it is enrolled.

    `claim` is the code for the label, and secret; empty for an enrolled box.
    """

    box: Box
    state: State
    folder: Path
    claim: str


class Office(NamedTuple):
    """Where things go: the server's store of desks, the folder for the boxes' files, and what is written there.

    `server` is the address for the cards; with None a card holds its claim alone, and the box finds the rest. `rules`
    is the pack for all boxes, with None each keeps what it has.
    """

    desks: Desks
    out: Path
    server: str | None
    rules: str | None = None


def prepare(ca: CA, plans: Iterable[Plan], office: Office, ttl: timedelta) -> Iterator[Prepared]:
    """Prepare each box in turn; cut off and done again it goes on where it was. Raises `BadInputError`.

    A claim that was made, not used and still holds is kept; so nothing changes for a label that is printed already.
    """
    if not ca.exists:
        raise BadInputError("there is no authority yet", mend="undertone central ca init --name HOST")
    authority = fingerprint_of(ca.shown())
    certified = {item.device for item in ca.issued() if item.revoked_at is None}
    holding = {(item.serial, item.device): item for item in listed(ca.database)}
    for plan in plans:
        yield _prepared(ca.database, plan, office, _Known(authority, certified, holding, ttl))


class _Known(NamedTuple):
    """What the server knows before it prepares: read once, for thousands of boxes."""

    authority: str
    certified: set[str]
    holding: dict[tuple[str, str], Waiting]
    ttl: timedelta


def _prepared(database: sqlite3.Connection, plan: Plan, office: Office, known: _Known) -> Prepared:
    box, folder = plan.box, office.out / plan.box.name
    waiting = known.holding.get((same_serial(box.serial), box.name))
    set_team(database, box.name, box.team)
    office.desks.keep(box.name, plan.settings, office.rules)
    if box.name in known.certified and (waiting is None or waiting.used_at):
        (folder / CLAIM_FILE).unlink(missing_ok=True)
        return Prepared(box, "enrolled", folder, "")
    _write_files(folder, plan.settings, office.server)
    if waiting and not waiting.used_at and waiting.expires_at > utc_now() and (folder / CLAIM_FILE).is_file():
        return Prepared(box, "kept", folder, (folder / CLAIM_FILE).read_text("ascii").strip())
    code = claim_code(Claim(make_claim(database, box.serial, box.name, known.ttl), known.authority))
    write_secret(folder / CLAIM_FILE, code + "\n")
    return Prepared(box, "prepared", folder, code)


class Desk(NamedTuple):
    """What stays when the box on a desk is replaced: the device's name, its settings, and where its files are."""

    device: str
    settings: str
    folder: Path


def replace(ca: CA, desk: Desk, serial: str, office: Office, ttl: timedelta) -> int:
    """Shut the box of this desk out, and prepare another one for it; gives how many certificates were revoked."""
    revoked = ca.revoke(desk.device, f"replaced by {serial}")
    office.desks.keep(desk.device, desk.settings, office.rules)
    _write_files(desk.folder, desk.settings, office.server)
    token = make_claim(ca.database, serial, desk.device, ttl)
    write_secret(desk.folder / CLAIM_FILE, claim_code(Claim(token, fingerprint_of(ca.shown()))) + "\n")
    return revoked


def _write_files(folder: Path, settings: str, server: str | None) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if server is None:
        for name in (SETTINGS_FILE, SERVER_FILE):
            (folder / name).unlink(missing_ok=True)
        return
    write_secret(folder / SETTINGS_FILE, settings)
    write_secret(folder / SERVER_FILE, server + "\n")


def set_team(database: sqlite3.Connection, device: str, team: str) -> None:
    """Say whose supervisors see a device; an empty team is nobody's."""
    database.execute("DELETE FROM teams WHERE device=?", (device,))
    if team:
        database.execute("INSERT INTO teams (device, team) VALUES (?,?)", (device, team))


class Standing(NamedTuple):
    """What has become of a device: the serial number of its last claim, and in which state it is."""

    device: str
    serial: str
    state: Literal["claim waits", "claim expired", "enrolled", "revoked"]
    since: str


def standing(ca: CA) -> list[Standing]:
    """Give the newest of every device that was ever claimed or certified."""
    found: dict[str, Standing] = {}
    for item in reversed(listed(ca.database)):
        state: Literal["claim waits", "claim expired"]
        state = "claim expired" if item.expires_at < utc_now() else "claim waits"
        found[item.device] = Standing(item.device, item.serial, state, item.made_at)
    for certificate in ca.issued():
        known = found.get(certificate.device)
        if known and known.since > (certificate.revoked_at or certificate.issued_at):
            continue  # claimed anew since
        serial = known.serial if known else ""
        since = certificate.revoked_at or certificate.issued_at
        found[certificate.device] = Standing(
            certificate.device, serial, "revoked" if certificate.revoked_at else "enrolled", since
        )
    return sorted(found.values())
