"""The Debian package: what it refuses, and in the long run its whole life on a booted Debian."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.adapters.light_firmware import FIRMWARE

from ..faults.programs import wait_for
from .box import Box
from .machine import SOURCE, Machine, base, packages, run

DATABASE = "/var/lib/undertone/outbox.db"
ALSO_THERE = (
    "lib/udev/rules.d/70-undertone-light.rules",
    "share/man/man1/undertone.1.gz",
    "share/bash-completion/completions/undertone",
    "share/zsh/vendor-completions/_undertone",
)
STAYS = {"/etc/undertone/token": "a-token-of-this-box", "/var/lib/undertone/identity": "the box's own"}


@pytest.mark.parametrize(
    ("script", "arguments", "word"),
    [
        ("build-deb", ["--suite", "sid"], "--suite sid is not known"),
        ("build-deb", ["--arch", "mips"], "--arch mips is not known"),
        ("build-deb", ["--out"], "--out needs a value"),
        ("build-deb", ["--out", "/nowhere"], "is no folder"),
        ("build-deb", ["--version", "one two"], "is no version"),
        ("build-deb", ["--model", "unheard-of"], "undertone model fetch unheard-of"),
        ("build-deb", ["--wrong"], "--wrong is not known; see --help"),
        ("build-image", [], "--out FILE.tar, or FILE.img for arm64, is missing"),
        ("build-image", ["--arch", "amd64", "--out", "x.img"], "--out FILE.tar, or FILE.img for arm64, is missing"),
        ("build-image", ["--out", "x.tar"], "no PACKAGE.deb is named"),
        ("build-image", ["--out", "x.tar", "gone.deb"], "gone.deb is not there"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(tmp_path: Path, script: str, arguments: list[str], word: str) -> None:
    done = subprocess.run(
        [SOURCE / "provisioning" / script, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["build-deb", "build-image"])
def test_help_tells_how(script: str) -> None:
    assert "usage: " in run(SOURCE / "provisioning" / script, "--help")


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_lintian_finds_no_error(suite: str, tmp_path: Path) -> None:
    for package in packages(suite, tmp_path):
        done = subprocess.run(["lintian", "--fail-on", "none", package], capture_output=True, text=True, check=False)
        assert [line for line in done.stdout.splitlines() if line.startswith("E:")] == []


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_same_source_gives_the_same_bytes(suite: str, tmp_path: Path) -> None:
    hashes = set()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        hashes |= {hashlib.sha256(package.read_bytes()).hexdigest() for package in packages(suite, tmp_path / name)}
    assert len(hashes) == 2  # the program, and the model


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_package_holds_what_else_a_box_needs(suite: str, tmp_path: Path) -> None:
    program, _ = packages(suite, tmp_path)
    held = {line.split()[-1] for line in run("dpkg-deb", "--contents", program).splitlines()}
    firmware = {file.name for file in FIRMWARE.glob("*.py")}
    assert firmware == {path.rpartition("/")[2] for path in held if "/hardware/light-board/firmware/" in path} - {""}
    assert {f"./usr/{path}" for path in ALSO_THERE} <= held


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_upgrade_keeps_what_is_the_box_s_own_and_a_purge_nothing(
    suite: str, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    box = Box(new_machine(base(suite)))
    machine, inside = box.machine, box.machine.root
    machine.install(*packages(suite, old, "0.1"))
    machine.boot()
    wait_for(machine.is_active, every_s=0.1)
    assert "0.1" in machine.run("undertone", "--version")
    for path, text in STAYS.items():
        (inside / path[1:]).write_text(text)
    settings = inside / "etc/undertone/undertone.toml"
    settings.write_text(settings.read_text() + "\n[privacy]\nfeelings = 'none'\n")
    mine, events = settings.read_text(), (inside / DATABASE[1:]).stat().st_ino

    program, _ = packages(suite, new, "0.2")
    (inside / "root/new.deb").write_bytes(program.read_bytes())
    machine.run("dpkg", "-i", "--force-confdef", "--force-confold", "/root/new.deb")
    wait_for(machine.is_active, every_s=0.1)
    assert "0.2" in machine.run("undertone", "--version")
    assert settings.read_text() == mine
    assert (inside / DATABASE[1:]).stat().st_ino == events
    assert {path: (inside / path[1:]).read_text() for path in STAYS} == STAYS

    machine.run("dpkg", "--purge", "undertone", "undertone-model-moonshine-tiny-en")
    left = machine.run("find", "/etc", "/usr", "/var/lib", "-xdev", "-name", "*undertone*", "-not", "-path", "*/dpkg/*")
    assert left == ""
    assert "undertone" not in (inside / "etc/passwd").read_text()
