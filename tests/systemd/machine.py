"""A booted Debian with its own systemd, in a container: the box without its hardware.

`systemd-nspawn` starts it on an overlay over a cached tree, so that each one is new and costs a second. The trees and
packages lie in `~/.cache/undertone`, and the first use takes minutes. The network inside is its own loopback. It needs
root, mmdebstrap and systemd-container.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from ..faults.programs import wait_for

SOURCE: Final = Path(__file__).parents[2]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "undertone/roots"
RELEASE: Final = {"bookworm": "12", "trixie": "13"}
INCLUDE: Final = (
    "systemd,systemd-sysv,dbus,udev,python3,python3-apt,libportaudio2,libatomic1,ca-certificates,"
    "pulseaudio,pulseaudio-utils,libasound2-plugins,procps,iproute2"
)
MODEL: Final = "moonshine-tiny-en"
SETTLE_S: Final = 60.0
TOOLS: Final = ("systemd-nspawn", "mmdebstrap", "dpkg-deb", "nsenter")


def lacking() -> str:
    """Say what keeps this computer from booting a machine; empty: nothing."""
    if os.geteuid():
        return "booting a Debian needs root"
    return ", ".join(f"{tool} is missing" for tool in TOOLS if not shutil.which(tool))


def run(*command: object) -> str:
    """Run a command here, and give what it printed."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def base(suite: str) -> Path:
    """Give the cached tree of a Debian, made where it is not there yet."""
    tree, tar = CACHE / f"run-{suite}", CACHE / f"run-{suite}.tar"
    if not tar.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        run("mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", f"--include={INCLUDE}", suite, f"{tar}.new")
        Path(f"{tar}.new").rename(tar)
    if not (tree / "etc/os-release").exists():
        run("rm", "-rf", tree)
        tree.mkdir()
        run("tar", "-C", tree, "-xf", tar)
    return tree


def packages(suite: str, out: Path, version: str = "") -> tuple[Path, Path]:
    """Build the program's package and that of a speech model."""
    wanted = ("--version", version) if version else ()
    command = (SOURCE / "provisioning/build-deb", "--fast", "--out", out)
    program, model = run(*command, "--suite", suite, *wanted), run(*command, "--model", MODEL)
    return Path(program.strip()), Path(model.strip())


class Machine:
    """A tree over others, that can be booted and switched off; use `machine`."""

    def __init__(self, folder: Path, *below: Path) -> None:
        self.upper, self.root, self._work = folder / "upper", folder / "root", folder / "work"
        for each in (self.upper, self.root, self._work):
            each.mkdir(parents=True)
        self._below = below
        self._process: subprocess.Popen[bytes] | None = None
        self._console = folder / "console"

    def mount(self) -> None:
        below = ":".join(map(str, self._below))
        options = f"lowerdir={below},upperdir={self.upper},workdir={self._work}"
        run("mount", "-t", "overlay", "overlay", "-o", options, self.root)

    def install(self, *debs: Path) -> None:
        """Install packages before the first boot, as whoever makes an image does."""
        for deb in debs:
            shutil.copy(deb, self.root / "root")
        run("systemd-nspawn", "-q", "-D", self.root, "--register=no", "--keep-unit", "--private-network", "--pipe",
            "dpkg", "-i", *(f"/root/{deb.name}" for deb in debs))  # fmt: skip
        for deb in debs:
            (self.root / "root" / deb.name).unlink()

    def boot(self, *options: str) -> float:
        """Switch it on; gives the monotonic time of that."""
        command = ("systemd-nspawn", "-q", "-D", str(self.root), "--register=no", "--keep-unit", "--link-journal=no")
        with self._console.open("ab") as console:
            began_s = time.monotonic()
            self._process = subprocess.Popen(
                [*command, "--private-network", "--kill-signal=SIGRTMIN+4", *options, "-b"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        wait_for(lambda: self.attempt("systemctl", "list-units") == 0, SETTLE_S, every_s=0.1)
        return began_s

    def shut_down(self) -> None:
        """Switch it off in order, and wait."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(SETTLE_S)
        self._process = None

    def pull_the_plug(self) -> None:
        """Let everything inside end at once, as when the power goes; what the kernel had not written yet is kept."""
        assert self._process is not None
        psutil.Process(self.leader).kill()
        self._process.wait(SETTLE_S)
        self._process = None

    def close(self) -> None:
        """End all that is left, and unmount."""
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.terminate()
                self._process.wait(SETTLE_S)
            self._process.kill()
            self._process.wait()
        run("umount", self.root)

    def run(self, *command: object) -> str:
        """Run a command inside, and give what it printed."""
        return run("nsenter", "-t", self.leader, "-a", *command)

    def attempt(self, *command: object) -> int:
        """Run a command inside, and give its exit code; 255 while there is no inside yet."""
        try:
            line = ["nsenter", "-t", str(self.leader), "-a", *map(str, command)]
        except LookupError:
            return 255
        return subprocess.run(line, capture_output=True, check=False).returncode

    def show(self, name: str, unit: str = "undertone") -> str:
        """Give a property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def status(self) -> str:
        return self.show("StatusText")

    def is_active(self, unit: str = "undertone") -> bool:
        return self.show("ActiveState", unit) == "active"

    def processes(self, part: str = "") -> list[psutil.Process]:
        """Give the running processes of the device whose command line has `part`, the oldest first."""
        found = []
        # Read from here, the numbers are this computer's.
        group = f"/proc/{self.leader}/root/sys/fs/cgroup{self.show('ControlGroup')}/cgroup.procs"
        with contextlib.suppress(OSError):  # the group goes with its last process
            for number in Path(group).read_text().split():
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(int(number))
                    if part in " ".join(process.cmdline()):
                        found.append(process)
        return sorted(found, key=lambda process: process.create_time())

    @property
    def leader(self) -> int:
        """The first process inside, by its number on this computer."""
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children():
            if child.pid != self._process.pid:
                return child.pid
        raise LookupError("the machine is not up yet")


@contextlib.contextmanager
def machine(folder: Path, *below: Path) -> Iterator[Machine]:
    """Give a machine over these trees, the first uppermost, that is not switched on yet."""
    made = Machine(folder, *below)
    CACHE.mkdir(parents=True, exist_ok=True)
    made.mount()
    # One at a time on this computer: two would share a control group, and whichever ends takes it from the other.
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield made
        finally:
            made.close()
