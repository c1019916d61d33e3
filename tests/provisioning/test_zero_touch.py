"""Twenty boxes are plugged in at once, each with a claim alone; the server is restarted in the middle."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.adapters import model_store
from appliance.central.access.ca import CA
from appliance.central.access.store import open_access
from appliance.cli import main
from appliance.fleet.settings import CLAIM_FILE
from appliance.fleet.table import COLUMNS
from tests.central.rig import ServerProcess

from ..faults.programs import wait_for

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

BOXES = 20
READY_S = 180.0
MODEL = "moonshine-tiny-en"
NAME, DOMAIN, DNS, PORT = "calls.desk.test", "desk.test", "127.0.0.77", 8741

TEMPLATE = f"""\
[device]
name = "{{device}}"
[line]
kind = "recording"
file = "{Path(__file__).parents[2] / "appliance/calls/billing_dispute.wav"}"
[speech]
language = "{{language}}"
[light]
kind = "lines"
[central]
url = "{{url}}"
identity = "certificate"
"""


class Office:
    """A server with its name in a network of its own, and the cards of twenty boxes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server_folder = folder / "server"
        access = self.server_folder / "access"
        with closing(open_access(access)) as database:
            CA(access, database).init([NAME])
        (access / "models").mkdir()
        model = model_store.known(MODEL)
        with zipfile.ZipFile(access / "models" / f"{MODEL}.zip", "w") as archive:
            for name in model.files:
                archive.write(model_store.locate(model) / name, f"{MODEL}/{name}")
        rows = [f"0a{number:02},Berlin,{number},Care,en,recording,lines" for number in range(BOXES)]
        (folder / "fleet.csv").write_text("\n".join([",".join(COLUMNS), *rows]))
        (folder / "template.toml").write_text(TEMPLATE)
        (folder / "resolv.conf").write_text(f"nameserver {DNS}\nsearch {DOMAIN}\n")
        words = ["--server", f"https://{NAME}:{PORT}", "--out", str(folder / "out"), "--access", str(access)]
        more = ["--claims-only", "--template", str(folder / "template.toml"), "--json"]
        assert main(["fleet", "prepare", str(folder / "fleet.csv"), *words, *more]) == 0

    def server(self) -> ServerProcess:
        return ServerProcess(
            self.server_folder, "--access", str(self.server_folder / "access"), "--device-listen", f"127.0.0.1:{PORT}"
        )

    def plug_in(self, number: int) -> "subprocess.Popen[str]":
        """Do what a box does at its first start: claim itself, then run. It sees our name server for its network's."""
        box, card = self.folder / f"box-{number}", self.folder / f"out/berlin-{number}"
        box.mkdir()
        assert [file.name for file in card.iterdir()] == [CLAIM_FILE]
        program = f"{sys.executable} -m appliance"
        script = f"""set -e
mount --bind {self.folder}/resolv.conf /etc/resolv.conf
{program} first-boot --from {card} --config {box}/undertone.toml --state {box} --serial 0a{number:02} --within 600
exec {program} run --config {box}/undertone.toml"""
        with (box / "log").open("w") as log, (box / "light").open("w") as light:
            return subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script], env=os.environ | {"UNDERTONE_HOME": str(box)}, stdout=light,
                stderr=log, text=True, start_new_session=True,
            )  # fmt: skip

    def is_claimed(self, number: int) -> bool:
        return not (self.folder / f"out/berlin-{number}" / CLAIM_FILE).exists()

    def is_ready(self, number: int) -> bool:
        """Tell whether the light has left its start behind."""
        lines = (self.folder / f"box-{number}/light").read_text().splitlines()
        return any("Call in progress" in line or "Ready" in line for line in lines)


@contextlib.contextmanager
def name_server() -> Iterator[None]:
    options = [f"--listen-address={DNS}", "--bind-interfaces", "--no-resolv", "--no-hosts", "--local=/#/", "--user="]
    records = [f"--srv-host=_undertone._tcp.{DOMAIN},{NAME},{PORT},10,1", f"--host-record={NAME},127.0.0.1"]
    command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", *options, *records]
    process = subprocess.Popen(command, env=os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"})
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a process a name server of its own")
def test_twenty_boxes_at_once_are_ready_in_three_minutes_though_the_server_restarts(tmp_path: Path) -> None:
    if model_store.installed(MODEL) is None:
        pytest.skip(model_store.mend(MODEL))
    office = Office(tmp_path)
    boxes: list[subprocess.Popen[str]] = []
    try:
        with name_server():
            with office.server() as server:
                began_s = time.monotonic()
                boxes += [office.plug_in(number) for number in range(BOXES)]
                wait_for(lambda: sum(map(office.is_claimed, range(BOXES))) >= 3, READY_S, every_s=0.1)
                server.end(signal.SIGKILL)
            claimed = sum(map(office.is_claimed, range(BOXES)))
            print(f"\nserver killed after {time.monotonic() - began_s:.0f} s, {claimed} boxes claimed")
            time.sleep(5)
            with office.server():
                wait_for(lambda: all(map(office.is_ready, range(BOXES))), READY_S, every_s=0.2)
                took_s = time.monotonic() - began_s
                print(f"{BOXES} boxes ready after {took_s:.0f} s")
        assert took_s < READY_S
        assert all(map(office.is_claimed, range(BOXES)))
    finally:
        for box in boxes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(box.pid, signal.SIGKILL)
            box.wait()
