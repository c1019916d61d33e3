"""A disk that is full for real, and has space again."""

import contextlib
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.small_disk import fill

from .programs import Program


@contextlib.contextmanager
def small_disk(mount: Path) -> Iterator[Path]:
    """Mount a file system of 4 MiB, where that is allowed."""
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "undertone-test", str(mount)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"a file system cannot be mounted here: {made.stderr.strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


def fill_disk(mount: Path) -> Callable[[], None]:
    """Write until not a byte more fits; give what makes space again."""
    return fill(mount).unlink


def limit_files(device: Program, state: Path) -> Callable[[], None]:
    """Let no file of a running device grow beyond its outbox's log, as a full disk would; give what lifts that.

    For machines on which nothing can be mounted.
    """
    unlimited = resource.prlimit(device.process.pid, resource.RLIMIT_FSIZE)
    size_bytes = (state / "outbox.db-wal").stat().st_size
    resource.prlimit(device.process.pid, resource.RLIMIT_FSIZE, (size_bytes, unlimited[1]))

    def lift() -> None:
        resource.prlimit(device.process.pid, resource.RLIMIT_FSIZE, unlimited)

    return lift
