"""Every box of the fleet as it is now, and what of that is news."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from appliance.central.bus import DeviceState
from appliance.central.clock import as_text
from appliance.central.watching.judge import Known, Seen, Told, judged
from appliance.central.watching.known import read_time
from appliance.central.watching.store import BoxRow
from appliance.delivery.health import Condition, HealthMessage

HOLD: Final = timedelta(seconds=30)
"""What comes and goes within so long is shown on the page and told to nobody."""

_health = msgspec.json.Decoder(HealthMessage)


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One box, for the page, for `/metrics` and for programs.

    `state` is the worst of its `conditions`, and has been so since `state_since`; `why` says it for people. `health` is
    what the box told last of itself, at `told_at`; null where it has told nothing. `version` is that of its program.
    `certificate_ends_at` is null for a box with a token. Times are UTC texts.
    """

    device: str
    serial: str
    team: str
    state: str
    why: str
    state_since: str
    conditions: tuple[Condition, ...]
    online: bool
    last_seen: str | None
    claimed_at: str | None
    certificate_ends_at: str | None
    version: str
    rules: str
    told_at: str | None
    health: HealthMessage | None


class Change(NamedTuple):
    """A box that is now in another state than was told of it before, and has been for a while."""

    device: str
    before: str
    state: str
    why: str
    since: str


class _Kept(msgspec.Struct):
    """What is remembered of a box from look to look."""

    told: Told | None = None
    state: str = ""
    why: str = ""
    state_since: datetime = datetime.min.replace(tzinfo=UTC)
    announced: str = ""
    muted_since: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    dirty: bool = True


class Boxes:
    """The fleet. `devices` gives what the server's links know; every method is called in the event loop."""

    def __init__(self, devices: Callable[[], list[DeviceState]], rows: list[BoxRow], now: datetime) -> None:
        self._devices = devices
        self._watching_since = now
        self._kept = {row.device: _kept(row) for row in rows}
        self._seen: dict[str, DeviceState] = {}
        self._known: Mapping[str, Known] = {}

    def receive(self, device: str, health: HealthMessage, now: datetime) -> None:
        """Take what a box tells of itself."""
        kept = self._kept.setdefault(device, _Kept())
        kept.told, kept.dirty = Told(now, health), True

    def look(self, known: Mapping[str, Known], now: datetime) -> list[Change]:
        """Judge every box anew, and give what is to be told."""
        self._known = known
        self._seen = {device.device: device for device in self._devices()}
        changes = []
        for name in self._names():
            kept = self._kept.setdefault(name, _Kept())
            self._judge(name, kept, now)
            if kept.state != kept.announced and now - kept.state_since >= HOLD:
                since = as_text(kept.state_since)
                changes.append(Change(name, kept.announced, kept.state, kept.why, since))
                kept.announced, kept.dirty = kept.state, True
        return changes

    def to_keep(self) -> tuple[list[BoxRow], list[str]]:
        """Give what has changed since the last time and is to be kept, and the boxes to be forgotten."""
        names = set(self._names())
        gone = [name for name in self._kept if name not in names]
        for name in gone:
            del self._kept[name]
        rows = [_row(name, kept) for name, kept in self._kept.items() if kept.dirty]
        for kept in self._kept.values():
            kept.dirty = False
        return rows, gone

    def all(self) -> list[Box]:
        """Give every box as it was at the last look, by name."""
        return [self._box(name) for name in self._names() if self._kept.get(name, _Kept()).state]

    def _names(self) -> list[str]:
        """Give the boxes there should be, and those that are here all the same."""
        here = {name for name, device in self._seen.items() if device.online}
        return sorted(self._known.keys() | here)

    def _judge(self, name: str, kept: _Kept, now: datetime) -> None:
        device = self._seen.get(name) or DeviceState(device=name)
        kept.muted_since = _muted_since(kept, device, now)
        last_seen = read_time(device.last_seen)
        seen = Seen(device.online, last_seen, kept.told, kept.muted_since, device.cloned)
        kept.conditions = judged(seen, self._known.get(name), now, self._watching_since)
        worst = kept.conditions[0]
        if not kept.announced:
            kept.announced = worst.name if worst.name == "never_seen" else "ok"
        if worst.name != kept.state:
            kept.state, kept.state_since, kept.dirty = worst.name, now, True
        kept.why = worst.why

    def _box(self, name: str) -> Box:
        kept, known = self._kept[name], self._known.get(name)
        device = self._seen.get(name) or DeviceState(device=name)
        told = kept.told
        return Box(
            device=name,
            serial=known.serial if known else "",
            team=known.team if known else "",
            state=kept.state,
            why=kept.why,
            state_since=as_text(kept.state_since),
            conditions=kept.conditions,
            online=device.online,
            last_seen=device.last_seen,
            claimed_at=as_text(known.claimed_at) if known else None,
            certificate_ends_at=as_text(known.expires_at) if known and known.expires_at else None,
            version=told.health.program.version if told else device.firmware,
            rules=device.rules,
            told_at=as_text(told.at) if told else None,
            health=told.health if told else None,
        )


def _muted_since(kept: _Kept, device: DeviceState, now: datetime) -> datetime | None:
    if not device.online or device.light is None:
        return kept.muted_since  # nobody knows; a box that is gone stays muted
    if not device.light.muted:
        return None
    muted_s = kept.told.health.muted_s if kept.told else None
    told = now - timedelta(seconds=muted_s) if muted_s is not None and muted_s < _LONGEST_S else now
    return min(kept.muted_since or now, told)


_LONGEST_S: Final = timedelta(days=3650).total_seconds()
"""No box is muted for so long; its clock was wrong."""


def _kept(row: BoxRow) -> _Kept:
    told_at = read_time(row.told_at)
    return _Kept(
        told=Told(told_at, _health.decode(row.health)) if told_at and row.health else None,
        state=row.state,
        why=row.why,
        state_since=datetime.fromisoformat(row.state_since),
        announced=row.announced,
        muted_since=read_time(row.muted_since),
        dirty=False,
    )


def _row(name: str, kept: _Kept) -> BoxRow:
    told = kept.told
    return BoxRow(
        device=name,
        told_at=as_text(told.at) if told else None,
        health=msgspec.json.encode(told.health).decode() if told else None,
        state=kept.state,
        why=kept.why,
        state_since=as_text(kept.state_since),
        announced=kept.announced,
        muted_since=as_text(kept.muted_since) if kept.muted_since else None,
    )
