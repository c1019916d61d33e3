"""What the uplink does when the server, or its certificate or the box's token, is not as it should be."""

import asyncio
import ssl
import time
from pathlib import Path

import msgspec
import pytest

from appliance.delivery.messages import Bye

from .flaky_server import Fate, FlakyServer
from .outbox_drafts import utterance
from .uplink_box import QUICK, box_at


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (Fate(status=401), "the server refuses this box's token (HTTP 401)"),
        (Fate(status=403), "the server refuses this box's token (HTTP 403)"),
        (Fate(bye=Bye(reason="revoked", text="stolen")), "the server says revoked: stolen"),
        (Fate(bye=Bye(reason="unauthorized")), "the server says unauthorized"),
    ],
)
def test_a_refused_box_says_so_and_does_not_knock_again(tmp_path: Path, fate: Fate, said: str) -> None:
    async def run() -> None:
        async with FlakyServer([fate] * 100) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("refused") == said
            await asyncio.sleep(0.1)
            assert server.connections == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    "fate", [Fate(bye=Bye(reason="overloaded", retry_after_s=0.3)), Fate(bye=Bye(reason="stopping", retry_after_s=0.3))]
)
def test_the_servers_wish_when_to_come_back_is_honoured(tmp_path: Path, fate: Fate) -> None:
    async def run() -> None:
        async with FlakyServer([fate]) as server, box_at(tmp_path, server) as box:
            await box.until_link("offline")
            began = time.monotonic()
            await box.until_link("online")
            assert time.monotonic() - began > 0.25

    asyncio.run(run())


def test_a_retry_after_header_is_honoured(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(status=503, retry_after="1")]) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == "the server answers HTTP 503"
            began = time.monotonic()
            await box.until_link("online")
            assert time.monotonic() - began > 0.9

    asyncio.run(run())


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(status=302)]) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == "the server answers HTTP 302"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the server sent a message that cannot be read"),
        ('{"type":"ack","seq":-1}', "the server sent a message that cannot be read"),
        ('{"type":"ack","seq":99}', "seq 99 was acknowledged and never sent; the last one sent is 0"),
    ],
)
def test_nonsense_from_the_server_ends_the_connection_and_nothing_is_lost(tmp_path: Path, text: str, said: str) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(says=(text,))]) as server, box_at(tmp_path, server) as box:
            await box.until_link("offline")
            assert said in box.links[-1][1]
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("server", "wrong"),
    [
        (FlakyServer(resume_after=2**60), f"resume_after {2**60} is out of range"),
        (FlakyServer([Fate(max_message_bytes=9)] * 99), "max_message_bytes 9 is below 512"),
        (FlakyServer([Fate(max_messages_per_s=1e-9)] * 99), "max_messages_per_s 1e-09 is below 1"),
    ],
)
def test_a_welcome_that_nobody_can_keep_to_is_refused(tmp_path: Path, server: FlakyServer, wrong: str) -> None:
    async def run() -> None:
        async with server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == f"the server's welcome cannot be kept: {wrong}"

    asyncio.run(run())


def test_what_a_server_says_stands_in_one_short_line(tmp_path: Path) -> None:
    async def run() -> None:
        bye = Bye(reason="overloaded", text="no\nevent=all_is_well" + "x" * 9_000)
        async with FlakyServer([Fate(bye=bye)]) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == "the server says overloaded: no"

    asyncio.run(run())


def test_a_server_that_never_welcomes_is_given_up(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, welcome_s=0.05)
        async with FlakyServer([Fate(welcome_delay_s=0.5)]) as server, box_at(tmp_path, server, timing) as box:
            assert await box.until_link("offline") == "no welcome within 0.05 s"
            await box.until_link("online")

    asyncio.run(run())


TLS = Path(__file__).with_name("tls")


def tls_server() -> FlakyServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server-with-key.pem")
    return FlakyServer(tls=context)


def test_a_server_with_a_certificate_of_our_authority_is_trusted(tmp_path: Path) -> None:
    async def run() -> None:
        async with tls_server() as server, box_at(tmp_path, server, ca_file=TLS / "ca.pem") as box:
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)

    asyncio.run(run())


def test_a_server_of_an_unknown_authority_is_not_asked_again_and_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with tls_server() as server, box_at(tmp_path, server) as box:
            assert "certificate is not accepted: unable to get local issuer" in await box.until_link("refused")
            await asyncio.sleep(0.1)
            assert len(box.links) == 1
            assert server.headers == []

    asyncio.run(run())


def test_a_token_that_others_may_read_stops_the_link_until_it_is_mended(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, refused_s=0.05)
        async with FlakyServer([Fate(cut_after=1)]) as server, box_at(tmp_path, server, timing) as box:
            await box.until_link("online")
            (tmp_path / "token").chmod(0o644)
            box.outbox.append(utterance(1))
            assert "other users may use this token" in await box.until_link("refused")
            (tmp_path / "token").chmod(0o600)
            await box.until_link("online")

    asyncio.run(run())
