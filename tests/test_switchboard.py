"""Several calls at once on a scripted line: no process, no model."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall, LineKind, Report, Sign, Step, Trouble, unseen
from appliance.adapters.preparation import Prepared
from appliance.call import Call
from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack
from appliance.events import Band, CallEnded, CallStarted, Event, Gap, Identity
from appliance.models.choice import Choice
from appliance.session import EndReason, Output
from appliance.speech.frames import FRAME_BYTES, FRAME_SAMPLES, Frame, Lost
from appliance.switchboard import Switchboard

NOBODY = Choice(None, ())
TROUBLE = Trouble("line_lost", "The line is gone: look at its cable.")


class ScriptedLine:
    """A line of which each call says how many frames it has, and how it ends; 0 frames: it goes on for ever."""

    kind: LineKind = "siprec"
    band: Band = "narrow"

    def __init__(self, *lengths: int, ended: EndReason = "on_hook", stays: bool = False) -> None:
        self._lengths = lengths
        self._ended: EndReason = ended
        self._stays = stays
        self.on_sign: Sign = unseen
        self.busy = ""
        self.capture = Capture()
        self.closed = False

    async def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
        try:
            report((TROUBLE,))
            for number, length in enumerate(self._lengths):
                identity = Identity(agent=f"desk {number}", call_id=f"id-{number}")
                yield LineCall(("caller",), "narrow", self._steps(length), identity, ended=self._ended)
            if self._stays:
                await asyncio.Event().wait()
        finally:
            self.closed = True

    async def _steps(self, length: int) -> AsyncIterator[Step]:
        for number in range(length):
            await asyncio.sleep(0)
            yield (Frame("caller", number * FRAME_SAMPLES, bytes(FRAME_BYTES)),)
        if not length:
            await asyncio.Event().wait()
        yield (Lost("caller", length * FRAME_SAMPLES, length * FRAME_SAMPLES + 5, "line_lost"),)


class Told:
    """All that a switchboard says, by call."""

    def __init__(self, line: ScriptedLine) -> None:
        self.events: dict[str, list[Event]] = {}
        self.most_at_once = 0
        self.troubles: list[tuple[Trouble, ...]] = []
        prepared = Prepared(
            line=line,
            rules=RulePack("none", "0", "en", (), ()),
            choices={"narrow": NOBODY, "wide": NOBODY},
            hosts={"narrow": None, "wide": None},
            language="en",
            feelings=frozenset(),
        )
        self.board = Switchboard(prepared, self._take, self.troubles.append)

    def _take(self, name: str, _call: Call, outputs: list[Output]) -> None:
        self.events.setdefault(name, []).extend(output for output in outputs if isinstance(output, Event))
        self.most_at_once = max(self.most_at_once, len(self.board.calls))

    def ends(self) -> list[CallEnded]:
        return [event for events in self.events.values() for event in events if isinstance(event, CallEnded)]


def test_each_of_several_calls_has_its_own_name_and_who_is_on_it() -> None:
    told = Told(ScriptedLine(50, 80, 20))
    asyncio.run(told.board.run())
    assert len(told.events) == 3
    assert told.most_at_once == 3
    assert not told.board.calls
    started = [events[0] for events in told.events.values()]
    assert [event.identity for event in started if isinstance(event, CallStarted)] == [
        Identity(agent=f"desk {number}", call_id=f"id-{number}") for number in range(3)
    ]
    assert {event.line for event in started if isinstance(event, CallStarted)} == {"siprec"}
    assert sorted(end.end_sample for end in told.ends()) == [each * FRAME_SAMPLES + 5 for each in (20, 50, 80)]
    assert all(sum(isinstance(event, Gap) for event in events) == 1 for events in told.events.values())


def test_a_call_ends_as_its_line_says() -> None:
    told = Told(ScriptedLine(3, ended="line_lost"))
    asyncio.run(told.board.run())
    assert [end.reason for end in told.ends()] == ["line_lost"]


def test_when_the_device_stops_a_silent_line_is_closed_and_its_calls_end() -> None:
    line = ScriptedLine(0, 0, stays=True)
    told = Told(line)

    async def stopped() -> None:
        running = asyncio.create_task(told.board.run())
        await asyncio.sleep(0.05)
        assert len(told.board.calls) == 2
        told.board.stop()
        await asyncio.wait_for(running, 5)

    asyncio.run(stopped())
    assert [end.reason for end in told.ends()] == ["stopped", "stopped"]
    assert line.closed


def test_what_is_wrong_with_the_line_is_reported() -> None:
    told = Told(ScriptedLine())
    asyncio.run(told.board.run())
    assert told.troubles == [(TROUBLE,)]


def test_what_breaks_in_the_line_ends_the_device_with_its_error() -> None:
    class BrokenLine(ScriptedLine):
        async def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
            async for call in super().calls(report):
                yield call
            raise BadInputError("the port is taken", where=str(Path("/dev/null")), mend="give another one")

    with pytest.raises(BadInputError, match="the port is taken"):
        asyncio.run(Told(BrokenLine(1)).board.run())
