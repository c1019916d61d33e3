"""A box with a claim and nothing else: it finds its server, and the server gives it all it needs."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

import appliance
from appliance.adapters import identity, model_store
from appliance.adapters.discovery import Found
from appliance.adapters.first_boot import Step, first_boot
from appliance.adapters.identity import identity_folder
from appliance.adapters.ownership import give_to_owner_of
from appliance.adapters.provisioning import bring_model, wanted_model
from appliance.adapters.uplink_server import Server
from appliance.central.desks import Desks
from appliance.config import read_settings
from appliance.delivery.enrolment import claim_code
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

from .test_enrolment import Desk, desk

PACKS = Path(appliance.__file__).parent / "rules"

SETTINGS = """\
[device]
name = "desk-3"
[line]
kind = "recording"
file = "call.wav"
[rules]
file = "rules.toml"
[speech]
language = "ko"
"""


class Box:
    """A card with a claim alone, and the folders of the box that it is put into."""

    def __init__(self, here: Desk, folder: Path) -> None:
        self.here = here
        self.card, self.state, self.config = folder / "card", folder / "state", folder / "etc/undertone.toml"
        self.claim = self.card / "undertone-claim"
        write_secret(self.claim, claim_code(here.claim()))

    async def start(self, *found: str) -> list[Step]:
        servers = [Found(address, "a test") for address in found]
        return await asyncio.to_thread(first_boot, self.card, self.config, self.state, "abc", lambda: servers)

    @property
    def address(self) -> str:
        return f"https://localhost:{self.here.site.port}"


def test_a_box_with_a_claim_alone_gets_all_it_needs(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            box, rules = Box(here, tmp_path), (PACKS / "ko.toml").read_text("utf-8")
            Desks(tmp_path / "server/access").keep("desk-3", SETTINGS, rules)
            steps = await box.start("https://localhost:1", box.address)
            assert steps == ["enrolled", "settings from the server", "claim wiped"]
            assert read_settings(box.config.read_bytes(), box.config).speech.language == "ko"
            assert (box.config.parent / "rules.toml").read_text() == rules
            assert not box.claim.exists()
            assert await box.start() == []

    asyncio.run(run())


def test_a_claim_that_was_used_by_this_box_before_a_power_cut_is_no_obstacle(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            box = Box(here, tmp_path)
            claim = box.claim.read_text()
            await box.start(box.address)
            write_secret(box.claim, claim)
            assert await box.start(box.address) == ["enrolled", "claim wiped"]
            write_secret(box.claim, claim)
            shutil.rmtree(box.state)
            with pytest.raises(BadInputError):
                await box.start(box.address)

    asyncio.run(run())


def test_a_network_that_names_somebody_else_s_server_captures_no_box(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            box = Box(here, tmp_path)
            (tmp_path / "other").mkdir()
            async with desk(tmp_path / "other") as stranger:
                evil = f"https://localhost:{stranger.site.port}"
                with pytest.raises(BadInputError, match="not the one that made this claim"):
                    await box.start(evil)
                assert box.claim.exists()
                assert not (identity_folder(box.state) / identity.IDENTITY_FILE).exists()
                # Beside an honest answer it is passed over.
                assert "enrolled" in await box.start(evil, box.address)
                assert stranger.ca.issued() == []

    asyncio.run(run())


def test_a_network_that_names_nobody_is_told_with_the_mend(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            with pytest.raises(BadInputError, match="names no central server") as error:
                await Box(here, tmp_path).start()
            assert "DHCP" in error.value.mend

    asyncio.run(run())


def test_a_server_gives_each_box_its_own_and_nobody_else_anything(tmp_path: Path) -> None:
    desks = Desks(tmp_path)
    desks.keep("desk-1", "a", "b")
    desks.keep("desk-1", "c")
    assert (desks.settings("desk-1"), desks.rules("desk-1"), desks.settings("desk-2")) == ("c", "b", "")
    with pytest.raises(BadInputError):
        desks.settings("../secret")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/x.zip").touch()
    (tmp_path / "models/x.txt").touch()
    assert (desks.models(), desks.model("../x.zip"), desks.model("y.zip")) == (["x.zip"], None, None)


def test_a_model_comes_only_where_none_is_and_only_as_the_catalogue_has_it(tmp_path: Path) -> None:
    settings = read_settings(SETTINGS.encode(), tmp_path)
    assert wanted_model(settings, ("vosk-model-small-ko-0.22.zip",), tmp_path) == "vosk-model-small-ko-0.22.zip"
    assert wanted_model(settings, ("moonshine-tiny-en.whl",), tmp_path) is None

    async def run() -> None:
        async with desk(tmp_path) as here:
            box, models = Box(here, tmp_path), tmp_path / "server/access/models"
            models.mkdir()
            (models / "vosk-model-small-ko-0.22.zip").write_bytes(b"not the real one")
            await box.start(box.address)
            server = Server(here.site.url, identity=identity_folder(box.state))
            for name in ("vosk-model-small-ko-0.22.zip", "gone.zip"):
                with pytest.raises(BadInputError) as error:
                    await asyncio.to_thread(bring_model, name, server, tmp_path / "store")
                assert error.value.mend
            assert model_store.installed_folders(tmp_path / "store") == []

    asyncio.run(run())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_in_the_device_s_folder_becomes_the_device_s(tmp_path: Path) -> None:
    box, elsewhere = tmp_path / "box", tmp_path / "elsewhere"
    box.mkdir()
    elsewhere.touch()
    os.chown(box, 12345, 12345)
    (box / "identity").mkdir()
    (box / "identity/key").touch()
    (box / "link").symlink_to(elsewhere)
    give_to_owner_of(box)
    assert {path.lstat().st_uid for path in box.rglob("*")} == {12345}
    assert elsewhere.stat().st_uid == 0
    give_to_owner_of(tmp_path / "gone")
