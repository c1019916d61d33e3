"""A booted machine as a box: with settings, a server of its own, and a sound card that can be plugged in."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from ..faults.programs import wait_for
from ..faults.records import Record
from .machine import Machine

DEVICE = "undertone"
SERVER = "127.0.0.1:8710"
RIG = "/srv/rig"
PULSE = f'type pulse server "unix:{RIG}/native" device "desk.monitor"'
SETTLE_S = 60.0

SETTINGS = f"""\
[device]
name = "{DEVICE}"
[line]
%s
[light]
kind = "none"
"""
CENTRAL = f"""
[central]
url = "ws://{SERVER}/v1/device"
token_file = "token"
"""
CARD = 'kind = "sound_card"\ncard = "deskphone"\nrate_hz = "16000"'


class Box:
    """The parts of a box, on a machine that is not switched on yet."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._state = machine.root / "var/lib"
        self._settings = machine.root / "etc/undertone/undertone.toml"

    def configure(self, line: str = CARD) -> None:
        """Write the settings, and what makes the sound card of the tests one that PortAudio finds."""
        self._settings.write_text(SETTINGS % line)
        rig = self.machine.root / RIG[1:]
        rig.mkdir(parents=True, exist_ok=True)
        plugin = next((self.machine.root / "usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
        inside = f"/{plugin.relative_to(self.machine.root)}"
        (rig / "asound.conf").write_text(
            f'pcm_type.pulse {{ lib "{inside}" }}\npcm.deskphone {{ {PULSE} }}\npcm.!default {{ type null }}\n'
        )
        (rig / "rig.pa").write_text(f"load-module module-native-protocol-unix auth-anonymous=1 socket={RIG}/native\n")
        extra = self.machine.root / "etc/systemd/system/undertone.service.d"
        extra.mkdir(parents=True, exist_ok=True)
        environment = f"ALSA_CONFIG_PATH={RIG}/asound.conf PULSE_SERVER=unix:{RIG}/native"
        (extra / "rig.conf").write_text(f"[Service]\nEnvironment={environment}\n")

    def enrol(self) -> None:
        """Start the server inside, and make the device known to it."""
        run = self.machine.run
        run("systemctl", "enable", "--now", "undertone-central")
        home, token = "/var/lib/undertone-central", "/var/lib/undertone-central/token"
        user = ("--reuid=undertone-central", "--regid=undertone-central", "--clear-groups")
        add = ("undertone", "central", "add-device", DEVICE, "--token-file", token)
        run("setpriv", *user, "env", f"UNDERTONE_HOME={home}", *add)
        run("mv", token, "/etc/undertone/token")
        with self._settings.open("a") as settings:
            settings.write(CENTRAL)
        run("systemd-tmpfiles", "--create", "--prefix=/etc/undertone")
        run("systemctl", "restart", "undertone-central", "undertone")

    def plug(self) -> None:
        """Start the sound server where it does not run yet, and plug the card in."""
        if self.machine.attempt("systemctl", "is-active", "rig"):
            options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --disallow-exit --realtime=no"
            self.machine.run("systemd-run", "--unit=rig", f"--setenv=HOME={RIG}", f"--setenv=XDG_RUNTIME_DIR={RIG}",
                "pulseaudio", *options.split(), "--high-priority=no", "-F", f"{RIG}/rig.pa")  # fmt: skip
            wait_for((self.machine.root / RIG[1:] / "native").exists, SETTLE_S, every_s=0.1)
        sink = ["sink_name=desk", "rate=16000", "channels=2", "format=s16le"]
        wait_for(lambda: self._pulse("pactl", "load-module", "module-null-sink", *sink) == 0, SETTLE_S, every_s=0.2)
        self._background("parec", "-d", "desk.monitor", "--latency-msec=20", "/dev/null")

    def play(self, call: Path) -> None:
        """Play a call into the line."""
        (self.machine.root / RIG[1:] / "call.wav").write_bytes(call.read_bytes())
        self._background("paplay", "-d", "desk", f"{RIG}/call.wav")

    def until(self, words: str) -> None:
        """Wait until the device says this of itself."""
        wait_for(lambda: words in self.machine.status(), SETTLE_S, every_s=0.1)

    def stored(self) -> list[Record]:
        """Give what the server inside has stored, in that order."""
        file = self._state / "undertone-central/central.sqlite"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            query = "SELECT seq, call, event FROM events WHERE device = ? ORDER BY rowid"
            return [Record(seq, call, json.loads(event)) for seq, call, event in db.execute(query, (DEVICE,))]

    def _pulse(self, *command: str) -> int:
        return self.machine.attempt("env", f"PULSE_SERVER=unix:{RIG}/native", f"HOME={RIG}", *command)

    def _background(self, *command: str) -> None:
        self.machine.run("systemd-run", f"--setenv=PULSE_SERVER=unix:{RIG}/native", f"--setenv=HOME={RIG}", *command)
