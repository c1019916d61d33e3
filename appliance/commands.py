"""What the central server may ask of a call, and how its arguments are read."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from appliance.errors import BadInputError
from appliance.session import CallSession, Output
from appliance.withholding import LONGEST_PAUSE_S, PAUSE_LIMIT_S, SHORTEST_PAUSE_S

MAX_TEXT: Final = 100
"""A tier is a word or two."""

AlertNumber = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class _OfAlert(msgspec.Struct, frozen=True):
    alert: AlertNumber


class _Context(msgspec.Struct, frozen=True):
    tier: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    queued_s: Seconds | None = None


class _Pause(msgspec.Struct, frozen=True):
    limit_s: Annotated[float, msgspec.Meta(ge=SHORTEST_PAUSE_S, le=LONGEST_PAUSE_S)] = PAUSE_LIMIT_S


def _acknowledge(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    return session.acknowledge(msgspec.convert(arguments, _OfAlert).alert)


def _snooze(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    alert = msgspec.convert(arguments, _OfAlert).alert
    changes = session.snooze(alert)
    if not changes:
        raise BadInputError(f"alert {alert} cannot be put off", mend="its rule must give `snooze_s`, and it must stand")
    return changes


def _context(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    found = msgspec.convert(arguments, _Context)
    return session.receive_context(found.tier, found.queued_s)


def _pause(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    return session.pause(msgspec.convert(arguments, _Pause).limit_s)


def _resume(session: CallSession, _arguments: dict[str, Any]) -> list[Output]:
    if not session.resume():
        raise BadInputError("this call is not paused", mend="a pause ends by itself; mute ends at the box alone")
    return []


COMMANDS: Final[dict[str, Callable[[CallSession, dict[str, Any]], list[Output]]]] = {
    "acknowledge": _acknowledge,
    "snooze": _snooze,
    "context": _context,
    "pause": _pause,
    "resume": _resume,
}
"""By name. Each raises `msgspec.ValidationError` for arguments of the wrong kind, unknown ones are passed over, and
`BadInputError` for what cannot be done."""
