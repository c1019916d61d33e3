"""Web hooks over real HTTP: signed, tried again, never to a private address that was not allowed."""

import asyncio
import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from appliance.central.database_thread import DatabaseThread
from appliance.central.watching import hooks
from appliance.central.watching.hook_sender import HookSender, PublicResolver
from appliance.central.watching.hooks import is_private
from appliance.central.watching.store import open_fleet
from tests.central.conftest import Start
from tests.central.rig import eventually

from .boxes import said
from .receiver import receiving


def _leads_home() -> bool:
    try:
        return all(is_private(str(each[4][0])) for each in socket.getaddrinfo(socket.gethostname(), 80))
    except OSError:
        return False


def test_a_box_that_stays_ill_is_told_signed_and_again_until_it_is_taken(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with receiving(500, 302, 204) as receiver, start(look_every_s=0.05) as central:
            with closing(open_fleet(tmp_path / "access")) as database:
                secret = hooks.add_hook(database, tmp_path / "access", "pager", receiver.url, [], allow_private=True)
                async with central.device() as device:
                    await device.send(said("hot", why="80 °C inside"))

                    async def is_hot() -> bool:
                        boxes = (await central.get("/api/fleet"))["boxes"]
                        return bool(boxes) and boxes[0]["state"] == "hot"

                    await eventually(is_hot)
                    assert receiver.bodies == [], "for half a minute it is told to nobody"
                hooks.put_news(database, [{"kind": "test"}])
                for tries in (1, 2, 3):

                    async def has_come(count: int = tries) -> bool:
                        database.execute("UPDATE deliveries SET due_at='1' WHERE tries>0")
                        return len(receiver.bodies) >= count

                    await eventually(has_come)
                key = secret.read_text().strip()

                async def is_taken() -> bool:
                    return hooks.hooks(database)[0].waiting == 0

                await eventually(is_taken)
        assert receiver.news == [{"kind": "test"}] * 3
        assert len({json.loads(body)["id"] for body in receiver.bodies}) == 1, "a delivery keeps its id"
        for headers, body in zip(receiver.headers, receiver.bodies, strict=True):
            at_s = int(headers[hooks.SIGNATURE_HEADER].partition(",")[0].removeprefix("t="))
            assert headers[hooks.SIGNATURE_HEADER] == hooks.signature(key, at_s, body)

    asyncio.run(run())


@pytest.mark.skipif(not _leads_home(), reason="this machine's own name leads to no address")
def test_a_name_that_leads_into_the_private_network_is_not_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with receiving() as receiver:
            database = open_fleet(tmp_path)
            # As if the name had led elsewhere when the hook was added.
            port = receiver.url.rpartition(":")[2]
            hooks.add_hook(
                database, tmp_path, "pager", f"https://{socket.gethostname()}:{port}", [], allow_private=False
            )
            hooks.put_news(database, [{"kind": "test"}])
            thread = DatabaseThread(database, "fleet")
            task = asyncio.create_task(HookSender(thread, tmp_path).run())

            async def has_failed() -> str:
                return (await thread.ask(hooks.hooks))[0].fault

            fault = await eventually(has_failed)
            task.cancel()
            await asyncio.wait([task])
            thread.close()
        assert receiver.bodies == []
        assert "private" in fault

    asyncio.run(run())


def test_the_resolver_gives_no_address_of_a_private_network() -> None:
    async def run() -> None:
        with pytest.raises(OSError, match="private"):
            await PublicResolver().resolve("localhost", 80)

    asyncio.run(run())
