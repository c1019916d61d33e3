"""The door for people: who is let in, what each sees, and what is kept of it."""

import asyncio
import contextlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.central.access import audit, people
from appliance.central.access.store import open_access
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.sign_in import COOKIE, CSRF_HEADER

from .conftest import PASSWORD, Start
from .rig import Central
from .script import started

CALL = "/api/calls/desk-1/c1"


def viewer(access: Path, name: str, *roles: str) -> dict[str, str]:
    session, csrf = sign_in_viewer(access, name, roles)
    return {"Cookie": f"{COOKIE}={session}", CSRF_HEADER: csrf}


def entries(access: Path) -> list[tuple[str, str, str]]:
    with closing(open_access(access)) as database:
        return [(entry.who, entry.action, entry.call) for entry in audit.entries(database)]


async def a_call(central: Central) -> None:
    async with central.device() as device:
        await device.send_event(1, started())
        await device.read_acked(1)


NOBODY = {"Cookie": "", CSRF_HEADER: ""}


@pytest.mark.parametrize("path", ["devices", "calls", "calls/desk-1/c1", "stats", "live", "me", "audit"])
def test_nothing_is_told_to_who_is_not_signed_in(start: Start, path: str) -> None:
    async def run() -> None:
        async with start() as central:
            for wrong in (NOBODY, {"Cookie": f"{COOKIE}=x"}, {"Cookie": "", "Authorization": "Bearer x"}):
                assert (await central.ask(f"/api/{path}", **wrong))[0] == 401
            status, _, body = await central.ask("/", **NOBODY)
            assert (status, b"Sign in" in body) == (200, True), "the page leads to where one signs in"

    asyncio.run(run())


def test_a_password_opens_a_session_by_a_cookie_that_no_script_reads(start: Start, access: Path) -> None:
    async def run() -> None:
        async with start() as central:
            asked = {"name": "kim", "password": PASSWORD}
            status, headers, _ = await central.ask("/api/sign-in", asked, **NOBODY)
            assert status == 200
            cookie = headers["Set-Cookie"]
            for part in ("__Host-", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
                assert part in cookie
            held = {"Cookie": cookie.partition(";")[0], CSRF_HEADER: ""}
            me = await central.get("/api/me", **held)
            assert (me["name"], me["roles"]) == ("kim", ["supervisor"])
            held[CSRF_HEADER] = me["csrf"]
            assert (await central.ask("/api/sign-out", {}, **held))[0] == 200
            assert (await central.ask("/api/me", **held))[0] == 401
            assert [entry[:2] for entry in entries(access)] == [("kim", "sign_out"), ("kim", "sign_in")]

    asyncio.run(run())


@pytest.mark.parametrize("body", [[], {"name": 5}, {"password": "x" * 3000}, {"other": 1}])
def test_what_is_no_sign_in_is_refused(start: Start, body: Any) -> None:
    async def run() -> None:
        async with start() as central:
            assert (await central.ask("/api/sign-in", body, **NOBODY))[0] == 400

    asyncio.run(run())


def test_a_request_that_changes_something_needs_the_token_of_the_session(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            for wrong in ("", "x"):
                assert (await central.ask(f"{CALL}/acknowledge", {"alert": 1}, **{CSRF_HEADER: wrong}))[0] == 403
            assert (await central.ask(f"{CALL}/acknowledge", {"alert": 1}))[0] == 409

    asyncio.run(run())


def test_a_supervisor_sees_and_reaches_the_devices_of_their_team_alone(start: Start, access: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await a_call(central)
            kim = viewer(access, "kim")
            assert (await central.get("/api/devices", **kim))["devices"] == []
            assert (await central.get("/api/calls", **kim))["calls"] == []
            assert (await central.get("/api/calls?device=desk-1", **kim))["calls"] == []
            assert (await central.ask(CALL, **kim))[0] == 403
            assert (await central.ask(f"{CALL}/acknowledge", {"alert": 1}, **kim))[0] == 403
            with closing(open_access(access)) as database:
                people.set_team(database, "desk-1", "sales")
            assert [each["device"] for each in (await central.get("/api/devices", **kim))["devices"]] == ["desk-1"]
            assert (await central.get("/api/calls", **kim))["calls"][0]["call"] == "c1"
            assert (await central.ask(CALL, **kim))[0] == 200
            assert ("kim", "read_call", "c1") in entries(access)

    asyncio.run(run())


def test_the_live_feed_tells_a_supervisor_of_their_team_alone_and_ends_with_the_session(
    start: Start, access: Path
) -> None:
    async def run() -> None:
        async with start() as central, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{central.port}/api/live"
            async with session.get(url, headers=viewer(access, "kim")) as feed:
                await feed.content.readuntil(b"\n\n")
                await a_call(central)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.3):
                        assert not await feed.content.readline()

    asyncio.run(run())


def test_administrators_and_auditors_see_no_call(start: Start, access: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await a_call(central)
            for name, role in (("ada", "administrator"), ("otto", "auditor")):
                held = viewer(access, name, role)
                device = (await central.get("/api/devices", **held))["devices"][0]
                assert (device["newest_call"], device["last_words"], device["partials"]) == (None, None, [])
                assert (await central.ask(CALL, **held))[0] == 403
                assert (await central.ask("/api/live", **held))[0] == 403
                assert (await central.get("/api/calls", **held))["calls"] == []
                assert (await central.ask("/api/audit", **held))[0] == (200 if role == "auditor" else 403)

    asyncio.run(run())


def test_a_system_tells_of_callers_with_its_token_and_sees_no_call(start: Start, access: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await a_call(central)
            with closing(open_access(access)) as database:
                token = people.add_person(database, "crm", ["system"], [])
            held = {"Cookie": "", "Authorization": f"Bearer {token}"}
            assert (await central.ask(f"{CALL}/context", {"tier": "gold"}, **held))[0] == 409
            assert (await central.ask(f"{CALL}/acknowledge", {"alert": 1}, **held))[0] == 403
            assert (await central.ask(CALL, **held))[0] == 403
            assert ("crm", "context", "c1") in entries(access)

    asyncio.run(run())


def test_the_record_of_who_looked_is_read_by_auditors(start: Start, access: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await a_call(central)
            await central.get(CALL)
            found = json.loads((await central.ask("/api/audit?call=c1", **viewer(access, "otto", "auditor")))[2])
            assert [(entry["who"], entry["action"]) for entry in found["entries"]] == [("viewer", "read_call")]
            assert (await central.ask("/api/audit?limit=0", **viewer(access, "otto")))[0] == 400

    asyncio.run(run())
