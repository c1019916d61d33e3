"""A sound card without hardware: PulseAudio's null sink, which ALSA shows to PortAudio as a card.

What is played into the sink "desk" is heard by the card "deskphone" on both of its channels; "deskfile" gives a raw
file from its first sample, at the pace of the sink's clock, over and over. "monoleft" and "monoright" are two mono
cards with clocks of their own: they give what `feed` writes, as fast as it does. The packages are pulseaudio,
pulseaudio-utils and libasound2-plugins.
"""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

RATE_HZ: Final = 16_000
START_S: Final = 10.0
MONO: Final = ("monoleft", "monoright")


class SoundRig:
    """A running rig; `environment` is what a process needs to see its cards."""

    def __init__(self, folder: Path, raw: Path) -> None:
        self._folder = folder
        self._socket = folder / "native"
        plugin = next(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
        server = f'type pulse server "unix:{self._socket}" device'
        pulse = f'{server} "desk.monitor"'
        mono = "".join(f'pcm.{name} {{ {server} "{name}" }}\n' for name in MONO)
        (folder / "asound.conf").write_text(
            f"""\
pcm_type.pulse {{ lib "{plugin}" }}
pcm.deskphone {{ {pulse} }}
pcm.deskfile {{ type file slave.pcm {{ {pulse} }} file "/dev/null" infile "{raw}" format "raw" }}
{mono}\
# Without a default PortAudio aborts.
pcm.!default {{ type null }}
"""
        )
        self.environment = os.environ | {
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PULSE_SERVER": f"unix:{self._socket}",
            "XDG_RUNTIME_DIR": str(folder),
            "HOME": str(folder),
        }
        (folder / "rig.pa").write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self._socket}\n"
        )
        self._sink = ""
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the sound server and plug the card in."""
        options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --disallow-exit --realtime=no"
        self._run("pulseaudio", *options.split(), "--high-priority=no", "-F", str(self._folder / "rig.pa"))
        until_s = time.monotonic() + START_S
        while not self._socket.exists():
            assert time.monotonic() < until_s, "the sound server did not start"
            time.sleep(0.05)
        self.plug()

    def plug(self) -> None:
        """Plug the card in."""
        spec = f"sink_name=desk rate={RATE_HZ} channels=2 format=s16le"
        self._sink = self._pactl("load-module", "module-null-sink", *spec.split())
        # Somebody must go on reading, or the sink begins two seconds late.
        self._run("parec", "-d", "desk.monitor", "--latency-msec=20", "/dev/null")

    def unplug(self) -> None:
        """Take the card away, while it is in use."""
        self._pactl("unload-module", self._sink)

    def play(self, file: Path) -> subprocess.Popen[bytes]:
        """Play a file into the line."""
        return self._run("paplay", "-d", "desk", "--latency-msec=20", str(file))

    def feed(
        self, name: str, pcm: bytes, *, faster_ppm: float, zero_s: float, until: threading.Event
    ) -> threading.Thread:
        """Plug in a mono card that has heard this sound since `zero_s`, at its own rate, until it is told to stop."""
        pipe = self._folder / f"{name}.pipe"
        self._pactl(
            *("load-module", "module-pipe-source", f"source_name={name}", f"file={pipe}"),
            *("format=s16le", "channels=1", f"rate={RATE_HZ}"),
        )
        feeding = threading.Thread(target=_write_paced, args=(pipe, pcm, faster_ppm, zero_s, until))
        feeding.start()
        return feeding

    def stop(self) -> None:
        """End everything."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(5)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=self.environment, stdin=quiet, stdout=quiet, stderr=quiet)
        self._processes.append(process)
        return process

    def _pactl(self, *command: str) -> str:
        done = subprocess.run(("pactl", *command), env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()


def _write_paced(pipe: Path, pcm: bytes, faster_ppm: float, zero_s: float, until: threading.Event) -> None:
    """Write the sound by a clock that is off by so much; like a real card it leaves nobody waiting for the rest."""
    block = RATE_HZ // 100
    block_s = block / RATE_HZ / (1 + faster_ppm / 1e6)
    with pipe.open("wb", buffering=0) as writing:
        number = int((time.monotonic() - zero_s) / block_s)
        while not until.wait(max(0.0, zero_s + (number + 1) * block_s - time.monotonic())):
            part = pcm[2 * block * number :][: 2 * block]
            writing.write(part.ljust(2 * block, b"\0"))
            number += 1


@contextmanager
def sound_rig(folder: Path, raw: Path = Path("/dev/zero")) -> Iterator[SoundRig]:
    """Run a rig whose files are in `folder`; its path must be short, for it holds a socket."""
    rig = SoundRig(folder, raw)
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()
