"""One call on a sound card: its steps, between the line that gives them and the call that takes them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from appliance.adapters.line import LineCall, Step
from appliance.adapters.sound_card_audio import MOST_LATE
from appliance.events import Band, Notice
from appliance.session import EndReason
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame, Lost, Side, Withheld

WAITING_STEPS: Final = 5_000 // FRAME_MS
"""What a call may leave waiting; beyond that the oldest would be no news, and memory has an end."""


class CardCall:
    """Moves the steps of the line to the beginning of `line_call`, which lies at `start_sample` of the line."""

    def __init__(self, start_sample: int, sides: tuple[Side, ...], band: Band, opening: tuple[Notice, ...]) -> None:
        self.line_call = LineCall(sides, band, self._steps())
        self._start = start_sample
        self._queue = asyncio.Queue[Step | None]()
        self._dropped_from: dict[Side, int] = {}
        self._until: dict[Side, int] = dict.fromkeys(sides, 0)
        if opening:
            self._queue.put_nowait(opening)

    def put(self, step: Step) -> None:
        """Add a step of the line; what lies before the call is left out."""
        moved = tuple(piece for piece in map(self._moved, step) if piece)
        full = self._queue.qsize() >= WAITING_STEPS
        for piece in moved:
            start, self._until[piece.side] = _span(piece)
            if full:
                self._dropped_from.setdefault(piece.side, start)
            elif piece.side in self._dropped_from:
                dropped_from = self._dropped_from.pop(piece.side)
                self._queue.put_nowait((Lost(piece.side, dropped_from, start, "line_overrun"),))
        if moved and not full:
            self._queue.put_nowait(moved)

    def tell(self, code: str, text: str) -> None:
        """Add a notice where the call is now."""
        self._queue.put_nowait((notice(code, text, max(self._until.values())),))

    def end(self, reason: EndReason) -> None:
        """Let the call end behind what it has been given; a side that has been away for long is missing up to there."""
        last = max(self._until.values())
        away = (Lost(side, until, last, "line_lost") for side, until in self._until.items() if last - until > MOST_LATE)
        if missing := tuple(away):
            self._queue.put_nowait(missing)
        self.line_call.ended = reason
        self._queue.put_nowait(None)

    async def _steps(self) -> AsyncIterator[Step]:
        while (step := await self._queue.get()) is not None:
            yield step

    def _moved(self, piece: object) -> Frame | Lost | Withheld | None:
        if isinstance(piece, Frame) and piece.sample >= self._start:
            return piece._replace(sample=piece.sample - self._start)
        if isinstance(piece, Lost | Withheld) and piece.end_sample > self._start:
            start, end = max(0, piece.start_sample - self._start), piece.end_sample - self._start
            return piece._replace(start_sample=start, end_sample=end)
        return None


def notice(code: str, text: str, at_sample: int = 0) -> Notice:
    """Give a notice on the call as a whole."""
    return Notice(who="both", start_sample=at_sample, end_sample=at_sample, code=code, text=text)


def _span(piece: Frame | Lost | Withheld) -> tuple[int, int]:
    if isinstance(piece, Frame):
        return piece.sample, piece.sample + FRAME_SAMPLES
    return piece.start_sample, piece.end_sample
