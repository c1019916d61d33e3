"""What the central server may ask of a call."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from appliance.delivery.orders import Context, Guidance, OfAlert, Pause, Supervisor
from appliance.errors import BadInputError
from appliance.session import CallSession, Output

TOLD: Final = {"seen": "has seen this call", "joined": "has joined the call", "released": "has left the call"}


def told(order: Supervisor) -> str:
    """Say for the agent what a supervisor did."""
    return f"{order.name or 'A supervisor'} {TOLD[order.action]}"


def _acknowledge(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    return session.acknowledge(msgspec.convert(arguments, OfAlert).alert)


def _snooze(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    alert = msgspec.convert(arguments, OfAlert).alert
    changes = session.snooze(alert)
    if not changes:
        raise BadInputError(f"alert {alert} cannot be put off", mend="its rule must give `snooze_s`, and it must stand")
    return changes


def _context(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    found = msgspec.convert(arguments, Context)
    return session.receive_context(found.tier, found.queued_s)


def _pause(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    return session.pause(msgspec.convert(arguments, Pause).limit_s)


def _resume(session: CallSession, _arguments: dict[str, Any]) -> list[Output]:
    if not session.resume():
        raise BadInputError("this call is not paused", mend="a pause ends by itself; mute ends at the box alone")
    return []


def _guidance(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    return session.receive_notice("guidance", msgspec.convert(arguments, Guidance).text)


def _supervisor(session: CallSession, arguments: dict[str, Any]) -> list[Output]:
    order = msgspec.convert(arguments, Supervisor)
    return session.receive_notice(f"supervisor_{order.action}", told(order))


COMMANDS: Final[dict[str, Callable[[CallSession, dict[str, Any]], list[Output]]]] = {
    "acknowledge": _acknowledge,
    "snooze": _snooze,
    "context": _context,
    "pause": _pause,
    "resume": _resume,
    "guidance": _guidance,
    "supervisor": _supervisor,
}
"""By name; the arguments are those of `delivery.orders`. Each raises `msgspec.ValidationError` for arguments of the
wrong kind and `BadInputError` for what cannot be done."""
