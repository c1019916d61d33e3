"""A device that says one of everything, and shows what comes back."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect as msgspec_inspect
from websockets.exceptions import ConnectionClosed

from appliance.acceptance.wire import CALL, Target, Wire
from appliance.delivery import messages
from appliance.delivery.health import Condition, HealthMessage, Program
from appliance.event_json import to_builtins
from appliance.events import Event

LISTEN_S: Final = 2.0
"""How long the probe hears after its last word."""

Show = Callable[[str, str], None]
"""Takes "→" or "←", and the message's text."""


async def probe(target: Target, show: Show) -> int:
    """Say one of each event and message, and give how many events were acknowledged; they are `event_samples()`.

    Raises `UnexpectedError` for a server that does not answer as one, and what the socket raises.
    """
    async with target.wire() as wire:
        for heard in wire.heard:
            show("←", messages.encode(heard))
        hearing = asyncio.create_task(_hear(wire, show))
        for seq, event in enumerate(event_samples(), wire.base + 1):
            await wire.event(seq, event)
            show("→", f"event {seq} {event['type']}")
        for message in message_samples():
            await wire.say(message)
            show("→", messages.encode(message))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_S):
                await hearing
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        bye = messages.Bye(reason="stopping")
        await wire.say(bye)
        show("→", messages.encode(bye))
        return wire.acked - wire.base


def message_samples() -> list[messages.FromDevice]:
    """Give one of each message that a device may send at any time."""
    return [
        messages.PartialMessage(call=CALL, who="caller", utterance=1, text="one", start_sample=0, end_sample=1),
        messages.StatusMessage(call=CALL, level="attention", blinking=True, reason="probe", alert=1),
        HealthMessage(conditions=(Condition("ok", "All is well"),), program=Program(version="probe"), uptime_s=1.0),
        messages.Ping(id=1),
    ]


def event_samples() -> list[dict[str, Any]]:
    """Give one of each event, with the least that it must have."""
    return [to_builtins(msgspec.convert(_least(kind), kind)) for kind in get_args(Event)]


def _least(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a struct's type
    fields = msgspec.structs.fields(kind)
    found = {field.name: _value(msgspec_inspect.type_info(field.type)) for field in fields if field.required}
    return found | {"type": kind.__struct_config__.tag}


def _value(kind: msgspec_inspect.Type) -> Any:  # noqa: ANN401 - any JSON value
    match kind:
        case msgspec_inspect.LiteralType():
            return kind.values[0]
        case msgspec_inspect.UnionType():
            return _value(kind.types[0])
        case msgspec_inspect.StrType():
            return "probe"
        case msgspec_inspect.BoolType():
            return False
        case msgspec_inspect.IntType() | msgspec_inspect.FloatType():
            return 1
    return []


async def _hear(wire: Wire, show: Show) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            show("←", messages.encode(await wire.hear()))
