"""Prepared folders go to boxes over a real ssh, to a real sshd on this machine."""

import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main
from appliance.fleet.settings import SETTINGS_FILE
from tests.faults.programs import wait_for

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")

SETTINGS = '[device]\nname = "{0}"\n[line]\nkind = "sound_card"\ncard = "USB"\n'

pytestmark = pytest.mark.skipif(
    SSHD is None or os.geteuid() != 0, reason="needs openssh-server, which nobody wants installed unasked, and root"
)


class Site:
    """Boxes on this machine behind one sshd, each a folder; and what an office has prepared for them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.out, self._capsys = folder, folder / "out", capsys
        for device in ("berlin-1", "berlin-2"):
            (self.out / device).mkdir(parents=True)
            (self.out / device / SETTINGS_FILE).write_text(SETTINGS.format(device))
        (folder / "bin").mkdir()
        program = folder / "bin/undertone"
        # The box's own program, with the places of a box in this test's folder.
        program.write_text(
            f'#!/bin/sh\nexec {sys.executable} -m appliance "$@" --config {folder}/etc/conf.toml'
            f" --state {folder}/state --serial abc\n"
        )
        program.chmod(0o755)

    def push(self, *words: str, code: int = 0) -> Any:
        options = ["--ssh-config", str(self.folder / "ssh_config"), "--hosts", str(self.folder / "hosts.csv"), "--json"]
        assert main(["fleet", "push", str(self.out), *options, *words]) == code
        said = self._capsys.readouterr()
        return (
            said.err if code == 2 else {each["device"]: (each["state"], each["text"]) for each in json.loads(said.out)}
        )


@contextlib.contextmanager
def sshd(site: Site) -> Iterator[int]:
    folder = site.folder
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/key.pub\n"
        f"PidFile {folder}/pid\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n"
        f"SetEnv PATH={folder}/bin:{os.environ['PATH']} PYTHONPATH={Path.cwd()} XDG_RUNTIME_DIR={folder}\n"
    )
    known = f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}"
    (folder / "known").write_text(known)
    (folder / "ssh_config").write_text(
        f"Host box-*\nHostName 127.0.0.1\nPort {port}\nUser {getpass.getuser()}\nIdentityFile {folder}/key\n"
        f"UserKnownHostsFile {folder}/known\nHost gone\nHostName 127.0.0.1\nPort 1\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    assert SSHD
    process = subprocess.Popen([SSHD, "-D", "-f", folder / "sshd_config"], stderr=subprocess.DEVNULL)
    try:
        wait_for((folder / "pid").exists, 10.0, every_s=0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_boxes_are_given_their_folders_at_once_and_a_second_push_finds_it_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(tmp_path, capsys)
    (tmp_path / "hosts.csv").write_text("device,host\nberlin-1,box-1\nberlin-2,gone\n")
    with sshd(site):
        assert site.push("--dry-run") == dict.fromkeys(("berlin-1", "berlin-2"), ("nothing to do", "a dry run"))
        assert not (tmp_path / "etc").exists()
        first = site.push(code=1)
        assert first["berlin-1"] == ("done", "settings")
        assert first["berlin-2"][0] == "failed"
        assert "Connection refused" in first["berlin-2"][1]
        assert (tmp_path / "etc/conf.toml").read_text() == SETTINGS.format("berlin-1")
        assert site.push("--only", "berlin-1") == {"berlin-1": ("nothing to do", "")}
        assert not list(tmp_path.glob("undertone-push.*")), "nothing is left on the box"
        (site.out / "berlin-1" / SETTINGS_FILE).write_text("wrong")
        assert "mend" in site.push("--only", "berlin-1", code=1)["berlin-1"][1], "what the box says is told"


def test_what_cannot_be_pushed_is_told_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(tmp_path, capsys)
    hosts = tmp_path / "hosts.csv"
    hosts.write_text("berlin-1,a\nberlin-1,b\n")
    assert "berlin-1 stands here twice" in site.push(code=2)
    hosts.write_text("berlin-1,-oProxyCommand=evil\n")
    assert "line 1: not DEVICE,HOST" in site.push(code=2)
    hosts.write_text("")
    assert "nothing is prepared for berlin-9" in site.push("--only", "berlin-9", code=2)
    assert site.push("--waiting") == {}
    site.out = tmp_path / "none"
    assert "cannot be read" in site.push(code=2)
