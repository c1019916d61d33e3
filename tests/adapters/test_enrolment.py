"""A box enrols at a real server, renews its certificate, and follows a change of the authority."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.adapters import identity
from appliance.adapters.enrolment import Site, enrol, learn, read_site, renew
from appliance.adapters.identity import read_identity
from appliance.adapters.outbox import Outbox
from appliance.adapters.renewal import Renewal
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.central.access.authority import fingerprint_of
from appliance.central.access.ca import CA
from appliance.central.access.claims import make_claim
from appliance.central.access.store import open_access
from appliance.delivery.enrolment import Claim
from appliance.delivery.messages import Command, Hello, Result
from appliance.errors import BadInputError
from appliance.secret_file import write_secret
from tests.central.rig import central_in

from .uplink_box import hello


class Desk:
    """A server with an authority, and the folder of a new box."""

    def __init__(self, ca: CA, port: int, folder: Path) -> None:
        self.ca = ca
        self.site = Site("localhost", port)
        self.folder = folder
        self.server = Server(self.site.url, identity=folder)

    def claim(self, serial: str = "abc", device: str = "desk-3") -> Claim:
        return Claim(make_claim(self.ca.database, serial, device), fingerprint_of(self.ca.trusted()[-1]))

    async def enrol(self, claim: Claim, serial: str = "abc") -> str:
        return await asyncio.to_thread(enrol, self.site, claim, serial, self.folder)


@contextlib.asynccontextmanager
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "server").mkdir()
    with closing(open_access(tmp_path / "server" / "access")) as database:
        ca = CA(tmp_path / "server" / "access", database)
        ca.init(["localhost"])
        async with central_in(tmp_path / "server", device_host="127.0.0.1") as central:
            assert central.devices is not None
            yield Desk(ca, central.devices, tmp_path / "box" / "identity")


async def refusal(act: Callable[[], object]) -> BadInputError:
    with pytest.raises(BadInputError) as error:
        await asyncio.to_thread(act)
    assert error.value.mend
    return error.value


def test_a_box_enrols_and_keeps_its_key_to_itself(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            assert await here.enrol(here.claim()) == "desk-3"
            assert read_identity(here.folder).device == "desk-3"
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in here.folder.iterdir()}
            assert modes == {"identity.pem": 0o600, "authorities.pem": 0o600}
            assert stat.S_IMODE(here.folder.stat().st_mode) == 0o700

    asyncio.run(run())


def test_a_box_tells_a_server_that_the_claim_does_not_name_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            claim = here.claim()
            error = await refusal(lambda: enrol(here.site, claim._replace(fingerprint="0" * 32), "abc", here.folder))
            assert "nothing was told to it" in str(error)
            assert not here.folder.exists()
            assert await here.enrol(claim) == "desk-3", "the claim is still good"

    asyncio.run(run())


def test_a_box_whose_first_answer_was_lost_enrols_with_the_same_claim_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            claim = here.claim()
            key = identity.pending_key(here.folder)
            await here.enrol(claim)
            # As if the power had gone before the answer was kept.
            (here.folder / identity.IDENTITY_FILE).unlink()
            write_secret(here.folder / identity.PENDING_FILE, identity._pem(key))
            assert await here.enrol(claim) == "desk-3"
            (here.folder / identity.IDENTITY_FILE).unlink()
            assert "used already" in str(await refusal(lambda: enrol(here.site, claim, "abc", here.folder)))

    asyncio.run(run())


def test_a_box_with_another_serial_number_and_a_server_that_is_away_are_told_with_the_mend(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            claim = here.claim()
            assert "another serial" in str(await refusal(lambda: enrol(here.site, claim, "xyz", here.folder)))
        assert "cannot be reached" in str(await refusal(lambda: enrol(here.site, claim, "abc", here.folder)))

    asyncio.run(run())


def test_a_certificate_is_renewed_at_two_thirds_of_its_life_with_a_new_key(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            await here.enrol(here.claim())
            first = read_identity(here.folder)
            key = (here.folder / identity.IDENTITY_FILE).read_text()[:200]
            early, late = first.renew_at - timedelta(minutes=1), first.renew_at + timedelta(minutes=1)
            assert not await asyncio.to_thread(Renewal(here.server, here.folder, now=lambda: early).look)
            assert (here.folder / identity.IDENTITY_FILE).read_text()[:200] == key
            assert await asyncio.to_thread(Renewal(here.server, here.folder, now=lambda: late).look)
            assert (here.folder / identity.IDENTITY_FILE).read_text()[:200] != key
            assert timedelta(0) < first.renew_at - datetime.now(UTC) < first.ends_at - datetime.now(UTC)

    asyncio.run(run())


KEEPER = """#!/bin/sh
[ "$(cat "$(dirname "$0")/mood")" = well ] || { echo "the chip is locked" >&2; exit 3; }
case $1 in
new) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$2" ;;
request) openssl req -new -key "$2" -subj /CN=box ;;
esac
"""


def test_a_program_makes_and_keeps_the_key_now_and_when_the_box_renews(tmp_path: Path) -> None:
    program, mood = tmp_path / "keeper", tmp_path / "mood"
    program.write_text(KEEPER)
    program.chmod(0o700)
    mood.write_text("locked")

    async def run() -> None:
        async with desk(tmp_path) as here:
            claim = here.claim()
            assert "ended with 3 at `new`: the chip is locked" in str(
                await refusal(lambda: enrol(here.site, claim, "abc", here.folder, program))
            )
            mood.write_text("well")
            assert await asyncio.to_thread(enrol, here.site, claim, "abc", here.folder, program) == "desk-3"
            first = (here.folder / identity.IDENTITY_FILE).read_text()
            assert stat.S_IMODE((here.folder / identity.IDENTITY_FILE).stat().st_mode) == 0o600
            mood.write_text("locked")
            assert "at `new`" in str(await refusal(lambda: renew(here.server, here.folder)))
            mood.write_text("well")
            await asyncio.to_thread(renew, here.server, here.folder)
            assert (here.folder / identity.IDENTITY_FILE).read_text() != first
            await asyncio.to_thread(learn, here.server, here.folder)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "what"),
    [("exit 0", "made no key"), ("echo hello >$2", "made no key in PEM"), ("printf '\\377' >$2", "made no key")],
)
def test_a_program_that_makes_no_key_is_told_with_the_mend(tmp_path: Path, body: str, what: str) -> None:
    program = tmp_path / "keeper"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o700)
    with pytest.raises(BadInputError, match=what) as error:
        identity.pending_request(tmp_path / "identity", program)
    assert "by hand" in error.value.mend
    with pytest.raises(BadInputError, match="cannot be run"):
        identity.pending_request(tmp_path / "identity", tmp_path / "none")


def test_a_running_box_follows_a_change_of_the_authority_by_itself(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            await here.enrol(here.claim())
            kept = here.folder / identity.IDENTITY_FILE
            before = kept.read_bytes()
            renewing = asyncio.create_task(Renewal(here.server, here.folder, look_every_s=0.05).run())
            here.ca.rotate()
            async with asyncio.timeout(10):
                # Issued is not yet kept: the box must have written it, too.
                while here.ca.left_behind() or kept.read_bytes() == before:  # noqa: ASYNC110 - neither has a bell
                    await asyncio.sleep(0.02)
            renewing.cancel()
            await asyncio.wait([renewing])
            here.ca.finish_rotation()
            told = await asyncio.to_thread(learn, here.server, here.folder)
            assert told.authorities == here.ca.bundle()

    asyncio.run(run())


def test_a_revoked_box_gets_no_new_certificate(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            await here.enrol(here.claim())
            here.ca.revoke("desk-3", "stolen")
            assert "revoked" in str(await refusal(lambda: renew(here.server, here.folder)))
            assert "revoked" in str(await refusal(Renewal(here.server, here.folder).look))

    asyncio.run(run())


@pytest.mark.parametrize(
    "url", ["http://x", "https://", "x", "https://x:y", "https://a:b@x", "ftp://x", "https://[::1"]
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(BadInputError) as error:
        read_site(url)
    assert error.value.mend


def test_the_address_for_the_settings_is_made_from_the_one_that_was_typed() -> None:
    assert read_site("https://calls.example.com:8711/").url == "wss://calls.example.com:8711/v1/device"
    assert read_site("https://[::1]").url == "wss://[::1]:443/v1/device"


@pytest.mark.parametrize("content", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_an_identity_that_cannot_be_read_is_told_with_its_place(tmp_path: Path, content: str) -> None:
    write_secret(tmp_path / identity.IDENTITY_FILE, content)
    with pytest.raises(BadInputError, match=r"identity\.pem: the identity cannot be read"):
        read_identity(tmp_path)


def test_a_box_that_is_revoked_while_on_line_says_so_and_does_not_knock_again_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            await here.enrol(here.claim())
            links: asyncio.Queue[LinkState] = asyncio.Queue()
            outbox = Outbox(tmp_path / "outbox.sqlite3", lambda _: None)
            await outbox.start()
            uplink = Uplink(here.server, outbox, own_hello, agree, lambda state, _: links.put_nowait(state))
            running = asyncio.create_task(uplink.run())
            async with asyncio.timeout(10):
                assert await links.get() == "online"
                here.ca.revoke("desk-3", "stolen")
                assert await links.get() == "refused"
            assert uplink.diagnosis is not None
            assert uplink.diagnosis.fault == "link_revoked"
            await asyncio.sleep(0.3)
            assert links.empty()
            await uplink.stop()
            await outbox.stop()
            await running

    asyncio.run(run())


def own_hello() -> Hello:
    return msgspec.structs.replace(hello(), device="desk-3")


async def agree(command: Command) -> Result:
    return Result(id=command.id, ok=True)
