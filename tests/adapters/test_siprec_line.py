"""The line against sipp, a real SIP implementation, with scenarios written from the RFCs."""

import asyncio
import socket
from pathlib import Path

import pytest

from appliance.events import Notice
from tests.adapters.siprec_parts import HERE, running, sipp
from tests.telephony.siprec_messages import request


@pytest.mark.parametrize(("transport", "option"), [("udp", "u1"), ("tcp", "t1")])
def test_a_session_is_opened_held_told_of_a_transfer_and_ended(transport: str, option: str) -> None:
    async def scenario() -> None:
        async with running() as line:
            code, complaints = await sipp("siprec_call.xml", line.port(transport), "-t", option)
            assert code == 0, complaints
            await asyncio.wait(line.tasks, timeout=2)
            (call,) = line.calls
            assert call.ended == "on_hook"
            assert call.identity
            assert (call.identity.agent, call.identity.caller) == ("sip:2041@desk.example", "tel:+15550100")
            assert HERE in call.identity.call_id
            told = [piece.code for step in line.steps[0] for piece in step if isinstance(piece, Notice)]
            assert told == ["participants_changed"]

    asyncio.run(scenario())


def test_a_keep_alive_is_answered() -> None:
    async def scenario() -> None:
        async with running() as line:
            code, complaints = await sipp("options.xml", line.port())
            assert code == 0, complaints

    asyncio.run(scenario())


@pytest.mark.parametrize(("given", "code"), [("correct horse", 0), ("battery staple", 1)])
def test_a_password_opens_and_a_wrong_one_does_not(tmp_path: Path, given: str, code: int) -> None:
    credentials = tmp_path / "sip"
    credentials.touch(0o600)
    credentials.write_text("sbc:correct horse\n", "utf-8")

    async def scenario() -> None:
        async with running(credentials_file=credentials, digest=("MD5",)) as line:
            ended, complaints = await sipp(
                "password.xml", line.port(), "-au", "sbc", "-ap", given, "-recv_timeout", "1500"
            )
            assert ended == code, complaints
            assert len(line.calls) == (code == 0)

    asyncio.run(scenario())


def test_a_session_too_many_is_busy_and_the_one_that_is_on_goes_on() -> None:
    async def scenario() -> None:
        async with running(max_calls=1) as line:
            long_one = asyncio.create_task(sipp("siprec_call.xml", line.port()))
            await line.a_call_begins()
            code, complaints = await sipp("busy.xml", line.port())
            assert code == 0, complaints
            code, complaints = await long_one
            assert code == 0, complaints

    asyncio.run(scenario())


def test_a_flood_of_invites_leaves_a_call_that_is_on_alone() -> None:
    async def scenario() -> None:
        async with running(max_calls=2) as line:
            call = asyncio.create_task(sipp("siprec_call.xml", line.port()))
            await line.a_call_begins()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooder:
                flooder.bind(("127.0.0.9", 0))
                for number in range(1_500):
                    flooder.sendto(request(call_id=f"flood-{number}"), (HERE, line.port()))
                    if number % 10 == 0:
                        await asyncio.sleep(0)
            code, complaints = await call
            assert code == 0, complaints

    asyncio.run(scenario())


def test_voices_come_to_the_ports_that_are_allowed_and_a_call_without_one_is_refused() -> None:
    async def scenario() -> None:
        async with running(rtp_ports=(41_300, 41_303)) as line:
            call = asyncio.create_task(sipp("siprec_call.xml", line.port()))
            await line.a_call_begins()
            code, complaints = await sipp("siprec_call.xml", line.port())
            assert code != 0
            assert "503 Service Unavailable" in complaints
            code, complaints = await call
            assert code == 0, complaints

    asyncio.run(scenario())


def test_the_line_hangs_up_when_it_is_closed() -> None:
    async def scenario() -> None:
        async with running() as line:
            call = asyncio.create_task(sipp("hung_up.xml", line.port()))
            await line.a_call_begins()
            await asyncio.sleep(0.3)
        code, complaints = await call
        assert code == 0, complaints
        assert line.calls[0].ended == "stopped"

    asyncio.run(scenario())
