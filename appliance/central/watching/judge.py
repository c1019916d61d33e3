"""How a box is, as the server sees it: what the box says of itself, and what only the server can know.

A box that is gone says nothing, one that never came cannot, and how long a box has been muted outlasts its restarts.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from appliance.delivery.health import Condition, HealthMessage
from appliance.delivery.policy import HEALTH_EVERY_S
from appliance.health import MUTED_LONG_S, RANK

OFFLINE_AFTER: Final = timedelta(minutes=5)
"""A box starts again within one minute, and a network switch within three."""

SILENT_AFTER: Final = timedelta(seconds=3 * HEALTH_EVERY_S)
"""Two messages may be lost."""

LATE_RENEWAL: Final = 6
"""A box renews its certificate when a third of its life is left. When half of that has gone, it will not
come by itself."""

OK: Final = Condition("ok", "All is well")

WORST_FIRST: Final = ("offline", "never_seen", "cloned", *(name for name in RANK if name not in {"offline", "ok"}),
                      "silent", "certificate", "ok")  # fmt: skip
"""Every name that this server gives or knows; a name of a newer box comes before `ok`."""

_PLACE: Final = {name: place for place, name in enumerate(WORST_FIRST)}


class Told(NamedTuple):
    """What a box said last of itself, and when the server heard it."""

    at: datetime
    health: HealthMessage


class Known(NamedTuple):
    """What the server knows of a box before it has ever come: its claim, its certificate, its team.

    `issued_at` and `expires_at` are those of its newest certificate; a box with a token has none.
    """

    claimed_at: datetime
    serial: str = ""
    team: str = ""
    issued_at: datetime | None = None
    expires_at: datetime | None = None


class Seen(NamedTuple):
    """What the server has seen of a box. `muted_since` outlasts restarts of the box and of the server."""

    online: bool = False
    last_seen: datetime | None = None
    told: Told | None = None
    muted_since: datetime | None = None
    cloned: bool = False


def judged(seen: Seen, known: Known | None, now: datetime, watching_since: datetime) -> tuple[Condition, ...]:
    """Give all that is so of a box, worst first; `ok` stands alone.

    `watching_since` is when this server began to watch: before that nobody could have been seen.
    """
    found = sorted(_found(seen, known, now, watching_since), key=lambda each: _PLACE.get(each.name, _PLACE["ok"] - 0.5))
    return tuple(found) or (OK,)


def lasted(span: timedelta) -> str:
    """Say how long something lasted, as people do: `4 minutes`, `3.2 hours`, `12 days`."""
    if span < timedelta(hours=1):
        minutes = max(1, round(span.total_seconds() / 60))
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    if span < timedelta(days=2):
        return f"{span.total_seconds() / 3600:.1f} hours"
    return f"{span.days} days"


def _found(seen: Seen, known: Known | None, now: datetime, watching_since: datetime) -> Iterator[Condition]:
    if seen.cloned:
        yield Condition("cloned", "Its identity is used at two places: revoke it, and enrol the box anew")
    if known and known.issued_at and known.expires_at:
        yield from _of_certificate(known.issued_at, known.expires_at, now)
    if not seen.online:
        yield from _of_absence(seen, known, now, watching_since)
    if seen.online or now - _missed_since(seen, watching_since) < OFFLINE_AFTER:
        yield from _of_itself(seen, now)


def _missed_since(seen: Seen, watching_since: datetime) -> datetime:
    return max(seen.last_seen or watching_since, watching_since)


def _of_absence(seen: Seen, known: Known | None, now: datetime, watching_since: datetime) -> Iterator[Condition]:
    if seen.last_seen is None:
        since = f"; claimed {lasted(now - known.claimed_at)} ago" if known else ""
        yield Condition("never_seen", f"It has never come{since}")
    elif now - _missed_since(seen, watching_since) >= OFFLINE_AFTER:
        yield Condition("offline", f"Not reached for {lasted(now - seen.last_seen)}")


def _of_itself(seen: Seen, now: datetime) -> Iterator[Condition]:
    told = seen.told
    names = set()
    if told is not None:
        for condition in told.health.conditions:
            if condition.name not in {"ok", "muted", "offline"}:
                names.add(condition.name)
                yield condition
    if seen.muted_since is not None and (for_s := (now - seen.muted_since).total_seconds()) >= MUTED_LONG_S:
        yield Condition("muted", f"Muted for {lasted(timedelta(seconds=for_s))}")
    if not seen.online:
        return
    if told is None:
        yield Condition("silent", "It tells nothing of itself: an older program?")
    elif now - told.at >= SILENT_AFTER:
        yield Condition("silent", f"On line, but it has told nothing of itself for {lasted(now - told.at)}")


def _of_certificate(issued_at: datetime, expires_at: datetime, now: datetime) -> Iterator[Condition]:
    left = expires_at - now
    if left <= timedelta():
        yield Condition("certificate", f"Its certificate expired {lasted(-left)} ago: enrol it anew")
    elif left < (expires_at - issued_at) / LATE_RENEWAL:
        yield Condition("certificate", f"Its certificate ends in {lasted(left)} and was not renewed")
