"""The devices' port: TLS 1.3, certificates of our own authority, enrolment, renewal, revocation."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect

from appliance.central.access.authority import read_request
from appliance.central.access.ca import CA
from appliance.central.access.claims import make_claim
from appliance.central.access.store import open_access
from appliance.central.enrolment import TRIES_PER_ADDRESS
from appliance.delivery import messages, policy

from .access.keys import client_tls, new_key, request_of
from .conftest import Start
from .rig import Central, FakeDevice, hello


class Office:
    """A server with an authority, as its administrator has it, and boxes that hold keys."""

    def __init__(self, folder: Path, ca: CA, central: Central) -> None:
        self.folder = folder
        self.ca = ca
        self.central = central
        self.authorities = ca.bundle()

    def tls(self, key: ec.EllipticCurvePrivateKey | None = None, certificate: str = "") -> ssl.SSLContext:
        return client_tls(self.folder, self.authorities, key, certificate)

    def box(self, name: str = "desk-1", life: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        key = new_key()
        return self.tls(key, self.ca.issue_device(name, read_request(request_of(key)), life))

    async def post(self, path: str, body: Any, tls: ssl.SSLContext) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as web, web.post(self.url(path), data=json.dumps(body), ssl=tls) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, tls: ssl.SSLContext) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as web, web.get(self.url(path), ssl=tls) as answer:
            return answer.status, json.loads(await answer.read())

    def url(self, path: str) -> str:
        return f"https://localhost:{self.central.devices}{path}"

    @contextlib.asynccontextmanager
    async def link(self, tls: ssl.SSLContext, **headers: str) -> AsyncIterator[FakeDevice]:
        url = f"wss://localhost:{self.central.devices}/v1/device"
        protocols = [websockets.Subprotocol(policy.SUBPROTOCOL)]
        async with connect(
            url, ssl=tls, subprotocols=protocols, additional_headers=headers, proxy=None, ping_interval=None
        ) as socket:
            yield FakeDevice(socket)


@contextlib.asynccontextmanager
async def office(start: Start, folder: Path) -> AsyncIterator[Office]:
    with closing(open_access(folder / "access")) as database:
        ca = CA(folder / "access", database)
        ca.init(["localhost"])
        async with start(device_host="127.0.0.1") as central:
            yield Office(folder, ca, central)


async def welcomed(device: FakeDevice, name: str) -> messages.Welcome:
    await device.send(hello(name))
    answer: messages.Welcome = await device.read_until(messages.Welcome)
    return answer


def test_a_box_with_a_certificate_delivers_over_tls_1_3_and_old_tls_is_refused(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            tls = here.box("desk-7")
            async with here.link(tls) as device:
                assert (await welcomed(device, "desk-7")).resume_after == 0
                assert device.socket.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
            tls.maximum_version = ssl.TLSVersion.TLSv1_2
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                async with here.link(tls):
                    pass

    asyncio.run(run())


def test_a_token_is_good_at_the_devices_port_too_and_nobody_is_without_either(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            async with here.link(here.tls(), Authorization=f"Bearer {here.central.token}") as device:
                await welcomed(device, "desk-1")
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with here.link(here.tls()):
                    pass
            assert json.loads(refused.value.response.body)["reason"] == "no_credential"
            assert (await here.get("/v1/trust", here.tls()))[0] == 401

    asyncio.run(run())


def test_a_box_that_calls_itself_by_another_name_is_refused(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here, here.link(here.box("desk-1")) as device:
            await device.send(hello("desk-2"))
            bye = await device.read_until(messages.Bye)
            assert (bye.reason, "desk-1" in bye.text) == ("unauthorized", True)

    asyncio.run(run())


def test_a_revoked_box_is_told_on_the_link_that_is_up_and_not_let_in_again(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            tls = here.box("desk-1")
            async with here.link(tls) as device:
                await welcomed(device, "desk-1")
                here.ca.revoke("desk-1", "stolen")
                assert (await device.read_until(messages.Bye)).reason == "revoked"
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with here.link(tls):
                    pass
            assert json.loads(refused.value.response.body)["reason"] == "revoked"
            (knock,) = (await here.central.get("/api/refusals"))["refusals"]
            assert (knock["device"], knock["reason"], knock["count"]) == ("desk-1", "revoked", 1)

    asyncio.run(run())


def test_a_certificate_that_the_authority_never_noted_is_refused(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            tls = here.box("desk-1")
            here.ca.database.execute("DELETE FROM certificates")
            assert (await here.get("/v1/trust", tls))[1]["reason"] == "unknown_certificate"

    asyncio.run(run())


def test_a_new_box_enrols_once_and_its_certificate_works(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            key, token = new_key(), make_claim(here.ca.database, "abc", "desk-9")
            asked = {"token": token, "serial": "abc", "csr": request_of(key)}
            status, answer = await here.post("/v1/enrol", asked, here.tls())
            assert (status, answer["device"], answer["authorities"]) == (200, "desk-9", here.authorities)
            async with here.link(here.tls(key, answer["certificate"])) as device:
                await welcomed(device, "desk-9")
            other = asked | {"csr": request_of(new_key())}
            status, answer = await here.post("/v1/enrol", other, here.tls())
            assert (status, answer["reason"]) == (403, "claim_used")

    asyncio.run(run())


@pytest.mark.parametrize("body", [[], {}, {"token": 5}, {"token": "x", "serial": "y", "csr": "z"}])
def test_what_is_no_enrolment_is_refused_with_the_place(start: Start, tmp_path: Path, body: Any) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            assert (await here.post("/v1/enrol", body, here.tls()))[0] == 400

    asyncio.run(run())


def test_who_guesses_claims_is_told_to_wait(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            asked = {"token": "0" * 32, "serial": "1", "csr": request_of(new_key())}
            for _ in range(TRIES_PER_ADDRESS):
                assert (await here.post("/v1/enrol", asked, here.tls()))[1]["reason"] == "claim_unknown"
            assert (await here.post("/v1/enrol", asked, here.tls()))[0] == 429

    asyncio.run(run())


def test_a_box_learns_a_new_authority_and_renews_by_it_before_the_old_goes(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with office(start, tmp_path) as here:
            tls = here.box("desk-1")
            assert (await here.get("/v1/trust", tls))[1]["renew"] is False
            async with here.link(tls) as device:
                await welcomed(device, "desk-1")
                here.ca.rotate()
                trust = (await here.get("/v1/trust", tls))[1]
                assert (trust["renew"], trust["authorities"]) == (True, here.ca.bundle())
                key = new_key()
                status, answer = await here.post("/v1/renew", {"csr": request_of(key)}, tls)
                assert status == 200
                assert here.ca.left_behind() == ["desk-1"], "the answer may have been lost"
                here.authorities = trust["authorities"]
                renewed = here.tls(key, answer["certificate"])
                assert (await here.get("/v1/trust", renewed))[1]["renew"] is False
                assert here.ca.left_behind() == []
                here.ca.finish_rotation()
                assert (await here.get("/v1/trust", renewed))[1]["renew"] is False
                assert (await here.get("/v1/trust", tls))[1]["reason"] == "unknown_certificate"
                await device.read_until(messages.Ping)
                await device.read_until(messages.Ping)  # the link that was up goes on

    asyncio.run(run())
