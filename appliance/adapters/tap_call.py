"""One call of a tap, between what was captured and whoever takes its steps."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from appliance.adapters.av_codecs import decoder
from appliance.adapters.line import LineCall, Step
from appliance.adapters.rtp_sides import RtpSides
from appliance.events import UNKNOWN_SPEAKER, Identity, Notice
from appliance.session import EndReason
from appliance.speech.frames import Frame, Lost, Side
from appliance.telephony.tap import Began, Heard

SIDES: Final[tuple[Side, ...]] = ("agent", "caller")

MOST_STEPS: Final = 3_000
"""A minute that nobody takes; then what comes is dropped, and declared."""

FEW_STEPS: Final = 50
"""In lockstep the capture waits for whoever takes the steps."""


class TapCall:
    """Turns what happens to a call into the steps of `line_call`."""

    def __init__(self, began: Began, *, lockstep: bool, keep_keys: bool) -> None:
        self._sides = RtpSides(SIDES, decoder, keep_keys=keep_keys)
        self._began_s = began.at_s
        self._lockstep = lockstep
        self._queue: asyncio.Queue[Step | None] = asyncio.Queue(FEW_STEPS if lockstep else MOST_STEPS)
        self._dropped_from: int | None = None
        identity = Identity(
            agent=began.uris.get("agent", ""),
            caller=began.uris.get("caller", ""),
            call_id=began.call if began.is_signalled else "",
        )
        self.line_call = LineCall(SIDES, began.band, self._steps(), identity, lockstep)
        self._opening: Step = () if began.knows_agent else (_unknown_speaker(began),)

    async def receive(self, heard: Heard, at_s: float) -> None:
        """Take a packet."""
        await self.advance(at_s)
        self._sides.receive(heard.role, heard.packet, heard.form, max(0.0, at_s - self._began_s))
        await self.advance(at_s)

    def hold(self, side: Side) -> None:
        """Take that a side pauses by agreement."""
        self._sides.hold(side)

    async def advance(self, at_s: float) -> None:
        """Take that time has come so far."""
        for step in self._sides.advance(at_s - self._began_s):
            await self._give(step)

    async def withhold(self, at_s: float) -> None:
        """Take that time has come so far, and that nobody listened."""
        for step in self._sides.withhold(at_s - self._began_s):
            await self._give(step)

    async def end(self, at_s: float, reason: EndReason) -> None:
        """Take that the call is over."""
        for step in self._sides.finish(at_s - self._began_s):
            await self._give(step)
        self.line_call.ended = reason
        if self._queue.full() and not self._lockstep:
            self._queue.get_nowait()
        await self._queue.put(None)

    async def _give(self, step: Step) -> None:
        if self._opening:
            step, self._opening = (*self._opening, *step), ()
        if self._lockstep:
            await self._queue.put(step)
            return
        frames = [part for part in step if isinstance(part, Frame)]
        if self._queue.full():
            if self._dropped_from is None and frames:
                self._dropped_from = frames[0].sample
            return
        if self._dropped_from is not None and frames:
            dropped_from, self._dropped_from = self._dropped_from, None
            holes = (Lost(side, dropped_from, frames[0].sample, "line_overrun") for side in SIDES)
            step = (*holes, *step)
        self._queue.put_nowait(step)

    async def _steps(self) -> AsyncIterator[Step]:
        while (step := await self._queue.get()) is not None:
            yield step


def _unknown_speaker(began: Began) -> Notice:
    how = "the one who was called" if began.is_signalled else "the address that was spoken to first"
    text = f"Unknown speaker: nothing tells which voice is the agent's; {how} is taken for it."
    return Notice(who="both", start_sample=0, end_sample=0, code=UNKNOWN_SPEAKER, text=text)
