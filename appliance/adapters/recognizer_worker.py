"""The device's end of one worker of a recognizer host.

The worker or the host may die at any moment; the call goes on. What the dead worker had heard of unfinished utterances
is reported as lost, what was still waiting goes to the next worker.
"""

import asyncio
import logging
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from appliance.adapters.process_pulse import HUNG_S, LOOKS, HangWatch, pulse
from appliance.adapters.recognizer_host import LENGTH_BYTES, pack
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import Side, samples
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Look, Pause, Request

log = logging.getLogger(__name__)

MAX_UNANSWERED: Final = 4
"""Requests that a worker may hold: enough that it never waits for us, few enough that little is lost with it."""

MAX_WAITING_MS: Final = 10_000
"""Audio that may wait for a recognizer. More behind than this, what it says is no longer news; the oldest goes."""

KEPT_WAITING_MS: Final = 5_000
"""What stays when the oldest goes: one hole of some seconds is declared, not one for each block."""

RESTART_DELAYS_S: Final = (0.0, 0.2, 1.0, 5.0)
"""Before each further attempt in a row: at once for an accident, ever slower for a recognizer that can't live."""

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

_hypotheses: msgspec.msgpack.Decoder[Hypothesis] = msgspec.msgpack.Decoder(Hypothesis)


class Ears(NamedTuple):
    """Who is told what the workers hear.

    `hypothesis` gets every answer. `lost(side, until_sample)`: what was heard of unfinished utterances before that
    position is gone. `behind(side, start_sample, end_sample)`: this audio was dropped because recognition could not
    keep up.
    """

    hypothesis: Callable[[Side, Hypothesis], None]
    lost: Callable[[Side, int], None]
    behind: Callable[[Side, int, int], None]


