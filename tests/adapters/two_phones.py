"""Two real telephones (baresip) in two network namespaces, joined by a cable; a tap listens at one end of it."""

import contextlib
import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from appliance.adapters.recording import Recording

from ..privileges import may_administer_networks

CONTROL_PORT: Final = 4444
AGENT_HOST, CALLER_HOST = "10.77.0.1", "10.77.0.2"

_CONFIG: Final = """\
sip_listen 0.0.0.0:5060
audio_player aufile,{folder}/heard.wav
audio_source aufile,{folder}/said.wav
audio_codecs {codec}
rtp_ports 10000-10100
module_path {modules}
module g711.so
module g722.so
module aufile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:4444
"""


def why_not() -> str:
    """Give why the telephones cannot be had here; empty where they can."""
    if not may_administer_networks():
        return "two telephones need network namespaces and a cable between them: run as root, with CAP_NET_ADMIN"
    missing = [name for name in ("baresip", "ip") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)} (packages baresip-core, iproute2)" if missing else ""


class TwoPhones:
    """The namespaces and what runs in them. `tap` is the caller's end of the cable, named inside its namespace."""

    def __init__(self, folder: Path, call: Path, codec: str = "PCMU/8000/1") -> None:
        self._folder = folder
        self._codec = codec
        name = uuid.uuid4().hex[:6]
        self.agent, self.caller = f"uta{name}", f"utb{name}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._said(call)

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """Have both telephones there, waiting."""
        try:
            self._join()
            for namespace, host, user in ((self.agent, AGENT_HOST, "agent"), (self.caller, CALLER_HOST, "caller")):
                self._start(namespace, host, user)
            yield
        finally:
            for process in self._processes:
                process.kill()
                process.wait()
            for namespace in (self.agent, self.caller):
                subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)

    def talk(self, seconds: float, keys: str = "") -> None:
        """Let the caller ring the agent, talk, press keys and hang up."""
        self._command("dial", f"sip:agent@{AGENT_HOST}")
        time.sleep(seconds / 2)
        for key in keys:
            self._command("sndcode", key)
            time.sleep(0.3)
        time.sleep(seconds / 2)
        self._command("hangup", "")

    def inside(self, *command: str) -> list[str]:
        """Give a command that runs at the caller's end of the cable."""
        return ["ip", "netns", "exec", self.caller, *command]

    def _join(self) -> None:
        for namespace in (self.agent, self.caller):
            _ip("netns", "add", namespace)
        _ip("link", "add", "cable", "netns", self.agent, "type", "veth", "peer", "name", "cable", "netns", self.caller)
        for namespace, host in ((self.agent, AGENT_HOST), (self.caller, CALLER_HOST)):
            _ip("-n", namespace, "addr", "add", f"{host}/24", "dev", "cable")
            _ip("-n", namespace, "link", "set", "lo", "up")
            _ip("-n", namespace, "link", "set", "cable", "up")

    def _start(self, namespace: str, host: str, user: str) -> None:
        folder = self._folder / user
        modules = next(Path("/usr/lib").glob("**/baresip/modules"))
        (folder / "config").write_text(_CONFIG.format(folder=folder, codec=self._codec, modules=modules))
        account = f"<sip:{user}@{host}>;regint=0;answermode=auto;audio_codecs={self._codec}\n"
        (folder / "accounts").write_text(account)
        command = ["ip", "netns", "exec", namespace, "baresip", "-f", str(folder)]
        self._processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self._wait_for(namespace)

    def _wait_for(self, namespace: str) -> None:
        check = ["ip", "netns", "exec", namespace, "ss", "-Hltn", f"sport = :{CONTROL_PORT}"]
        for _ in range(200):
            if subprocess.run(check, check=True, capture_output=True).stdout.strip():
                return
            time.sleep(0.05)
        raise TimeoutError("baresip does not answer")

    def _command(self, name: str, parameters: str) -> None:
        order = json.dumps({"command": name, "params": parameters})
        script = (
            "import socket, sys; s = socket.create_connection(('127.0.0.1', 4444)); "
            "s.sendall(sys.argv[1].encode()); s.recv(4096)"
        )
        subprocess.run(self.inside(sys.executable, "-c", script, f"{len(order)}:{order},"), check=True, timeout=20)

    def _said(self, call: Path) -> None:
        """Give each telephone its side of a recorded call, at 8 kHz."""
        steps = list(Recording(call).frames())
        for number, user in enumerate(("agent", "caller")):
            (self._folder / user).mkdir()
            pcm = np.frombuffer(b"".join(step[number].pcm for step in steps), np.int16)
            samples = soxr.resample(pcm.astype(np.float32), 16_000, 8_000).clip(-32_768, 32_767).astype("<i2")
            _write_wav(self._folder / user / "said.wav", samples.tobytes())


def _write_wav(path: Path, pcm: bytes) -> None:
    head = b"RIFF" + (36 + len(pcm)).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0"
    head += (8_000).to_bytes(4, "little") + (16_000).to_bytes(4, "little") + b"\2\0\x10\0data"
    path.write_bytes(head + len(pcm).to_bytes(4, "little") + pcm)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
