"""What people try who are signed in, or want to be, and may not."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import websockets

from appliance.central.access import audit, people
from appliance.central.access.store import open_access
from appliance.central.sign_in import COOKIE, CSRF_HEADER, TRIES
from appliance.central.web import OF_CALL, OF_DEVICE

from .conftest import PASSWORD, Start
from .test_sign_in import NOBODY, a_call, viewer

BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {"alert": 1}, "snooze": {"alert": 1}, "guidance": {"text": "x"}, "supervisor": {"action": "seen"},
    "rules": {"pack": "x", "version": "1"}, "update": {"version": "1"},
}  # fmt: skip
EVERYTHING = {f"/api/calls/desk-1/c1/{name}": BODIES.get(name, {}) for name in OF_CALL} | {
    f"/api/devices/desk-1/{name}": BODIES.get(name, {}) for name in OF_DEVICE
}
OF_ADMINISTRATOR = {f"/api/devices/desk-1/{name}" for name in OF_DEVICE}
OF_SUPERVISOR = set(EVERYTHING) - {f"/api/devices/desk-1/{name}" for name in ("rules", "config", "update")}


@pytest.fixture
def teams(tmp_path: Path) -> Path:
    """Give the folder of who may come in, where kim supervises another team."""
    folder = tmp_path / "access"
    with closing(open_access(folder)) as database:
        people.add_person(database, "kim", ["supervisor"], ["sales"])
    return folder


@pytest.mark.parametrize(
    ("name", "role", "may"),
    [
        ("otto", "auditor", set[str]()),
        ("kim", "supervisor", set[str]()),  # of another team
        ("lee", "supervisor", OF_SUPERVISOR),
        ("ada", "administrator", OF_ADMINISTRATOR),
    ],
)
def test_each_role_orders_what_is_its_own_and_every_other_try_is_kept(
    start: Start,
    teams: Path,
    name: str,
    role: str,
    may: set[str],
) -> None:
    async def run() -> None:
        async with start() as central:
            held = viewer(teams, name, role)
            allowed = {path for path, body in EVERYTHING.items() if (await central.ask(path, body, **held))[0] == 409}
            assert allowed == may, "409: nobody is on line to do it"
            with closing(open_access(teams)) as database:
                tries = [entry for entry in audit.entries(database, who=name) if entry.action == "refused"]
            assert len(tries) == len(EVERYTHING) - len(may)

    asyncio.run(run())


def test_a_supervisor_of_another_team_learns_no_name_no_number_and_no_word(
    start: Start,
    teams: Path,
) -> None:
    async def run() -> None:
        async with start() as central:
            await a_call(central)
            held = viewer(teams, "kim")
            for path in ("devices", "calls", "calls?device=desk-1", "stats", "fleet", "calls/desk-1/c1"):
                status, _, body = await central.ask(f"/api/{path}", **held)
                assert (status, b"desk-1" in body) in {(200, False), (403, True)}, path
            assert (await central.ask("/api/audit", **held))[0] == 403

    asyncio.run(run())


def test_the_newest_words_of_all_calls_are_not_read_without_a_trace(start: Start, teams: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await central.get("/api/devices")
            with closing(open_access(teams)) as database:
                assert [entry.action for entry in audit.entries(database, who="viewer")] == ["watch_live"]

    asyncio.run(run())


def test_no_web_page_opens_the_devices_websocket(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            url = f"ws://127.0.0.1:{central.port}/v1/device"
            headers = {"Authorization": f"Bearer {central.token}", "Origin": f"http://127.0.0.1:{central.port}"}
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with websockets.connect(url, additional_headers=headers, proxy=None):
                    pass
            assert refused.value.response.status_code == 403

    asyncio.run(run())


def test_who_guesses_passwords_is_told_to_wait_and_keeps_nobody_else_out(start: Start, access: Path) -> None:
    async def run() -> None:
        async with start(address_header="X-Forwarded-For") as central:
            stranger = NOBODY | {"X-Forwarded-For": "1.2.3.4, 192.0.2.66"}
            for _ in range(TRIES):
                assert (await central.ask("/api/sign-in", {"name": "kim", "password": "x"}, **stranger))[0] == 401
            asked = {"name": "kim", "password": PASSWORD}
            status, told, _ = await central.ask("/api/sign-in", asked, **stranger)
            assert (status, int(told["Retry-After"]) > 0) == (429, True)
            assert (await central.ask("/api/sign-in", asked, **NOBODY, **{"X-Forwarded-For": "192.0.2.7"}))[0] == 200
            with closing(open_access(access)) as database:
                tries = {(entry.action, entry.remote) for entry in audit.entries(database, who="kim")}
            wanted = {("sign_in_refused", "192.0.2.66"), ("sign_in", "192.0.2.7")}
            assert tries == wanted, "the last address is the proxy's word"

    asyncio.run(run())


@pytest.mark.usefixtures("access")
def test_a_session_that_somebody_planted_is_not_the_one_that_signing_in_gives(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            planted = {"Cookie": f"{COOKIE}=planted", CSRF_HEADER: ""}
            asked = {"name": "kim", "password": PASSWORD}
            _, headers, _ = await central.ask("/api/sign-in", asked, **planted)
            assert f"{COOKIE}=planted" not in headers["Set-Cookie"]
            assert (await central.ask("/api/me", **planted))[0] == 401
            forged = NOBODY | {"Origin": "https://evil.example"}
            assert (await central.ask("/api/sign-in", asked, **forged))[0] == 403, "from another site"

    asyncio.run(run())
