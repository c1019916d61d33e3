"""What a device must do: keep its events until they are acknowledged, whatever the server and the line do."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Final

from appliance.acceptance.device_stage import Stage
from appliance.acceptance.wire import UnexpectedError
from appliance.delivery import messages

Check = Callable[[Stage], Awaitable[None]]

WINDOW: Final = 4
FEW: Final = 6
"""Events to be sent on one connection: the whole table takes some dozens."""

SMALL_BYTES: Final = 2_048
HAMMERING_S: Final = 0.05
"""Nobody's back-off is that short."""

EVENTS_NEEDED: Final = 120
"""The device must have so many events to send, at once or one after another."""


async def says_hello(stage: Stage) -> None:
    """Check that it offers the sub-protocol, says hello, and nothing else before it is welcomed."""
    async with stage.meet() as peer:
        early = [message for message in await peer.quiet() if not isinstance(message, messages.Ping)]
        _expect(not early, f"before its welcome it sent {type(early[0]).__name__ if early else ''}")
        await peer.welcome()
        await peer.acknowledge((await peer.events(1))[-1])


async def keeps_the_window(stage: Stage) -> None:
    """Check that no more events wait for their acknowledgement than the welcome allows."""
    async with stage.welcomed(max_in_flight=WINDOW) as peer:
        await peer.events(WINDOW)
        await peer.quiet()
        _expect(len(peer.in_turn) == WINDOW, f"{len(peer.in_turn)} events are in flight, {WINDOW} are allowed")
        await peer.acknowledge(peer.in_turn[1])
        await peer.events(WINDOW + 2)
        await peer.quiet()
        _expect(len(peer.in_turn) == WINDOW + 2, "an acknowledgement of two events made room for more than two")
        await peer.acknowledge(peer.in_turn[-1])


async def sends_again(stage: Stage) -> None:
    """Check that what was not acknowledged comes again after a cut, with the same number, and first."""
    async with stage.welcomed() as peer:
        lost = await peer.events(FEW)
        await peer.acknowledge(lost[1])
        await peer.quiet()
        peer.cut()
    async with stage.welcomed() as peer:
        again = await peer.events(FEW - 2)
        _expect(again == lost[2:], f"after a cut it sent {again}, and {lost[2:]} was not acknowledged")
        await peer.acknowledge(again[-1])


async def goes_on_where_the_server_is(stage: Stage) -> None:
    """Check that what the server has, though its acknowledgement was lost, does not come again."""
    async with stage.welcomed() as peer:
        stage.through = (await peer.events(FEW))[-1]
        peer.cut()
    async with stage.welcomed() as peer:
        await peer.acknowledge((await peer.events(1))[-1])


async def bears_acknowledgements_again(stage: Stage) -> None:
    """Check that an acknowledgement twice, or an older one, changes nothing."""
    async with stage.welcomed(max_in_flight=WINDOW) as peer:
        first = await peer.events(WINDOW)
        for seq in (first[2], first[2], first[0]):
            await peer.say(messages.Ack(seq=seq))
        stage.through = first[2]
        await peer.events(WINDOW + 3)
        await peer.quiet()
        _expect(len(peer.in_turn) == WINDOW + 3, "repeated acknowledgements made room in its window")
        await peer.acknowledge(peer.in_turn[-1])


async def keeps_to_small_messages(stage: Stage) -> None:
    """Check that no message is larger than the welcome allows."""
    async with stage.welcomed(max_message_bytes=SMALL_BYTES) as peer:
        await peer.acknowledge((await peer.events(FEW))[-1])


async def answers_pings(stage: Stage) -> None:
    """Check that a ping is answered with its own id."""
    async with stage.welcomed() as peer:
        for number in (7, 7, 9):
            await peer.say(messages.Ping(id=number))
            pong = await peer.until(messages.Pong)
            _expect(pong.id == number, f"ping {number} was answered with {pong.id}")


async def ignores_what_is_newer(stage: Stage) -> None:
    """Check that unknown messages and fields change nothing."""
    async with stage.welcomed() as peer:
        await peer.say_text('{"type":"weather","rain":true}')
        await peer.say_text('{"type":"pong","id":77,"colour":"blue"}')
        await peer.say_text('{"type":"ping","id":5,"mood":["calm"]}')
        await peer.until(messages.Pong)
        await peer.acknowledge((await peer.events(1))[-1])


