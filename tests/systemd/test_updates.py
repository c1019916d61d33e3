"""Updates on a booted Debian: the real package as a release, releases that do not work, and the plug pulled."""

import shutil
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cli import main

from ..faults.programs import wait_for
from .box import Box

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

SITE = "srv/site"
ROOT = "var/lib/undertone-releases"
PROOF_S = 180.0
BACK_S = 180.0
DOWN_S = 10.0


class Desk:
    """A box that takes updates from a web site inside of it, and the office that publishes them."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box, self.machine, self.folder = box, box.machine, folder
        self.inside = box.machine.root
        assert main(["update", "keygen", "office", "--out", str(folder)]) == 0
        (self.inside / SITE).mkdir(parents=True)
        self._keep("etc/undertone/update-keys/office.pub", folder / "office.pub")
        example = self.inside / "usr/share/doc/undertone/examples/update.conf"
        self._keep("etc/systemd/system/undertone.service.d/update.conf", example)
        with (self.inside / "etc/undertone/undertone.toml").open("a") as settings:
            settings.write('\n[update]\nurl = "http://127.0.0.1:8000/release.json"\n')

    def _keep(self, name: str, source: Path) -> None:
        (self.inside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, self.inside / name)

    def switch_on(self) -> None:
        self.machine.boot()
        self.machine.run(
            "systemd-run", "--unit=site", f"--working-directory=/{SITE}", "python3", "-m", "http.server", "8000"
        )
        self.box.plug()
        self.box.until("Ready")

    def publish(self, number: int, change: Callable[[Path], None] = lambda _tree: None) -> None:
        """Publish the packaged program, changed or as it is, under a number."""
        tree = self.folder / f"tree-{number}"
        shutil.copytree(self.inside / "usr/lib/undertone", tree, symlinks=True)
        change(tree)
        file = self.folder / f"undertone-{number}.tar"
        with tarfile.open(file, "w") as archive:
            archive.add(tree, ".")
        words = ["--number", str(number), "--version", f"0.{number}", "--ring", "100"]
        assert main(["update", "sign", str(file), *words, "--key", str(self.folder / "office.key")]) == 0
        shutil.rmtree(tree)
        shutil.move(file, self.inside / SITE)
        shutil.copy(self.folder / "release.json", self.inside / SITE)

    def look(self) -> int:
        return self.machine.attempt("systemctl", "start", "undertone-update.service")

    def runs(self) -> str:
        link = self.machine.run("readlink", f"/{ROOT}/current").strip()
        device = self.machine.processes("undertone.toml")
        assert device
        return link

    def outcome(self) -> str:
        return self.machine.run("cat", f"/{ROOT}/last-look.json")


@pytest.fixture
def desk(box: Box, tmp_path: Path) -> Desk:
    return Desk(box, tmp_path)


def breaks(tree: Path) -> None:
    """Make a release whose device ends at once."""
    _rewrite(tree, "raise SystemExit('this release is broken')")


def hangs(tree: Path) -> None:
    """Make a release whose device never becomes ready."""
    _rewrite(tree, "import time; time.sleep(3600)")


def lacks_a_library(tree: Path) -> None:
    """Make a release that becomes ready, and one of whose libraries does not load."""
    (library,) = (tree / "lib").glob("python3*/site-packages/vosk")
    _write(library / "__init__.py", "raise OSError('not for this machine')")


def _rewrite(tree: Path, line: str) -> None:
    (package,) = (tree / "lib").glob("python3*/site-packages/appliance")
    file = package / "cli/run.py"
    _write(file, f"{line}\n{file.read_text()}")


def _write(file: Path, text: str) -> None:
    """Change a module, and take away what was compiled of it, which Python would believe unseen."""
    file.write_text(text)
    shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)


def test_a_box_takes_a_release_and_goes_back_from_those_that_do_not_work(desk: Desk) -> None:
    desk.switch_on()
    assert desk.runs() == "/usr/lib/undertone"
    desk.publish(1)
    main_process = desk.machine.show("MainPID")
    began_s = time.monotonic()
    assert desk.look() == 0, desk.machine.run("journalctl", "-u", "undertone-update", "-o", "cat")
    print(f"\nrelease 1 looked for, taken and proven in {time.monotonic() - began_s:.0f} s")
    assert desk.runs() == "releases/1"
    assert desk.machine.show("MainPID") != main_process
    journal = desk.machine.run("journalctl", "-u", "undertone", "-o", "short-unix", "--grep", "Stopping|Started")
    stopped_s, started_s = [float(line.split()[0]) for line in journal.splitlines() if line.strip()][-2:]
    print(f"the device was away for {started_s - stopped_s:.1f} s")
    for number, change in enumerate((breaks, lacks_a_library, hangs), 2):
        desk.publish(number, change)
        began_s = time.monotonic()
        assert desk.look() != 0, "the unit fails, for everybody to see"
        desk.box.until("Ready")
        took_s = time.monotonic() - began_s
        print(f"release {number} {change.__name__}: the good one runs again after {took_s:.0f} s, download included")
        assert desk.runs() == "releases/1"
        assert f"{number} did not work here" in desk.machine.run("sh", "-c", "undertone doctor || true")
        assert took_s < BACK_S


def test_a_plug_that_is_pulled_at_any_time_leaves_a_box_that_runs(desk: Desk) -> None:
    desk.switch_on()
    desk.publish(1)
    cuts = 0
    for after_s in (0.5, 2.0, 5.0, 10.0, 20.0):
        desk.machine.run("systemctl", "start", "--no-block", "undertone-update.service")
        time.sleep(after_s)
        desk.machine.pull_the_plug()
        cuts += 1
        desk.switch_on()
        print(f"\nplug pulled after {after_s} s: runs {desk.runs()}")
        assert desk.runs() in {"/usr/lib/undertone", "releases/1"}
    wait_for(lambda: desk.look() == 0, PROOF_S, every_s=1)
    assert desk.outcome()
    assert cuts == 5
