"""Boxes that take a release from the real server, and a server that stops when they fall."""

import asyncio
import base64
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from appliance.adapters.update_store import UpdateStore
from appliance.central.updates.rollouts import kept_boxes
from appliance.central.watching import hooks
from appliance.central.watching.store import open_fleet
from appliance.cli import main
from appliance.cli.update_auto import look
from appliance.delivery.health import Program
from appliance.delivery.policy import ServerTiming
from tests.central.conftest import Start
from tests.central.rig import Central, eventually
from tests.central.watching.boxes import said
from tests.central.watching.receiver import Receiver, receiving
from tests.update.releases import OLD_KEY, TRUSTED

from .test_rollouts import signed

BOXES = ("desk-1", "desk-2", "desk-3")


def command(folder: Path, *words: str) -> int:
    return main(["central", "update", *words, "--access", str(folder / "access")])


def take(central: Central, device: str, folder: Path) -> str:
    """Look for a release as the box's updater does, and give what came of it."""
    url = f"http://127.0.0.1:{central.port}/v1/updates/{device}/release.json"
    return look(UpdateStore(folder, folder / "packaged"), folder, url, device, TRUSTED).outcome


def test_boxes_of_the_first_ring_take_it_and_when_they_fall_nobody_else_does(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        offer = signed(tmp_path / "published", 5)
        key = tmp_path / "old.pub"
        write_public(key)
        words = ["publish", str(offer), "--trust", str(key), "--first", "desk-1", "--first", "desk-2"]
        async with AsyncExitStack() as stack:
            central = await stack.enter_async_context(start(look_every_s=0.05, timing=ServerTiming()))
            receiver = await stack.enter_async_context(receiving())
            with closing(open_fleet(tmp_path / "access")) as database:
                hooks.add_hook(database, tmp_path / "access", "pager", receiver.url, ["deaf"], allow_private=True)
            tokens = {name: central.token if name == "desk-1" else central.add_device(name) for name in BOXES}
            devices = {
                name: await stack.enter_async_context(central.device(name, token)) for name, token in tokens.items()
            }
            for device in devices.values():
                await device.send(said(number=4))
            await eventually(partial(all_told, central))
            await eventually(partial(all_kept, tmp_path))
            assert command(tmp_path, *words, "--first", "desk-9") == 2, "nobody knows such a box"
            assert command(tmp_path, *words) == 0
            assert await asyncio.to_thread(take, central, "desk-1", tmp_path / "box") == "ready"
            assert await asyncio.to_thread(take, central, "desk-2", tmp_path / "box-2") == "ready"
            assert (tmp_path / "box/releases/5/bin/undertone").is_file()
            assert await asyncio.to_thread(take, central, "desk-3", tmp_path / "box-3") == "none_offered"
            for name in ("desk-1", "desk-2"):
                await devices[name].send(said(program=Program(version="1.4.0", number=4, failed=(5,))))
            await eventually(partial(is_halted, central))
            capsys.readouterr()
            assert command(tmp_path, "status") == 1
            assert "is halted: 2 of 2 boxes fell" in capsys.readouterr().out
            assert await asyncio.to_thread(take, central, "desk-1", tmp_path / "box") == "none_offered"
            assert command(tmp_path, "resume") == 0
            assert await asyncio.to_thread(take, central, "desk-1", tmp_path / "box") == "trial_open"
            assert await eventually(partial(halt_told, receiver)) == [5]

    asyncio.run(run())


def test_only_files_of_the_release_are_served_and_only_to_boxes_that_are_known(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start(look_every_s=0.05) as central:
            signed(tmp_path / "published", 5)
            write_public(tmp_path / "old.pub")
            offer = str(tmp_path / "published/release-5.json")
            assert command(tmp_path, "publish", offer, "--trust", str(tmp_path / "old.pub")) == 0
            await eventually(lambda: central.get("/api/rollouts"))

            async def ask(path: str) -> tuple[int, bytes]:
                status, _, body = await central.ask(f"/v1/updates/{path}", Cookie="")
                return status, body

            async def is_known() -> bool:
                return (await ask("desk-1/release.json"))[0] == 200

            await eventually(is_known)
            assert (await ask("desk-1/undertone-5.tar.gz"))[1] == (
                tmp_path / "published/undertone-5.tar.gz"
            ).read_bytes()
            for path in ("desk-9/release.json", "desk-1/other", "desk-1/..%2f..%2fcredentials.json", "desk-1/.x"):
                assert (await ask(path))[0] == 404, path

    asyncio.run(run())


def write_public(file: Path) -> None:
    file.write_text(base64.b64encode(OLD_KEY.public_key().public_bytes_raw()).decode())


async def all_told(central: Central) -> bool:
    well = [box for box in (await central.get("/api/fleet"))["boxes"] if box["state"] == "ok"]
    return len(well) == len(BOXES)


async def all_kept(folder: Path) -> bool:
    with closing(open_fleet(folder / "access")) as database:
        return len(kept_boxes(database, datetime.now(UTC))) == len(BOXES)


async def is_halted(central: Central) -> bool:
    return bool((await central.get("/api/rollouts"))["rollouts"][0]["state"] == "halted")


async def halt_told(receiver: Receiver) -> list[int]:
    return [each["number"] for each in receiver.news if each["kind"] == "update"]
