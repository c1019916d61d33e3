"""The units as systemd reads them, without a booted system."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
TIMERS = sorted(UNITS.glob("*.timer"))
EXPOSURE = 15
"""systemd's own measure of what a broken-in service could reach, times ten: 100 is everything."""

BACK_OFF_SINCE = 254
PROGRAM = "/usr/lib/undertone/bin/undertone"
SETTLE = "/usr/lib/undertone/settle"
RELEASE = "/var/lib/undertone-releases/current"

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")


def analyze(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = ["systemd-analyze", "--no-pager", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def version() -> int:
    return int(analyze("--version").stdout.split()[1])


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Give a folder with the units of this system's version; the program, which is not installed, is another one."""
    for service in SERVICES:
        text = service.read_text("utf-8")
        assert PROGRAM in text
        (tmp_path / service.name).write_text(text.replace(PROGRAM, "/bin/true").replace(SETTLE, "/bin/true"))
    for timer in TIMERS:
        shutil.copy(timer, tmp_path)
    if version() >= BACK_OFF_SINCE:
        folder = tmp_path / "undertone.service.d"
        folder.mkdir()
        shutil.copy(UNITS / "back-off.conf", folder)
    return tmp_path


@pytest.mark.parametrize("name", [unit.name for unit in (*SERVICES, *TIMERS)])
def test_systemd_has_nothing_to_say_about_a_unit(units: Path, name: str) -> None:
    done = analyze("verify", units / name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_would_say_what_it_does_not_know(units: Path) -> None:
    unit = units / "undertone.service"
    unit.write_text(unit.read_text("utf-8").replace("ProtectClock=", "ProtectClocks="))
    assert "ProtectClocks" in analyze("verify", unit).stderr


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_little_of_the_machine_is_open_to_a_service(units: Path, name: str) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", units / name)
    assert done.returncode == 0, done.stdout


def test_a_mirror_port_adds_one_right(units: Path) -> None:
    folder = units / "undertone.service.d"
    folder.mkdir(exist_ok=True)
    shutil.copy(UNITS / "examples/mirror-port.conf", folder)
    done = analyze("verify", units / "undertone.service")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    table = analyze("security", "--offline=true", units / "undertone.service").stdout
    given = [line.split()[1] for line in table.splitlines() if line.startswith("✗ CapabilityBoundingSet")]
    assert given == ["CapabilityBoundingSet=~CAP_NET_(BIND_SERVICE|BROADCAST|RAW)"]


def test_a_server_that_boxes_reach_is_hardly_more_open(units: Path) -> None:
    folder = units / "undertone-central.service.d"
    folder.mkdir()
    shutil.copy(UNITS / "examples/central-network.conf", folder)
    done = analyze("verify", units / "undertone-central.service")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", units / "undertone-central.service")
    assert done.returncode == 0, done.stdout


def test_updates_change_only_where_the_device_starts_from(units: Path) -> None:
    folder = units / "undertone.service.d"
    folder.mkdir(exist_ok=True)
    text = (UNITS / "examples/update.conf").read_text("utf-8")
    assert text.count(PROGRAM) == 2
    assert text.count(f"{RELEASE}/bin/undertone") == 2
    (folder / "update.conf").write_text(
        text.replace(PROGRAM, "/bin/true").replace(f"{RELEASE}/bin/python3", "/bin/true")
    )
    done = analyze("verify", units / "undertone.service")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", units / "undertone.service")
    assert done.returncode == 0, done.stdout
