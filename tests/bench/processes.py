"""A program as the machine sees it: the CPU time and the memory of its whole process tree.

Linux forgets the CPU time of a child whose parent does not wait for it, as the recognizer's workers are; so the tree
is sampled while it lives. What a process uses between its last sample and its death is missed: less than
`SAMPLE_EVERY_S` for each process.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import psutil

SAMPLE_EVERY_S: Final = 0.05
"""About 1 % of one core for the sampling, and at most 0.05 s missed for each process."""

TREE_EVERY_S: Final = 0.5
"""To find the children, all processes of the machine are read; those of the device live as long as the call."""

MEMORY_EVERY_S: Final = 0.5
"""The kernel walks the page tables of the whole tree for each reading of the memory."""

CHECKOUT: Final = Path(__file__).parents[2]
"""Programs run here, so that they find the package and the benchmarks."""


class Memory(NamedTuple):
    """A reading of a tree's memory, `at_s` seconds after its start.

    `pss_bytes` counts each page once, shared ones in parts; `rss_bytes` counts a shared page once for each process.
    """

    at_s: float
    pss_bytes: int
    rss_bytes: int


class Usage(NamedTuple):
    """What a program used: CPU seconds until it was ready, and from then to its end; `output` is its stdout."""

    start_cpu_s: float
    run_cpu_s: float
    wall_s: float
    memory: tuple[Memory, ...]
    output: str

    @property
    def cpu_s(self) -> float:
        """CPU seconds from start to end."""
        return self.start_cpu_s + self.run_cpu_s

    @property
    def peak_pss_bytes(self) -> int:
        """The most memory that the tree held at once, every page counted once."""
        return max(reading.pss_bytes for reading in self.memory)

    @property
    def peak_rss_bytes(self) -> int:
        """The largest sum of the processes' resident sets."""
        return max(reading.rss_bytes for reading in self.memory)


class Program:
    """A running program whose tree is sampled from its start to its end.

    `ready` is a text in the line of stderr by which the program says that it has started and loaded everything.
    """

    def __init__(self, arguments: Sequence[str | Path], ready: str) -> None:
        self._arguments = [*map(str, arguments)]
        self._began_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )
        self._ready = ready
        self._root = psutil.Process(self._process.pid)
        self._known = [self._root]
        self._tree_due_s = 0.0
        self._cpu_s: dict[int, float] = {}
        self._memory: list[Memory] = []
        self._start_cpu_s: float | None = None
        self._said: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._output: list[str] = []
        self._reader = threading.Thread(target=self._read_output)
        self._listener.start()
        self._reader.start()

    def finish(self, *, memory: bool = False) -> Usage:
        """Sample until the program ends. Raises `RuntimeError` with its last words when it fails."""
        while self._process.poll() is None:
            self._sample()
            if memory:
                self._sample_memory()
            time.sleep(SAMPLE_EVERY_S)
        self._listener.join()
        self._reader.join()
        if self._process.returncode or self._start_cpu_s is None:
            raise RuntimeError(f"{self._arguments} ended with {self._process.returncode}: {self._said[-5:]}")
        run_cpu_s = sum(self._cpu_s.values()) - self._start_cpu_s
        wall_s = time.monotonic() - self._began_s
        return Usage(self._start_cpu_s, run_cpu_s, wall_s, tuple(self._memory), "".join(self._output))

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)
            if self._ready in line and self._start_cpu_s is None:
                self._tree_due_s = 0.0
                self._sample()
                self._start_cpu_s = sum(self._cpu_s.values())

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        self._output += self._process.stdout

    def _sample(self) -> None:
        for process in self._tree():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            # The copies of a worker that look ahead live too shortly to be sampled, but a worker waits for them. What
            # the root waits for is sampled already.
            waited_s = times.children_user + times.children_system if process != self._root else 0.0
            self._cpu_s[process.pid] = times.user + times.system + waited_s

    def _sample_memory(self) -> None:
        at_s = time.monotonic() - self._began_s
        if self._memory and at_s - self._memory[-1].at_s < MEMORY_EVERY_S:
            return
        pss = rss = 0
        for process in self._tree():
            try:
                full = process.memory_full_info()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            pss += full.pss
            rss += full.rss
        self._memory.append(Memory(at_s, pss, rss))

    def _tree(self) -> list[psutil.Process]:
        now_s = time.monotonic()
        if now_s >= self._tree_due_s:
            self._tree_due_s = now_s + TREE_EVERY_S
            try:
                self._known = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                self._known = []
        return self._known
