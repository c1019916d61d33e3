"""What a server must do with events: store each once, in order, whatever happens on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from appliance.acceptance.wire import CALL, Target, UnexpectedError, spoken
from appliance.adapters.server_clock import EARLIEST, read_utc
from appliance.delivery import messages, policy
from appliance.delivery.health import Condition, HealthMessage, Program

BURST: Final = 60
"""Events in a burst: less than any sensible window, more than one commit takes."""

QUIET_S: Final = 0.5
"""How long is waited for what must not come."""

Check = Callable[[Target], Awaitable[None]]


async def stores_and_acknowledges(target: Target) -> None:
    """Check that every event of a burst is acknowledged, in order, and nothing that was not sent."""
    async with target.wire() as wire:
        for seq in range(wire.base + 1, wire.base + BURST + 1):
            await wire.event(seq)
        await wire.until_acked(wire.sent)
        first = wire.sent
    async with target.wire() as wire:
        _expect(wire.base == first, f"it resumes after {wire.base}, and {first} was acknowledged")


async def takes_holes(target: Target) -> None:
    """Check that numbers grow, and may have holes."""
    async with target.wire() as wire:
        for step in (1, 5, 1_000):
            await wire.event(wire.sent + step)
            await wire.until_acked(wire.sent)


async def takes_duplicates(target: Target) -> None:
    """Check that what comes again is acknowledged again, and is no fault."""
    async with target.wire() as wire:
        for _ in range(3):
            await wire.event(wire.base + 1)
            await wire.until(messages.Ack)
        await wire.event(wire.base + 2)
        await wire.until_acked(wire.sent)


async def resumes_after_cuts(target: Target) -> None:
    """Check that cut at any point, it resumes after something that was sent and not before what it has acknowledged."""
    last = acked = 0
    for count in (1, 2, 7, 30, 0, 3):
        async with target.wire(last) as wire:
            if last:
                _expect(
                    acked <= wire.base <= last, f"it resumes after {wire.base}, with {acked} acknowledged of {last}"
                )
            for seq in range(wire.base + 1, wire.base + count + 1):
                await wire.event(seq)
            if count % 2:
                await wire.until(messages.Ack)
            last, acked = max(last, wire.sent), max(acked, wire.acked)
            wire.cut()
    async with target.wire(last) as wire:
        for seq in range(wire.base + 1, last + 1):
            await wire.event(seq)
        await wire.until_acked(last)


async def bears_slow_readers(target: Target) -> None:
    """Check that a device that reads nothing for a while loses nothing."""
    async with target.wire() as wire:
        for seq in range(wire.base + 1, wire.base + 3 * BURST + 1):
            await wire.event(seq)
        await asyncio.sleep(QUIET_S)
        await wire.until_acked(wire.sent)


async def stores_advance_copies(target: Target) -> None:
    """Check that an urgent event is neither acknowledged nor resumed after, and its second copy is no fault."""
    async with target.wire() as wire:
        base, ahead = wire.base, wire.base + 10
        await wire.event(ahead, urgent=True)
        await wire.event(base + 1)
        await wire.until_acked(base + 1)
        await wire.quiet(QUIET_S)
    async with target.wire() as wire:
        _expect(
            wire.base == base + 1, f"it resumes after {wire.base}; before the advance copy only {base + 1} was sent"
        )
        for seq in range(base + 2, ahead + 1):
            await wire.event(seq)
        await wire.until_acked(ahead)


async def keeps_unknown_events(target: Target) -> None:
    """Check that an event of an unknown type is stored and acknowledged."""
    async with target.wire() as wire:
        await wire.event(wire.base + 1, {"type": "laughter", "loud": True})
        await wire.until_acked(wire.sent)


async def ignores_what_is_newer(target: Target) -> None:
    """Check that unknown fields and messages change nothing."""
    async with target.wire() as wire:
        await wire.socket.send('{"type":"weather","rain":true}')
        text = messages.encode(messages.StatusMessage(call=None, level="normal", blinking=False, reason=""))
        await wire.socket.send(text.replace("{", '{"colour":"blue",', 1))
        await wire.event(wire.base + 1)
        await wire.until_acked(wire.sent)


async def takes_health(target: Target) -> None:
    """Check that what a device tells of itself, whatever its names are, neither ends the link nor holds up events."""
    async with target.wire() as wire:
        for name in ("ok", "deaf", "a-name-of-tomorrow"):
            told = HealthMessage(conditions=(Condition(name, "why"),), program=Program(version="1.0"), uptime_s=1.5)
            await wire.say(told)
            await wire.event(wire.sent + 1)
            await wire.until_acked(wire.sent)


async def answers_pings(target: Target) -> None:
    """Check that a ping is answered with its own id, also twice."""
    async with target.wire() as wire:
        for number in (7, 7, 8):
            await wire.say(messages.Ping(id=number))
            pong = await wire.until(messages.Pong)
            _expect(pong.id == number, f"ping {number} was answered with {pong.id}")


async def asks_for_life(target: Target) -> None:
    """Check that it pings, tells its time, and one missed pong is not the end."""
    async with target.socket() as socket:
        await socket.send(messages.encode(target.hello()))
        async with asyncio.timeout(2 * policy.PING_EVERY_S):
            while not isinstance(said := messages.decode_from_server(await socket.recv()), messages.Ping):
                if isinstance(said, messages.Welcome):
                    _is_time(said.server_time)
        _is_time(said.server_time)
        await socket.send(messages.encode(messages.Ping(id=1)))
        async with asyncio.timeout(target.answer_s):
            while not isinstance(messages.decode_from_server(await socket.recv()), messages.Pong):
                pass


async def refuses_strangers(target: Target) -> None:
    """Check that without a credential or with a wrong one, the upgrade is refused with HTTP 401 or 403."""
    for credential in ({}, {"Authorization": "Bearer wrong"}):
        try:
            async with target.socket(credential=credential):
                raise UnexpectedError("a device without a credential was let in")
        except InvalidStatus as error:
            status = error.response.status_code
            _expect(status in {401, 403}, f"the upgrade was refused with HTTP {status}")


async def refuses_a_newer_major(target: Target) -> None:
    """Check that a device that speaks only another major is refused."""
    try:
        async with target.socket(offers="undertone.v999") as socket:
            _expect(socket.subprotocol is None, "it chose a sub-protocol that it cannot know")
            raise UnexpectedError("a device that speaks only undertone.v999 was let in")
    except InvalidHandshake:
        return


async def refuses_other_names(target: Target) -> None:
    """Check that a device is who its credential says."""
    hello = messages.encode(target.hello()).replace(target.device, "somebody-else")
    await _goodbye(target, hello)


async def refuses_nonsense(target: Target) -> None:
    """Check that what is no message ends the connection with a goodbye or a close, and the next one is served."""
    hello = messages.encode(target.hello())
    broken = messages.encode(messages.EventMessage(envelope=_envelope(1))).replace('"seq":1', '"seq":-1')
    for said in (["{"], ["[]"], ['{"type":"pong","id":1}'], [hello, hello], [hello, broken], [hello, b"\x00"]):
        await _goodbye(target, *said)
    await stores_and_acknowledges(target)


async def refuses_what_is_too_large(target: Target) -> None:
    """Check that a message above the limit of the welcome ends the connection, and the next one is served."""
    async with target.wire() as wire:
        welcome = next(each for each in wire.heard if isinstance(each, messages.Welcome))
        large = spoken(wire.base + 1) | {"text": "x" * welcome.max_message_bytes}
    text = messages.encode(messages.EventMessage(envelope=_envelope(wire.base + 1, large)))
    await _goodbye(target, messages.encode(target.hello()), text)
    await keeps_unknown_events(target)


async def keeps_one_connection(target: Target) -> None:
    """Check that a second connection of the same device replaces the first, which is told so."""
    async with target.wire() as older, target.wire() as newer:
        bye = await older.until(messages.Bye)
        _expect(bye.reason == "replaced", f"the older connection was told {bye.reason}")
        await newer.event(newer.base + 1)
        await newer.until_acked(newer.sent)


async def _goodbye(target: Target, *said: str | bytes) -> None:
    """Say this, and expect to be put out."""
    async with target.socket() as socket:
        try:
            async with asyncio.timeout(target.answer_s):
                for text in said:
                    await socket.send(text)
                while not isinstance(messages.decode_from_server(await socket.recv()), messages.Bye):
                    pass
        except ConnectionClosed:
            return
        except TimeoutError:
            raise UnexpectedError(f"it still listens after {said[-1][:40]!r}") from None


def _envelope(seq: int, event: dict[str, Any] | None = None) -> messages.Envelope:
    return messages.Envelope(
        seq=seq, call=CALL, occurred_at="2026-01-01T00:00:00.000Z", clock_synchronised=True, event=event or spoken(seq)
    )


def _is_time(text: str) -> None:
    at = read_utc(text)
    _expect(at is not None and at > EARLIEST, f"{text!r} is no server time")


def _expect(condition: bool, text: str) -> None:  # noqa: FBT001 - reads well where it is called
    if not condition:
        raise UnexpectedError(text)


CHECKS: Final[tuple[tuple[str, str, Check], ...]] = (
    ("auth", "a stranger is refused", refuses_strangers),
    ("auth", "another device's name is refused", refuses_other_names),
    ("auth", "one connection for each device", keeps_one_connection),
    ("versions", "a newer major is refused", refuses_a_newer_major),
    ("versions", "unknown fields and messages are ignored", ignores_what_is_newer),
    ("versions", "unknown events are stored", keeps_unknown_events),
    ("health", "what a device tells of itself is taken", takes_health),
    ("delivery", "a burst is acknowledged and resumed after", stores_and_acknowledges),
    ("delivery", "duplicates are acknowledged again", takes_duplicates),
    ("delivery", "a device that reads slowly loses nothing", bears_slow_readers),
    ("order", "numbers may have holes", takes_holes),
    ("resume", "cuts at any point are resumed", resumes_after_cuts),
    ("urgent", "an advance copy promises nothing", stores_advance_copies),
    ("liveness", "pings are answered", answers_pings),
    ("liveness", "it pings and tells its time", asks_for_life),
    ("limits", "too large a message is refused", refuses_what_is_too_large),
    ("refusals", "nonsense ends the connection alone", refuses_nonsense),
)
"""The property of the protocol, the line of the table, and what is done to the server."""
