"""A network of its own for a box, and a line between it and ours on which packets are late, lost or gone.

What `tc netem` does, for kernels that have none: two TUN interfaces, one in each network, and a thread that carries
every packet from one to the other. So the kernels' own TCP at both ends meets the bad line.
"""

import asyncio
import ctypes
import fcntl
import heapq
import os
import random
import selectors
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import pytest

from ..privileges import may_administer_networks

CLONE_NEWNET: Final = 0x40000000
TUNSETIFF: Final = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_BYTES: Final = 65_536

OURS, THEIRS = "10.203.0.1", "10.203.0.2"

_libc = ctypes.CDLL(None, use_errno=True)
_Result = TypeVar("_Result")


class BadLine:
    """The line; use it in `with`. It is good until its fields say otherwise, for each packet that comes then.

    `delay_s` is for one way, `loss` a share of all packets, with `cut` none passes and nobody is told.
    """

    def __init__(self, seed: int = 1) -> None:
        self.delay_s = 0.0
        self.loss = 0.0
        self.cut = False
        self.passed = self.lost = 0
        self._chance = random.Random(seed)
        self._stopping = threading.Event()
        self._ends: list[int] = []

    def __enter__(self) -> Self:
        if not may_administer_networks() or not Path("/dev/net/tun").exists() or shutil.which("ip") is None:
            pytest.skip("making a network needs root with CAP_NET_ADMIN, iproute2, and a kernel with TUN")
        self._box = _Thread()
        self._ends = [_interface(OURS), self._box.do(_own_network)]
        self._carrier = threading.Thread(target=self._carry)
        self._carrier.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._box.end()
        self._stopping.set()
        self._carrier.join()
        for end in self._ends:
            os.close(end)

    async def from_box(self, life: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Run a coroutine function in the box's network, in a loop of its own, and give what it gives."""
        return await asyncio.to_thread(self._box.do, lambda: asyncio.run(life()))

    def _carry(self) -> None:
        late: list[tuple[float, int, int, bytes]] = []
        number = 0
        with selectors.DefaultSelector() as selector:
            for end, other in (self._ends, self._ends[::-1]):
                selector.register(end, selectors.EVENT_READ, other)
            while not self._stopping.is_set():
                now_s = time.monotonic()
                while late and late[0][0] <= now_s:
                    _, _, end, packet = heapq.heappop(late)
                    os.write(end, packet)
                for key, _ in selector.select(min(0.05, late[0][0] - now_s) if late else 0.05):
                    packet = os.read(key.fd, PACKET_BYTES)
                    if self.cut or self._chance.random() < self.loss:
                        self.lost += 1
                        continue
                    self.passed, number = self.passed + 1, number + 1
                    heapq.heappush(late, (time.monotonic() + self.delay_s, number, key.data, packet))


class _Thread:
    """A thread that does one thing after another; what it does to its own network stays with it."""

    def __init__(self) -> None:
        self._work: list[Callable[[], object]] = []
        self._bell = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def do(self, work: Callable[[], _Result]) -> _Result:
        found: list[_Result] = []
        failed: list[BaseException] = []
        done = threading.Event()

        def run() -> None:
            try:
                found.append(work())
            except BaseException as error:  # noqa: BLE001 - whoever asked is told
                failed.append(error)
            done.set()

        with self._bell:
            self._work.append(run)
            self._bell.notify()
        done.wait()
        if failed:
            raise failed[0]
        return found[0]

    def end(self) -> None:
        with self._bell:
            self._ending = True
            self._bell.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._bell:
                self._bell.wait_for(lambda: self._work or self._ending)
                if not self._work:
                    return
                work = self._work.pop(0)
            work()


def _own_network() -> int:
    """Move this thread into a network of its own, and give its end of the line."""
    if _libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return _interface(THEIRS)


def _interface(address: str) -> int:
    """Make a TUN interface with this address, and give what its packets are read from and written to."""
    end = os.open("/dev/net/tun", os.O_RDWR)
    made = fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH14x", b"undertone%d", IFF_TUN | IFF_NO_PI))
    name = made[:16].rstrip(b"\0").decode()
    subprocess.run(["ip", "address", "add", f"{address}/30", "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return end