async def answers_commands(stage: Stage) -> None:
    """Check that an unknown command is answered clearly, and the same id again with the same result."""
    async with stage.welcomed() as peer:
        for _ in range(2):
            await peer.say(messages.Command(id="c1", name="make_coffee", arguments={"sugar": 2}))
            result = await peer.until(messages.Result)
            _expect(result.id == "c1", f"command c1 was answered as {result.id}")
            _expect(not result.ok, "it says that it has done what it cannot know")
            _expect(result.code == "unknown_command", f"an unknown command has the code {result.code!r}")


async def bears_nonsense(stage: Stage) -> None:
    """Check that a message that is none costs the connection at most: it comes back and loses nothing."""
    async with stage.welcomed() as peer:
        sent = await peer.events(2)
        await peer.say_text('{"type":"ack","seq":')
        await peer.quiet()
    async with stage.welcomed() as peer:
        again = await peer.events(2)
        _expect(again == sent, f"after nonsense it sent {again}, and {sent} was not acknowledged")
        await peer.acknowledge(again[-1])


async def believes_no_false_acknowledgement(stage: Stage) -> None:
    """Check that it lets go of nothing when the server acknowledges what was never sent."""
    async with stage.welcomed(max_in_flight=2) as peer:
        sent = await peer.events(2)
        await peer.say(messages.Ack(seq=sent[-1] + 1_000_000))
        await peer.quiet()
    async with stage.welcomed() as peer:
        again = await peer.events(2)
        _expect(again == sent, f"after a false acknowledgement it sent {again} in place of {sent}")
        await peer.acknowledge(again[-1])


async def comes_when_asked(stage: Stage) -> None:
    """Check that it does not come before the time that the server asked for."""
    asked_s = stage.patience.asked_s
    async with stage.welcomed() as peer:
        await peer.acknowledge((await peer.events(1))[-1])
        told_s = asyncio.get_running_loop().time()
        await peer.close(messages.Bye(reason="overloaded", retry_after_s=asked_s))
    async with stage.welcomed() as peer:
        waited_s = stage.arrivals_s[-1] - told_s
        _expect(waited_s > asked_s - HAMMERING_S, f"asked for {asked_s:g} s, it came after {waited_s:.2f} s")
        await peer.acknowledge((await peer.events(1))[-1])


async def does_not_hammer(stage: Stage) -> None:
    """Check that it waits between its tries while the server refuses them for a moment, and comes back."""
    first = len(stage.arrivals_s)
    for _ in range(3):
        stage.refuse(503)
    await stage.until_refused()
    async with stage.welcomed() as peer:
        arrivals = stage.arrivals_s[first:]
        waits = [later - earlier for earlier, later in pairwise(arrivals)]
        _expect(min(waits) > HAMMERING_S, f"it came back after {min(waits):.3f} s")
        await peer.acknowledge((await peer.events(1))[-1])


async def stays_away_when_refused(stage: Stage) -> None:
    """Check that it does not knock on and on when its credential is refused."""
    stage.refuse(401)
    await stage.until_refused()
    before = len(stage.arrivals_s)
    await asyncio.sleep(stage.patience.refused_s)
    _expect(len(stage.arrivals_s) == before, f"refused, it knocked again within {stage.patience.refused_s:g} s")


def _expect(condition: bool, text: str) -> None:  # noqa: FBT001 - reads well where it is called
    if not condition:
        raise UnexpectedError(text)


CHECKS: Final[tuple[tuple[str, str, Check], ...]] = (
    ("hello", "it says hello and waits for its welcome", says_hello),
    ("window", "no more is in flight than allowed", keeps_the_window),
    ("delivery", "what was not acknowledged comes again", sends_again),
    ("resume", "it goes on where the server is", goes_on_where_the_server_is),
    ("delivery", "repeated acknowledgements change nothing", bears_acknowledgements_again),
    ("delivery", "a false acknowledgement is not believed", believes_no_false_acknowledgement),
    ("limits", "messages are no larger than allowed", keeps_to_small_messages),
    ("liveness", "pings are answered", answers_pings),
    ("versions", "unknown fields and messages are ignored", ignores_what_is_newer),
    ("commands", "an unknown command is answered, twice alike", answers_commands),
    ("refusals", "nonsense costs no event", bears_nonsense),
    ("back-off", "it comes no sooner than asked", comes_when_asked),
    ("back-off", "it does not hammer", does_not_hammer),
    ("refusals", "refused, it stays away", stays_away_when_refused),
)
"""The property of the protocol, the line of the table, and what is played to the device; the last one ends it."""