class Worker:
    """One worker, whichever process it is today: `connect` gives the connection to a new one.

    `kill_host` ends the host with all its workers: where a new worker has not even said which process it is.
    """

    def __init__(
        self, name: str, connect: Connect, ears: Ears, kill_host: Callable[[], None], hung_s: float = HUNG_S
    ) -> None:
        self.name = name
        self.wants_partials = True
        self._kill_host = kill_host
        self._hung_s = hung_s
        self._pid = 0
        self._answers = 0
        self._connect = connect
        self._ears = ears
        self._waiting = deque[Request]()
        self._unanswered = deque[Request]()
        self._heard_until: dict[tuple[Side, int], int] = {}
        """Of each utterance that a process has begun to hear and not yet given its final words."""
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting_ms(self) -> float:
        """Audio that waits for the process."""
        waiting = sum(len(request.pcm) // 2 for request in self._waiting if isinstance(request, Hear))
        return waiting * 1000 / SAMPLE_RATE_HZ

    def send(self, request: Request) -> None:
        """Hand a request to the recognizer; never waits."""
        self._waiting.append(request)
        self._idle.clear()
        self._drop_oldest()
        self._changed.set()

    async def idle(self) -> None:
        """Wait until every request has been answered or declared lost."""
        await self._idle.wait()

    async def run(self) -> None:
        """Keep a worker running and exchange messages with it until cancelled."""
        failures = 0
        while True:
            await asyncio.sleep(RESTART_DELAYS_S[min(failures, len(RESTART_DELAYS_S) - 1)])
            answers = 0
            try:
                reader, writer = await self._connect()
            except (OSError, BadInputError) as error:
                log.error("event=recognizer_start_failed worker=%s error=%r", self.name, str(error))  # noqa: TRY400
            else:
                answers = await self._exchange(reader, writer)
                log.warning("event=recognizer_lost worker=%s answers=%d", self.name, answers)
                self._lose()
            failures = 0 if answers else failures + 1
            if failures >= len(RESTART_DELAYS_S):
                self._give_up()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """Talk to a worker until it is gone; give how many answers came."""
        self._pid, before = 0, self._answers
        sending = asyncio.create_task(self._send_all(writer), name=f"recognizer-send-{self.name}")
        watching = asyncio.create_task(self._watch(writer), name=f"recognizer-watch-{self.name}")
        try:
            self._pid = await _read_pid(reader)
            while (hypothesis := await _read(reader)) is not None:
                self._receive(hypothesis)
        finally:
            sending.cancel()
            watching.cancel()
            writer.close()
        return self._answers - before

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        """End the worker if it hangs."""
        watch, hangs = HangWatch(self._hung_s), False
        while not hangs:
            await asyncio.sleep(self._hung_s / LOOKS)
            owes = bool(self._unanswered)
            beat = pulse(self._pid) if owes and self._pid else None
            hangs = watch.receive_look(beat, owes=owes, answers=self._answers)
        log.warning("event=recognizer_hangs worker=%s pid=%d", self.name, self._pid)
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        else:
            self._kill_host()
        writer.transport.abort()

    async def _send_all(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._changed.clear()
            while self._waiting and len(self._unanswered) < MAX_UNANSWERED:
                request = self._waiting.popleft()
                if isinstance(request, Pause | Look) and self._waiting:
                    continue  # the pause is over already; a look ahead is the first that a slow box does without
                self._unanswered.append(request)
                if isinstance(request, Hear):
                    self._heard_until[request.side, request.utterance] = _end(request)
                    request = msgspec.structs.replace(request, wants_partial=self.wants_partials and not self._waiting)
                writer.write(pack(request))
            await self._changed.wait()

    def _receive(self, hypothesis: Hypothesis) -> None:
        request = self._unanswered.popleft()
        self._answers += 1
        if hypothesis.final:
            self._heard_until.pop((request.side, request.utterance), None)
        self._changed.set()
        self._ears.hypothesis(request.side, hypothesis)
        self._settle()

    def _lose(self) -> None:
        """Declare what the dead process held; utterances that were to end still do, in the next one."""
        ends = [request for request in self._unanswered if isinstance(request, EndUtterance)]
        self._unanswered.clear()
        self._waiting.extendleft(reversed(ends))
        lost = {side: until for (side, _), until in sorted(self._heard_until.items(), key=lambda item: item[1])}
        self._heard_until.clear()
        for side, until in lost.items():
            self._ears.lost(side, until)
        self._settle()

    def _give_up(self) -> None:
        """Declare all that waits as lost: no recognizer can be started, and nobody may wait for it for ever."""
        lost = {request.side: _end(request) for request in self._waiting if isinstance(request, Hear)}
        self._waiting.clear()
        for side, until in lost.items():
            self._ears.lost(side, until)
        self._settle()

    def _settle(self) -> None:
        if not self._waiting and not self._unanswered:
            self._idle.set()

    def _drop_oldest(self) -> None:
        audio = [request for request in self._waiting if isinstance(request, Hear)]
        if not audio or audio[-1].sample - audio[0].sample <= samples(MAX_WAITING_MS):
            return
        late = [request for request in audio if audio[-1].sample - request.sample > samples(KEPT_WAITING_MS)]
        for request in late:
            self._waiting.remove(request)
        for side in dict.fromkeys(request.side for request in late):
            mine = [request for request in late if request.side == side]
            self._ears.behind(side, mine[0].sample, _end(mine[-1]))


def _end(request: Hear) -> int:
    return request.sample + len(request.pcm) // 2


async def _read_pid(reader: asyncio.StreamReader) -> int:
    """Give the number of the worker's process, which it says first; 0 when it is gone."""
    try:
        return int.from_bytes(await reader.readexactly(LENGTH_BYTES), "little")
    except (OSError, asyncio.IncompleteReadError):
        return 0


async def _read(reader: asyncio.StreamReader) -> Hypothesis | None:
    """Give the worker's next answer; None when it is gone."""
    try:
        size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "little")
        return _hypotheses.decode(await reader.readexactly(size))
    except (OSError, asyncio.IncompleteReadError):
        return None
