"""A whole system whose root is never written to, booted twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ..faults.programs import wait_for
from .machine import SOURCE, Machine, packages, run

START_S = 20.0
WRITTEN = "from the boot partition"


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_image_keeps_what_lasts_on_its_data_partition(
    suite: str, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    tree, data, boot = (tmp_path / name for name in ("tree", "data", "boot"))
    for folder in (tree, data, boot):
        folder.mkdir()
    tar = tmp_path / "box.tar"
    run(SOURCE / "provisioning/build-image", "--suite", suite, "--out", tar, *packages(suite, tmp_path))
    run("tar", "-C", tree, "-xf", tar)
    (boot / "token").write_text(WRITTEN)
    places = ("--read-only", f"--bind={data}:/data", f"--bind={boot}:/boot/firmware")
    machine = new_machine(tree)
    for _ in range(2):
        machine.boot(*places)
        wait_for(machine.is_active, START_S, every_s=0.1)
        wait_for(lambda: machine.attempt("systemctl", "is-system-running") == 0, every_s=0.2)
        assert machine.attempt("touch", "/usr/written") == 1
        assert machine.run("stat", "-c", "%U %a", "/etc/undertone/token") == "undertone 600\n"
        assert list(boot.iterdir()) == []  # no secret stays there
        assert (data / "undertone/etc/token").read_text() == WRITTEN
        assert (data / "undertone/state/outbox.db").exists()
        machine.shut_down()
    assert not list(machine.upper.rglob("*"))
