"""A fleet from its table to enrolled boxes: the real commands, a real server, the boxes' own first start."""

import asyncio
import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.adapters.first_boot import first_boot
from appliance.adapters.identity import identity_folder, read_identity
from appliance.central.access.ca import CA
from appliance.central.access.store import open_access
from appliance.central.watching.store import BoxRow, keep_boxes, open_fleet
from appliance.cli import main
from appliance.config import read_settings
from appliance.errors import BadInputError
from appliance.fleet.table import COLUMNS

from .rig import central_in

TABLE = f"""{",".join(COLUMNS)}
0a01,Bérlin,1,Care,en,sound_card,terminal
0a02,Berlin,2,Care,ko,sound_card,terminal
0a03,Berlin,3,,en,sound_card,terminal
"""


class Office:
    """An administrator's folder, and the boxes that are carried to their desks."""

    def __init__(self, folder: Path, port: int, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.server, self._capsys = folder, f"https://localhost:{port}", capsys
        (folder / "fleet.csv").write_text(TABLE, "utf-8")

    async def fleet(self, *words: str) -> Any:
        files = (
            ["--server", self.server, "--out", str(self.folder / "out")] if words[0] in {"prepare", "replace"} else []
        )
        access = ["--access", str(self.folder / "access"), "--json"]
        code = await asyncio.to_thread(main, ["fleet", *words, *files, *access])
        assert code == 0
        return json.loads(self._capsys.readouterr().out)

    async def prepare(self) -> dict[str, str]:
        made = await self.fleet("prepare", str(self.folder / "fleet.csv"))
        return {box["device"]: box["state"] for box in made["boxes"]}

    async def start(self, desk: str, serial: str, box: str = "") -> list[str]:
        here = self.folder / (box or desk)
        return [*await asyncio.to_thread(first_boot, self.folder / "out" / desk, here / "conf.toml", here, serial)]

    def claim_file(self, desk: str) -> Path:
        return self.folder / "out" / desk / "undertone-claim"


async def office_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_access(tmp_path / "access")) as database:
        CA(tmp_path / "access", database).init(["localhost"])
    async with central_in(tmp_path, device_host="127.0.0.1") as central:
        assert central.devices is not None
        office = Office(tmp_path, central.devices, capsys)
        assert await office.prepare() == dict.fromkeys(("berlin-1", "berlin-2", "berlin-3"), "prepared")
        labels = tmp_path / "out" / "labels.pdf"
        assert labels.read_bytes().startswith(b"%PDF")
        assert {stat.S_IMODE(file.stat().st_mode) for file in (labels, office.claim_file("berlin-1"))} == {0o600}
        code = office.claim_file("berlin-1").read_text()
        assert await office.start("berlin-1", "0A01") == ["settings", "enrolled", "claim wiped"]
        assert read_identity(identity_folder(tmp_path / "berlin-1")).device == "berlin-1"
        assert read_settings((tmp_path / "berlin-1" / "conf.toml").read_bytes(), tmp_path).speech.language == "en"
        assert not office.claim_file("berlin-1").exists()
        assert code.strip() not in "".join(p.read_text("latin-1") for p in (tmp_path / "out" / "berlin-1").iterdir())
        assert await office.start("berlin-1", "0a01") == [], "a second start finds nothing to do"
        with pytest.raises(BadInputError, match="another serial number"):
            await office.start("berlin-2", "0a09")
        again = await office.prepare()
        assert again == {"berlin-1": "enrolled", "berlin-2": "kept", "berlin-3": "kept"}
        await replaced(office)


async def replaced(office: Office) -> None:
    """Give the first desk a new box, and shut it out in the end."""
    assert (await office.fleet("replace", "berlin-1", "--serial", "0b01"))["revoked"] == 1
    states = {row["device"]: row["state"] for row in await office.fleet("status")}
    assert states["berlin-1"] != "enrolled"
    assert await office.start("berlin-1", "0b01", "new") == ["settings", "enrolled", "claim wiped"]
    states = {row["device"]: (row["state"], row["serial"]) for row in await office.fleet("status")}
    assert states == {
        "berlin-1": ("enrolled", "b01"), "berlin-2": ("claim waits", "a02"), "berlin-3": ("claim waits", "a03"),
    }  # fmt: skip
    with closing(open_fleet(office.folder / "access")) as database:
        at = "2026-03-02T09:00:00.000Z"
        keep_boxes(database, [BoxRow("berlin-1", None, None, "hot", "82 °C inside", at, "ok", None)])
    health = {row["device"]: (row["health"], row.get("why")) for row in await office.fleet("status")}
    assert (health["berlin-1"], health["berlin-2"][0]) == (("hot", "82 °C inside"), None)
    assert (await office.fleet("decommission", "berlin-1"))["revoked"] == 1
    assert {row["state"] for row in await office.fleet("status") if row["device"] == "berlin-1"} == {"revoked"}


def test_a_fleet_is_prepared_enrolled_replaced_and_decommissioned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(office_day(tmp_path, capsys))


def test_a_wrong_table_changes_nothing_and_every_problem_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "fleet.csv"
    table.write_text(TABLE.replace("ko", "xx").replace("0a03", "0a01"), "utf-8")
    words = ["--server", "https://localhost:1", "--out", str(tmp_path / "out"), "--access", str(tmp_path / "access")]
    assert main(["fleet", "prepare", str(table), *words]) == 2
    said = capsys.readouterr().err
    assert "line 3: language 'xx' is not known" in said
    assert "line 4: 0a01 stands on line 2 already" in said
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "access").exists()
