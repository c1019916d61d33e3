"""The Ansible role: clean by its own lint, and run against a booted Debian."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.systemd.box import Box
from tests.systemd.conftest import installed, new_machine, suite
from tests.systemd.machine import MODEL, SOURCE, Machine, base, packages

__all__ = ["installed", "new_machine", "suite"]

FOLDER = SOURCE / "provisioning/ansible"

SETTINGS = '[device]\nname = "desk"\n[line]\nkind = "sound_card"\ncard = "deskphone"\n'

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is missing: pip install ansible-core ansible-lint, in an environment of its own")
    return found


def test_ansible_s_own_lint_finds_nothing() -> None:
    command = [needs("ansible-lint"), "--offline", "--profile", "production", "-q"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_booted_box_is_installed_and_claimed_and_a_second_run_changes_nothing(
    suite: str, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    playbook = needs("ansible-playbook")
    machine = new_machine(base(suite))
    box, debs = Box(machine), packages(suite, tmp_path)
    machine.boot()
    prepared = tmp_path / "out/desk"
    prepared.mkdir(parents=True)
    (prepared / "undertone.toml").write_text(
        '[device]\nname = "desk"\n[line]\nkind = "sound_card"\ncard = "deskphone"\n'
    )
    (tmp_path / "office.pub").write_text("not looked at before a release comes\n")
    # In place of ssh: the same words, said inside of the container.
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/bash\nexec nsenter -t {machine.leader} -a /bin/sh -c "${{@: -1}}"\n')
    ssh.chmod(0o755)
    facts = {
        "ansible_ssh_executable": str(ssh),
        "ansible_ssh_transfer_method": "piped",
        "ansible_python_interpreter": "/usr/bin/python3",
        "undertone_packages": list(map(str, debs)),
        "undertone_prepared": str(tmp_path / "out"),
        "undertone_serial": "abc",
        "undertone_update_keys": [str(tmp_path / "office.pub")],
        "undertone_ntp": "ntp.example.com",
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"undertone_boxes": {"hosts": {"desk": facts}}}))
    environment = os.environ | {"ANSIBLE_NOCOLOR": "1"}

    def run() -> str:
        command = [playbook, "-i", str(inventory), "site.yml", "-e", "ansible_become=false"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.rstrip().splitlines()[-1]

    assert "failed=0" in run()
    assert (machine.root / "etc/undertone/undertone.toml").read_text() == (prepared / "undertone.toml").read_text()
    assert (machine.root / "etc/undertone/update-keys/office.pub").is_file()
    assert not (machine.root / "run/undertone-ansible").exists()
    box.until("The phone line is gone")
    assert MODEL in machine.run("undertone", "model", "list")
    assert machine.run("readlink", "/var/lib/undertone-releases/current") == "/usr/lib/undertone\n"
    assert "changed=0" in run()
