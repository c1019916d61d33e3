"""The device's end of its recognizers: the host process with the model, and the workers that hear utterances.

A recognizer keeps nothing of an utterance for the next one but what it has learned about the language: which words can
follow which is worked out as it is needed, and kept. So an utterance of either side goes to the first worker that is
free: the one that has heard most does nearly all the work, and the second is there for when both people speak at once.
"""

import array
import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appliance.adapters.recognizer_host import COLD, FORK, READY, WARM
from appliance.adapters.recognizer_worker import Ears, Worker
from appliance.adapters.tasks import task_group
from appliance.errors import BadInputError
from appliance.speech.frames import Side
from appliance.speech.recognizer import EndUtterance, Request

WORKERS: Final = 2
"""People who may speak at once on a line."""

BUSY_MS: Final = 400
"""Audio that waits at a worker before the next utterance goes to the other one, though that knows less."""

STOP_TIMEOUT_S: Final = 2.0

HUGE_PAGES: Final = "glibc.malloc.hugetlb=1"
"""Has the C library ask for large pages of memory. A model is 300 MB that are read here and there: decoding takes 15 %
less CPU, and the copy of the process for a look ahead takes 6 ms instead of 25. Where the system has none it is empty
talk."""


def with_huge_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a process whose memory is to be in large pages; who has set that already knows better."""
    tunables = environment.get("GLIBC_TUNABLES", "")
    if "glibc.malloc.hugetlb" in tunables:
        return dict(environment)
    return {**environment, "GLIBC_TUNABLES": f"{tunables}:{HUGE_PAGES}".removeprefix(":")}


class RecognizerHost:
    """The process that holds the model of `engine` in `folder`; `warm`: see `warm_up`."""

    def __init__(self, engine: str, folder: Path, *, warm: bool = True) -> None:
        self._engine = engine
        self._folder = folder
        self._warm = warm
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()
        self.calls = 0
        """How many calls it hears; the last one may stop it."""

    async def start(self) -> None:
        """Start the process and wait until the model is loaded. Raises `BadInputError` when it can't be loaded."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        self._control = ours
        with theirs:
            manner = WARM if self._warm else COLD
            command = [sys.executable, "-m", "appliance.adapters.recognizer_host", self._engine, str(self._folder)]
            # In a process group of its own, because Ctrl-C goes to all of ours: we decide when our recognizers end.
            self._process = await asyncio.create_subprocess_exec(
                *command,
                manner,
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                process_group=0,
                env=with_huge_pages(os.environ) if self._engine == "vosk" else None,
            )
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

    def kill(self) -> None:
        """End the host with all its workers at once, because one of them hangs; `connect` starts it again."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

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


class Recognizers:
    """The workers of one host, for the utterances of any side of one call that has so many sides."""

    def __init__(self, host: RecognizerHost, ears: Ears, sides: int = WORKERS) -> None:
        self.host = host
        workers = min(sides, WORKERS)
        self._workers = [Worker(f"{number}", host.connect, ears, host.kill) for number in range(1, workers + 1)]
        self._hearing: dict[tuple[Side, int], Worker] = {}

    def send(self, request: Request) -> None:
        """Hand a request to the worker that hears its utterance; never waits."""
        key = (request.side, request.utterance)
        if key not in self._hearing:
            self._hearing[key] = self._free_worker()
        worker = self._hearing.pop(key) if isinstance(request, EndUtterance) else self._hearing[key]
        worker.send(request)

    @property
    def waiting_s(self) -> float:
        """Audio that waits at the worker that has most of it waiting."""
        return max(worker.waiting_ms for worker in self._workers) / 1000

    def want_partials(self, *, wanted: bool) -> None:
        """Have the words of utterances in progress told, or not."""
        for worker in self._workers:
            worker.wants_partials = wanted

    async def idle(self) -> None:
        """Wait until every request has been answered or declared lost."""
        for worker in self._workers:
            await worker.idle()

    async def run(self) -> None:
        """Keep the workers running until cancelled."""
        self.host.calls += 1
        try:
            async with task_group() as group:
                for worker in self._workers:
                    group.create_task(worker.run(), name=f"recognizer-{worker.name}")
        finally:
            self.host.calls -= 1

    def _free_worker(self) -> Worker:
        open_at = list(self._hearing.values())
        return min(self._workers, key=lambda worker: (open_at.count(worker), worker.waiting_ms > BUSY_MS))
