"""Brings prepared folders to boxes that run already, over the system's own ssh, many at once.

One connection for each box: its folder goes through it as a tar into the box's memory, `undertone first-boot` takes it
there, and says what it did. Whatever is cut off is done again by the next push; what is done already is found done.
"""

import io
import json
import shlex
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final, Literal, NamedTuple

from appliance.fleet.settings import CLAIM_FILE, SERVER_FILE, SETTINGS_FILE

State = Literal["done", "nothing to do", "failed"]

CONNECT_S: Final = 15
"""For a box that is switched off: so long, and the others do not wait for it."""

PUSH_S: Final = 900.0
"""A box that gets a speech model of 90 MB over a slow line."""

TOLD_CHARACTERS: Final = 300

_FILES: Final = (SETTINGS_FILE, SERVER_FILE, CLAIM_FILE)

SCRIPT: Final = """set -e; umask 077
folder=$(mktemp -d "${XDG_RUNTIME_DIR:-/run}/undertone-push.XXXXXX"); trap 'rm -rf "$folder"' EXIT
tar -xf - -C "$folder"
undertone first-boot --from "$folder" --json
systemctl try-restart undertone.service >/dev/null 2>&1 || true"""


class Target(NamedTuple):
    """A box: its name, where ssh finds it, and the folder that `fleet prepare` made for it."""

    device: str
    host: str
    folder: Path


class Pushed(NamedTuple):
    """What became of a box; `text` are the steps that were done, or what went wrong."""

    device: str
    host: str
    state: State
    text: str


class Ssh(NamedTuple):
    """How to reach the boxes: options for ssh, such as `-F FILE`, and whether root is reached by sudo."""

    options: tuple[str, ...] = ()
    sudo: bool = False


def targets(out: Path, hosts: Mapping[str, str]) -> list[Target]:
    """Give the boxes that were prepared in a folder; who has no host of its own is called by the device's name."""
    folders = sorted(each for each in out.iterdir() if any((each / name).is_file() for name in _FILES))
    return [Target(each.name, hosts.get(each.name, each.name), each) for each in folders]


def push_all(boxes: Sequence[Target], ssh: Ssh, at_once: int) -> Iterator[Pushed]:
    """Bring each box its folder, `at_once` of them at a time; gives each as it ends."""
    with ThreadPoolExecutor(at_once, "push") as pool:
        for ended in as_completed([pool.submit(push, box, ssh) for box in boxes]):
            yield ended.result()


def push(box: Target, ssh: Ssh) -> Pushed:
    """Bring one box its folder. The claim here goes once the box has used it."""
    try:
        done = subprocess.run(
            _command(box, ssh), input=_packed(box.folder), capture_output=True, timeout=PUSH_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Pushed(box.device, box.host, "failed", f"no answer within {PUSH_S:g} s")
    except OSError as error:
        return Pushed(box.device, box.host, "failed", f"ssh cannot be started: {error.strerror}")
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split()) or f"exit code {done.returncode}"
        return Pushed(box.device, box.host, "failed", said[-TOLD_CHARACTERS:])
    try:
        steps = list(map(str, json.loads(done.stdout)["done"]))
    except (ValueError, KeyError, TypeError):
        return Pushed(box.device, box.host, "failed", "the box's answer cannot be read")
    if "claim wiped" in steps:
        (box.folder / CLAIM_FILE).unlink(missing_ok=True)
    return Pushed(box.device, box.host, "done" if steps else "nothing to do", ", ".join(steps))


def _command(box: Target, ssh: Ssh) -> list[str]:
    run = f"{'sudo -n ' if ssh.sudo else ''}sh -c {shlex.quote(SCRIPT)}"
    return ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_S}", *ssh.options, "--", box.host, run]


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in _FILES:
            if (folder / name).is_file():
                archive.add(folder / name, name, filter=_plain)
    return packed.getvalue()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
