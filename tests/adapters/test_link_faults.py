"""What is wrong on the way to the server, as the light and the doctor tell it: each case with a real connection."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.adapters import identity
from appliance.adapters.link_checks import examine_link
from appliance.adapters.link_faults import Diagnosis
from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.central.access import authority
from appliance.config import CentralSettings, Settings, SpeechSettings
from appliance.delivery.enrolment import Certified
from appliance.delivery.messages import Bye, Command, Result
from appliance.errors import BadInputError
from appliance.light_settings import NO_LIGHT
from appliance.line_settings import RecordingSettings

from .flaky_server import Fate, FlakyServer
from .uplink_box import QUICK, at_once, hello

NOW = datetime.now(UTC)
OFFICE = authority.new_authority(1, NOW)


def server_tls(folder: Path, at: datetime = NOW, *, name: str = "127.0.0.1", asks: bool = False) -> ssl.SSLContext:
    """Give the TLS of a server whose certificate begins `at` and holds for a day."""
    key, certificate = authority.sign_server(OFFICE, [name], at, timedelta(days=1))
    file = folder / "server.pem"
    file.write_text(authority.key_pem(key) + authority.pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.pem(OFFICE.certificate))
    return context


def enrolled(folder: Path, at: datetime = NOW, office: authority.Authority = OFFICE) -> Path:
    """Give the identity of a box that was enrolled `at` for a day."""
    csr = authority.read_request(identity.signing_request(identity.pending_key(folder)))
    certificate = authority.sign_device(office, "box", csr, at, timedelta(days=1))
    identity.keep(folder, Certified("box", authority.pem(certificate), authority.pem(OFFICE.certificate)))
    return folder


async def agree(command: Command) -> Result:
    return Result(id=command.id, ok=True)


async def found_by(server: Server, folder: Path) -> tuple[LinkState, Diagnosis | None]:
    """Run an uplink until it has told what became of its first try."""
    told: asyncio.Queue[LinkState] = asyncio.Queue()
    outbox = Outbox(folder / "outbox.sqlite3", lambda _: None)
    await outbox.start()
    uplink = Uplink(
        server, outbox, hello, agree, lambda state, _: told.put_nowait(state),
        timing=QUICK, backoff=at_once,
    )  # fmt: skip
    running = asyncio.create_task(uplink.run())
    async with asyncio.timeout(10):
        state = await told.get()
        if state == "online":  # and then told goodbye
            state = await told.get()
    found = uplink.diagnosis
    await uplink.stop()
    await outbox.stop()
    await running
    return state, found


def diagnosis(tmp_path: Path, fake: FlakyServer, box: Path | None, ca: bool = True) -> tuple[LinkState, str, str, str]:
    """Give state, fault, text and mend for a box (with its identity in `box`) at a server."""
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("s3cret")
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text(authority.pem(OFFICE.certificate))

    async def run() -> tuple[LinkState, str, str, str]:
        async with fake:
            server = Server(fake.url, identity=box) if box else Server(fake.url, token, ca_file if ca else None)
            state, found = await found_by(server, tmp_path)
            assert found is not None
            return state, found.fault, found.text, found.mend

    return asyncio.run(run())


def test_a_server_of_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    state, fault, _, mend = diagnosis(tmp_path, FlakyServer(tls=server_tls(tmp_path)), None, ca=False)
    assert (state, fault) == ("refused", "link_untrusted")
    assert "ca_file" in mend


def test_a_clock_in_the_past_is_told_as_that(tmp_path: Path) -> None:
    tls = server_tls(tmp_path, NOW + timedelta(days=300))
    state, fault, text, mend = diagnosis(tmp_path, FlakyServer(tls=tls), None)
    assert (state, fault) == ("offline", "clock_wrong")
    assert f"the clock here says {NOW:%Y}" in text
    assert "timedatectl" in mend


def test_a_server_whose_certificate_has_expired_is_told_with_the_date_here(tmp_path: Path) -> None:
    tls = server_tls(tmp_path, NOW - timedelta(days=300))
    state, fault, text, mend = diagnosis(tmp_path, FlakyServer(tls=tls), None)
    assert (state, fault) == ("offline", "link_untrusted")
    assert "has expired; the clock here says" in text
    assert "clock" in mend


def test_a_server_with_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    tls = server_tls(tmp_path, name="other.example")
    state, fault, _, mend = diagnosis(tmp_path, FlakyServer(tls=tls), None)
    assert (state, fault) == ("refused", "link_untrusted")
    assert "--server-name" in mend


def test_a_box_whose_certificate_has_expired_knows_it_without_asking(tmp_path: Path) -> None:
    fake = FlakyServer(tls=server_tls(tmp_path))
    state, fault, text, mend = diagnosis(tmp_path, fake, enrolled(tmp_path / "i", NOW - timedelta(days=9)))
    assert (state, fault) == ("refused", "link_expired")
    assert "expired on" in text
    assert "undertone enrol" in mend
    assert fake.headers == []


def test_a_clock_years_ahead_is_told_as_that_and_the_box_does_not_have_to_enrol_anew(tmp_path: Path) -> None:
    box = enrolled(tmp_path / "i", NOW - timedelta(days=3650))
    state, fault, text, mend = diagnosis(tmp_path, FlakyServer(tls=server_tls(tmp_path)), box)
    assert (state, fault) == ("refused", "clock_wrong")
    assert f"the clock here says {NOW:%Y}" in text
    assert "timedatectl" in mend


def test_a_box_that_was_certified_by_another_authority_is_told_to_enrol(tmp_path: Path) -> None:
    fake = FlakyServer(tls=server_tls(tmp_path, asks=True))
    box = enrolled(tmp_path / "i", office=authority.new_authority(1, NOW))
    _, fault, _, mend = diagnosis(tmp_path, fake, box)
    assert fault == "link_refused"
    assert "undertone enrol" in mend


NEWER = "this server speaks the WebSocket sub-protocol undertone.v2; offered: 'undertone.v1'\n"
REFUSED = '{"error":"this certificate was revoked","reason":"revoked"}'


@pytest.mark.parametrize(
    ("fate", "state", "fault"),
    [
        (Fate(status=404), "offline", "link_address"),
        (Fate(status=302, body="<html>Sign in"), "offline", "link_portal"),
        (Fate(status=200, body="<html>Welcome, guest"), "offline", "link_portal"),
        (Fate(status=511), "offline", "link_portal"),
        (Fate(status=400, body=NEWER), "offline", "link_version"),
        (Fate(bye=Bye(reason="protocol_error", text="no such word")), "offline", "link_version"),
        (Fate(says=("{",)), "offline", "link_version"),
        (Fate(status=401), "refused", "link_refused"),
        (Fate(status=403, body=REFUSED), "refused", "link_revoked"),
        (Fate(bye=Bye(reason="revoked")), "refused", "link_revoked"),
        (Fate(bye=Bye(reason="unauthorized")), "refused", "link_refused"),
        (Fate(bye=Bye(reason="replaced")), "refused", "link_refused"),
    ],
)
def test_what_the_server_answers_is_told_with_the_mend(tmp_path: Path, fate: Fate, state: str, fault: str) -> None:
    found = diagnosis(tmp_path, FlakyServer([fate] * 99), None)
    assert found[:2] == (state, fault)
    assert found[3]


async def answer_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


def test_a_server_without_tls_and_a_name_that_nobody_knows_are_wrong_addresses(tmp_path: Path) -> None:
    box = enrolled(tmp_path / "i")

    async def run() -> None:
        plain = await asyncio.start_server(answer_plainly, "127.0.0.1")
        async with plain:
            port = plain.sockets[0].getsockname()[1]
            _, found = await found_by(Server(f"wss://127.0.0.1:{port}/v1/device", identity=box), tmp_path)
        assert found is not None
        assert (found.fault, found.text) == ("link_address", "what answers there does not speak TLS")
        _, found = await found_by(Server("wss://central.invalid/v1/device", identity=box), tmp_path)
        # Where there is no name service at all, nobody can tell a wrong name from an outage.
        assert found is None or found.fault == "link_address"

    asyncio.run(run())


async def answer_as_of_old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 302 Found\r\nLocation: http://guest.example/\r\n\r\n")
    await writer.drain()
    writer.close()


def test_a_sign_in_page_of_the_old_kind_is_told_as_one(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("s3cret")

    async def run() -> None:
        async with await asyncio.start_server(answer_as_of_old, "127.0.0.1") as portal:
            port = portal.sockets[0].getsockname()[1]
            state, found = await found_by(Server(f"ws://127.0.0.1:{port}/v1/device", token), tmp_path)
        assert found is not None
        assert (state, found.fault) == ("offline", "link_portal")

    asyncio.run(run())


def test_a_server_that_is_away_is_no_fault(tmp_path: Path) -> None:
    box = enrolled(tmp_path / "i")
    state, found = asyncio.run(found_by(Server("wss://127.0.0.1:9/v1/device", identity=box), tmp_path))
    assert (state, found) == ("offline", None)


def test_a_box_that_is_enrolled_while_it_runs_goes_on_line(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer(tls=server_tls(tmp_path, asks=True)) as fake:
            server = Server(fake.url, identity=tmp_path / "i")
            _, found = await found_by(server, tmp_path)
            assert found is not None
            assert found.fault == "link_not_enrolled"
            enrolled(tmp_path / "i")
            links: asyncio.Queue[LinkState] = asyncio.Queue()
            outbox = Outbox(tmp_path / "outbox.sqlite3", lambda _: None)
            await outbox.start()
            uplink = Uplink(server, outbox, hello, agree, lambda s, _: links.put_nowait(s))
            running = asyncio.create_task(uplink.run())
            assert await links.get() == "online"
            assert uplink.diagnosis is None
            await uplink.stop()
            await outbox.stop()
            await running

    asyncio.run(run())


def test_the_doctor_knocks_and_tells_the_same(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(status=403, body=REFUSED)], tls=server_tls(tmp_path, asks=True)) as fake:
            central = CentralSettings(fake.url, None, None, "certificate")
            line = RecordingSettings(tmp_path / "call.wav")
            settings = Settings("box", line, SpeechSettings(), None, NO_LIGHT, central, tmp_path)
            new = await asyncio.to_thread(examine_link, settings)
            assert [finding.state for finding in new] == ["trouble", "trouble"]
            enrolled(identity.identity_folder(tmp_path))
            refused = await asyncio.to_thread(examine_link, settings)
            assert [finding.state for finding in refused] == ["ok", "trouble"]
            assert "revoked" in refused[1].detail
            good = await asyncio.to_thread(examine_link, settings)
            assert [finding.state for finding in good] == ["ok", "ok"], good
            nowhere = msgspec.structs.replace(settings, central=None)
            assert examine_link(nowhere)[0].state == "note"

    asyncio.run(run())


def test_a_certificate_for_another_key_is_not_kept(tmp_path: Path) -> None:
    csr = authority.read_request(identity.signing_request(identity.new_key()))
    certificate = authority.sign_device(OFFICE, "box", csr, NOW)
    with pytest.raises(BadInputError, match="another key"):
        identity.keep(tmp_path / "i", Certified("box", authority.pem(certificate), authority.pem(OFFICE.certificate)))
