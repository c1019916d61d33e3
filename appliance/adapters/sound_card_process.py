"""The device's end of the process that reads a sound card: kept running, and judged by what it delivers.

Whether the process says that it lives is of no interest: where no block comes for `QUIET_S`, it is ended and another
one started, which looks for the card by its name, whatever number it has now.
"""

import asyncio
import logging
import os
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final, NamedTuple

from appliance.adapters.capture import Capture
from appliance.adapters.sound_card_capture import HEAD

log = logging.getLogger(__name__)

QUIET_S: Final = 0.5
"""Eight blocks: no card that works pauses for so long."""

START_S: Final = 2.5
"""For the first block: Python, PortAudio's look at every card, and sound servers that begin with a long buffer. A card
that is opened at the moment it is plugged in may never give any, and the line must be back within five seconds."""

LONGEST_START_S: Final = 10.0
"""A process that was too slow for a busy box gets twice as long the next time, up to this."""

AGAIN_S: Final = 0.5
"""Before the card is looked for again: whoever has pulled it out plugs it in again, and it is back at once."""

OFTEN: Final = 12
"""Looks in vain before the card is looked for less often."""

SELDOM_S: Final = 3.0
"""Before each further look: one costs a tenth of a second of work, and a box without its card has to stay cool."""


ENDING_S: Final = 1.0
"""For a process that has closed its pipe; PortAudio may hang while it ends."""

MUTED_TURN_S: Final = 0.1
"""While the line is muted its time goes on in steps of this."""


class NotCaptured(NamedTuple):
    """The line is muted, and was until this monotonic time; no process reads the card."""

    until_s: float


class Block(NamedTuple):
    """Audio as the card gave it, channels interleaved; `broken`: there may be a hole before it."""

    arrived_s: float
    pcm: bytes
    broken: bool


async def blocks(
    card: str, channels: int, rate_hz: int, capture: Capture
) -> AsyncGenerator[Block | NotCaptured | None, None]:
    """Give the blocks of a card for ever; None each time that it is not there, or has stopped giving any.

    To mute the line ends the process at once, and drops what it had not handed over yet.
    """
    in_vain, start_s = 0, START_S
    while True:
        while capture.muted():
            yield NotCaptured(time.monotonic())
            await capture.wait_unmuted(MUTED_TURN_S)
        broken = True
        async with _pipe(card, channels, rate_hz, capture, start_s) as pipe:
            while not capture.muted() and (block := await pipe.next()) and not capture.muted():
                yield block._replace(broken=True) if broken else block
                broken, in_vain, start_s = False, 0, START_S
        if capture.muted():
            continue
        if broken and not pipe.at_eof:
            start_s = min(2 * start_s, LONGEST_START_S)
        if not in_vain:
            log.warning("event=sound_card_lost card=%r", card)
        in_vain += 1
        yield None
        await asyncio.sleep(AGAIN_S if in_vain < OFTEN else SELDOM_S)


async def blocks_of_all(
    cards: tuple[str, ...], channels: int, rate_hz: int, capture: Capture
) -> AsyncGenerator[tuple[int, Block | NotCaptured | None], None]:
    """Give the blocks of each card as `blocks` does, each with its card's place in the list."""
    if len(cards) == 1:
        async with aclosing(blocks(cards[0], channels, rate_hz, capture)) as only:
            async for block in only:
                yield 0, block
        return
    streams = [blocks(card, channels, rate_hz, capture) for card in cards]
    waiting = {_next(stream): number for number, stream in enumerate(streams)}
    try:
        while True:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                number = waiting.pop(task)
                waiting[_next(streams[number])] = number
                yield number, task.result()
    finally:
        for task in waiting:
            if not task.cancelling():  # a second time would leave its process behind
                task.cancel()
        await asyncio.wait(waiting)
        for stream in streams:
            await stream.aclose()


def _next(stream: AsyncGenerator[Block | NotCaptured | None, None]) -> asyncio.Task[Block | NotCaptured | None]:
    async def taken() -> Block | NotCaptured | None:
        return await anext(stream)

    return asyncio.create_task(taken(), name="card")


class _Pipe(asyncio.Protocol):
    """What a process writes, block by block. One wake-up a block and no timer for each: this runs all day."""

    def __init__(self, start_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._blocks = deque[Block]()
        self._waiting: asyncio.Future[None] | None = None
        self._is_over = False
        self.at_eof = False
        self._quiet_from_s = self._loop.time() + start_s
        self._alarm = self._loop.call_at(self._quiet_from_s, self._look)

    async def next(self) -> Block | None:
        """Give the next block; None when the process has ended or gives none."""
        while not self._blocks:
            if self._is_over:
                return None
            self._waiting = self._loop.create_future()
            await self._waiting
        return self._blocks.popleft()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= HEAD.size:
            arrived_s, length, overflowed = HEAD.unpack_from(self._received)
            end = HEAD.size + length
            if len(self._received) < end:
                break
            self._blocks.append(Block(arrived_s, bytes(self._received[HEAD.size : end]), bool(overflowed)))
            del self._received[:end]
            self._quiet_from_s = self._loop.time() + QUIET_S
        if self._blocks:
            self._wake()

    def eof_received(self) -> None:
        self.at_eof = True
        self._end()

    def connection_lost(self, _error: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        self._is_over = True
        self._alarm.cancel()
        self._wake()

    def _look(self) -> None:
        if self._loop.time() >= self._quiet_from_s:
            self._end()
        else:
            self._alarm = self._loop.call_at(self._quiet_from_s, self._look)

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)


@asynccontextmanager
async def _pipe(card: str, channels: int, rate_hz: int, capture: Capture, start_s: float) -> AsyncIterator[_Pipe]:
    """Run the process, and give what it writes; `start_s` is what it has for its first block."""
    ours, theirs = os.pipe()
    command = ("-m", "appliance.adapters.sound_card_capture", card, str(channels), str(rate_hz), str(theirs))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, pass_fds=(theirs,), stdin=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    os.close(theirs)
    capture.opened(process.pid, lambda: _kill(process))
    file = os.fdopen(ours, "rb", 0)
    transport, pipe = await asyncio.get_running_loop().connect_read_pipe(lambda: _Pipe(start_s), file)
    try:
        yield pipe
    finally:
        transport.close()
        if pipe.at_eof:  # it ends by itself; asyncio warns of a child that is killed at that very moment
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), ENDING_S)
        _kill(process)
        await process.wait()
        capture.closed(process.pid)


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
