"""The device's end of its recognizers: the host process with the model, and one worker per side.

A worker or the host may die at any moment; the call goes on. What the dead worker had heard of unfinished utterances is
reported as lost, what was still waiting goes to the next worker.
"""

import array
import asyncio
import logging
import socket
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from appliance.adapters.recognizer_host import FORK, LENGTH_BYTES, READY, pack
from appliance.errors import BadInputError
from appliance.speech.frames import Side, samples
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Request

log = logging.getLogger(__name__)

MAX_UNANSWERED: Final = 4
"""Requests that a worker may hold: enough that it never waits for us, few enough that little is lost with it."""

MAX_WAITING_MS: Final = 10_000
"""Audio that may wait for a recognizer. More behind than this, what it says is no longer news; the oldest goes."""

KEPT_WAITING_MS: Final = 5_000
"""What stays when the oldest goes: one hole of some seconds is declared, not one for each block."""

RESTART_DELAYS_S: Final = (0.0, 0.2, 1.0, 5.0)
"""Before each further attempt in a row: at once for an accident, ever slower for a recognizer that can't live."""

STOP_TIMEOUT_S: Final = 2.0

_hypotheses: msgspec.msgpack.Decoder[Hypothesis] = msgspec.msgpack.Decoder(Hypothesis)


class RecognizerHost:
    """The process that holds the model of `engine` in `folder`."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and wait until the model is loaded. Raises `BadInputError` when it can't be loaded."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        with theirs:
            command = [sys.executable, "-m", "appliance.adapters.recognizer_host", self._engine, str(self._folder)]
            self._process = await asyncio.create_subprocess_exec(
                *command, str(theirs.fileno()), pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL
            )
        self._control = ours
        try:
            answer = await asyncio.get_running_loop().sock_recv(ours, len(READY))
        except ConnectionError:
            answer = b""
        if answer != READY:
            await self._end()
            raise BadInputError(
                f"the engine {self._engine} cannot load its model",
                where=str(self._folder),
                mend="undertone model verify, then fetch it again",
            )

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Have a new worker forked and give the connection to it; starts the host again if it has died."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                await self._end()
                await self.start()
            ours, theirs = socket.socketpair()
            with theirs:
                passed = array.array("i", [theirs.fileno()])
                assert self._control is not None  # noqa: S101 - start() has set it
                self._control.sendmsg([FORK], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
        return await asyncio.open_connection(sock=ours)

    async def stop(self) -> None:
        """End the host; `connect` starts it again. Workers end by themselves when their connections are closed."""
        async with self._starting:
            await self._end()

    async def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is None:
            return
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._process = None


class SideRecognizer:
    """The recognizer of one side, whichever worker it is today.

    `on_hypothesis(side, hypothesis)` gets every answer. `on_lost(side, until_sample)`: what was heard of unfinished
    utterances before that position is gone. `on_behind(side, start_sample, end_sample)`: this audio was dropped
    because recognition could not keep up.
    """

    def __init__(
        self,
        host: RecognizerHost,
        side: Side,
        *,
        on_hypothesis: Callable[[Side, Hypothesis], None],
        on_lost: Callable[[Side, int], None],
        on_behind: Callable[[Side, int, int], None],
    ) -> None:
        self.host = host
        self.side: Side = side
        self._on_hypothesis = on_hypothesis
        self._on_lost = on_lost
        self._on_behind = on_behind
        self._waiting = deque[Request]()
        self._unanswered = deque[Request]()
        self._until_sample = 0
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

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
                reader, writer = await self.host.connect()
            except (OSError, BadInputError) as error:
                log.error("event=recognizer_start_failed side=%s error=%r", self.side, str(error))  # noqa: TRY400
            else:
                answers = await self._exchange(reader, writer)
                log.warning("event=recognizer_lost side=%s answers=%d", self.side, answers)
                self._lose()
            failures = 0 if answers else failures + 1
            if failures >= len(RESTART_DELAYS_S):
                self._give_up()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """Talk to a worker until it is gone; give how many answers came."""
        sending = asyncio.create_task(self._send_all(writer), name=f"recognizer-send-{self.side}")
        answers = 0
        try:
            while (hypothesis := await _read(reader)) is not None:
                self._receive(hypothesis)
                answers += 1
            return answers
        finally:
            sending.cancel()
            writer.close()

    async def _send_all(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._changed.clear()
            while self._waiting and len(self._unanswered) < MAX_UNANSWERED:
                request = self._waiting.popleft()
                self._unanswered.append(request)
                if isinstance(request, Hear):
                    self._until_sample = request.sample + len(request.pcm) // 2
                    request = msgspec.structs.replace(request, wants_partial=not self._waiting)
                writer.write(pack(request))
            await self._changed.wait()

    def _receive(self, hypothesis: Hypothesis) -> None:
        self._unanswered.popleft()
        self._changed.set()
        self._on_hypothesis(self.side, hypothesis)
        self._settle()

    def _lose(self) -> None:
        """Declare what the dead worker held; utterances that were to end still do, in the next worker."""
        ends = [request for request in self._unanswered if isinstance(request, EndUtterance)]
        self._unanswered.clear()
        self._waiting.extendleft(reversed(ends))
        self._on_lost(self.side, self._until_sample)
        self._settle()

    def _give_up(self) -> None:
        """Declare all that waits as lost: no recognizer can be started, and nobody may wait for it for ever."""
        if not self._waiting:
            return
        for request in self._waiting:
            if isinstance(request, Hear):
                self._until_sample = request.sample + len(request.pcm) // 2
        self._waiting.clear()
        self._on_lost(self.side, self._until_sample)
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
        self._on_behind(self.side, late[0].sample, late[-1].sample + len(late[-1].pcm) // 2)


async def _read(reader: asyncio.StreamReader) -> Hypothesis | None:
    """Give the worker's next answer; None when it is gone."""
    try:
        size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "little")
        return _hypotheses.decode(await reader.readexactly(size))
    except (OSError, asyncio.IncompleteReadError):
        return None
