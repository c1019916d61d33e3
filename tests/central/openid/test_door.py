"""Signing in through a real OpenID provider, a process of its own."""

import asyncio
import os
import re
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect

from appliance.central.access import audit, people
from appliance.central.access.store import open_access
from appliance.central.config import read_config
from appliance.central.openid.door import COOKIE as WAITING
from appliance.central.openid.provider import KEYS_TRIES
from appliance.central.openid.settings import OpenId
from appliance.central.sign_in import COOKIE, CSRF_HEADER
from appliance.secret_file import write_secret
from tests.central.conftest import Start
from tests.central.page.browser import ARGUMENTS, CALL, CHROMIUM
from tests.central.rig import Central

from .provider import SECRET


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port_file = tmp_path_factory.mktemp("provider") / "issuer"
    process = subprocess.Popen([sys.executable, "-m", "tests.central.openid.provider", str(port_file)])
    deadline_s = time.monotonic() + 60
    while not port_file.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline_s, "the provider does not start"
        time.sleep(0.02)
    yield port_file.read_text()
    process.kill()
    process.wait()


def settings(folder: Path, issuer: str, page: str = "http://127.0.0.1:1", more: str = "") -> OpenId:
    write_secret(folder / "openid-secret", SECRET + "\n")
    config = folder / "central.toml"
    config.write_text(f"""
[openid]
issuer = "{issuer}"
client_id = "undertone"
client_secret_file = "openid-secret"
page = "{page}"
label = "Sign in with the office account"
scopes = ["openid", "groups"]
roles_claim = "groups"
{more}
[[openid.roles]]
value = "call-supervisors"
role = "supervisor"
teams = ["billing"]
[[openid.roles]]
value = "compliance"
role = "auditor"
""")
    found = read_config(config).openid
    assert found is not None
    return found


class Browser:
    """Follows redirects one by one, as a browser does, and keeps cookies by itself."""

    def __init__(self, central: Central, web: aiohttp.ClientSession) -> None:
        self.central = central
        self.cookies: dict[str, str] = {}
        self._web = web

    async def go(self, path: str) -> str:
        """Ask our server, and give where it leads."""
        url = f"http://127.0.0.1:{self.central.port}{path}"
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        async with self._web.get(url, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            for line in answer.headers.getall("Set-Cookie", []):
                for name, cookie in SimpleCookie(line).items():
                    self.cookies[name] = cookie.value
            return answer.headers["Location"]

    async def chosen(self, account: str) -> str:
        """Start, choose an account at the provider, and give the way back to our server."""
        where = await self.go("/sign-in/openid")
        async with self._web.get(f"{where}&account={account}", allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            back = urllib.parse.urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    async def me(self) -> Any:
        return await self.central.get("/api/me", Cookie=f"{COOKIE}={self.cookies.get(COOKIE)}", **{CSRF_HEADER: ""})


def test_people_come_in_with_the_roles_and_teams_of_their_groups(start: Start, tmp_path: Path, issuer: str) -> None:
    async def run() -> None:
        async with start(openid=settings(tmp_path, issuer)) as central, aiohttp.ClientSession() as web:
            browser = Browser(central, web)
            assert (await central.get("/api/sign-in"))["openid"] == "Sign in with the office account"
            assert await browser.go(await browser.chosen("sam")) == "/sign-in#openid=done"
            me = await browser.me()
            assert (me["name"], me["roles"]) == ("openid:sam@example.com", ["supervisor"])
            held = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}", CSRF_HEADER: me["csrf"]}
            assert (await central.ask("/api/calls/desk-1/c1", **held))[0] == 403, "another team's"
            with closing(open_access(tmp_path / "access")) as database:
                people.set_team(database, "desk-1", "billing")
                newest = audit.entries(database)[-1]
                assert (newest.who, newest.action, newest.details) == (me["name"], "sign_in", "openid sub=1001")
            assert (await central.ask("/api/calls/desk-1/c1", **held))[0] == 404, "theirs, and not there"
            out = await central.get("/api/sign-out", {}, **held)
            assert out["next"].startswith(f"{issuer}/end_session?client_id=undertone&post_logout_redirect_uri=http")
            assert (await browser.me())["error"] == "sign in first"

    asyncio.run(run())


def test_whoever_has_no_role_is_refused_and_asked_again_who_they_are(start: Start, tmp_path: Path, issuer: str) -> None:
    async def run() -> None:
        async with start(openid=settings(tmp_path, issuer)) as central, aiohttp.ClientSession() as web:
            browser = Browser(central, web)
            assert await browser.go(await browser.chosen("nora")) == "/sign-in#openid=no_role"
            assert COOKIE not in browser.cookies
            assert "prompt=login" in await browser.go("/sign-in/openid?again=1")

    asyncio.run(run())


def test_an_answer_counts_once_in_the_browser_that_asked_alone(start: Start, tmp_path: Path, issuer: str) -> None:
    async def run() -> None:
        async with start(openid=settings(tmp_path, issuer)) as central, aiohttp.ClientSession() as web:
            browser, victim = Browser(central, web), Browser(central, web)
            back = await browser.chosen("sam")
            assert await victim.go(back) == "/sign-in#openid=expired", "nothing waits in this browser"
            await victim.chosen("otto")
            assert await victim.go(back) == "/sign-in#openid=invalid", "another sign-in waits in this browser"
            assert COOKIE not in victim.cookies
            held = browser.cookies[WAITING]
            assert await browser.go(back) == "/sign-in#openid=done"
            assert browser.cookies[WAITING] == ""
            browser.cookies[WAITING] = held
            assert await browser.go(back) == "/sign-in#openid=expired", "the provider knows the code no more"
            browser.cookies[WAITING] = held
            state = urllib.parse.quote(held.split(".")[0])
            assert await browser.go(f"/sign-in/openid/callback?state={state}&error=x") == "/sign-in#openid=refused"
            browser.cookies[WAITING] = held
            for query in (f"state={state}", f"state={state}&code={'x' * 5000}", f"state={state}&code=1&iss=http://e"):
                assert await browser.go(f"/sign-in/openid/callback?{query}") == "/sign-in#openid=invalid"
                browser.cookies[WAITING] = held

    asyncio.run(run())


def test_a_session_that_the_browser_had_before_ends(start: Start, tmp_path: Path, issuer: str) -> None:
    async def run() -> None:
        async with start(openid=settings(tmp_path, issuer)) as central, aiohttp.ClientSession() as web:
            browser = Browser(central, web)
            browser.cookies[COOKIE] = central.session
            await browser.go(await browser.chosen("otto"))
            assert (await browser.me())["roles"] == ["auditor"]
            assert (await central.ask("/api/me"))[0] == 401

    asyncio.run(run())


def test_a_new_key_of_the_provider_is_learnt_when_it_signs(start: Start, tmp_path: Path, issuer: str) -> None:
    async def run() -> None:
        async with start(openid=settings(tmp_path, issuer)) as central, aiohttp.ClientSession() as web:
            browser = Browser(central, web)
            assert await browser.go(await browser.chosen("sam")) == "/sign-in#openid=done"
            for tries in range(KEYS_TRIES + 1):
                async with web.post(f"{issuer}/rotate", data={}) as answer:
                    assert answer.status == 200
                came = await browser.go(await browser.chosen("sam"))
                assert came == f"/sign-in#openid={'done' if tries < KEYS_TRIES else 'invalid'}"

    asyncio.run(run())


def test_a_provider_that_is_away_stops_nothing_else(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        with closing(open_access(tmp_path / "access")) as database:
            people.add_person(database, "kim", ["supervisor"], ["sales"], "correct horse battery")
        nobody = settings(tmp_path, "http://127.0.0.1:9")
        async with start(openid=nobody) as central, aiohttp.ClientSession() as web:
            assert await Browser(central, web).go("/sign-in/openid") == "/sign-in#openid=unreachable"
            asked = {"name": "kim", "password": "correct horse battery"}
            assert (await central.ask("/api/sign-in", asked, Cookie="", **{CSRF_HEADER: ""}))[0] == 200

    asyncio.run(run())


@pytest.mark.soak
@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium")
def test_in_a_browser_it_takes_two_clicks_and_leads_to_where_one_wanted(
    start: Start, tmp_path: Path, issuer: str
) -> None:
    async def run() -> None:
        # The provider leads back to a fixed address, so the page's port is chosen before.
        port = 20_000 + os.getpid() % 10_000
        page_at = f"http://127.0.0.1:{port}"
        async with start(openid=settings(tmp_path, issuer, page_at), port=port), async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page()
            await page.goto(f"{page_at}/{CALL}")
            await page.get_by_role("link", name="Sign in with the office account").click()
            await page.get_by_role("link", name="nora").click()
            await expect(page.get_by_role("alert")).to_contain_text("nothing says what you may do here")
            await page.get_by_role("link", name="Sign in with the office account").click()
            await expect(page.locator("body")).to_contain_text("prompt=login")
            await page.goto(f"{page_at}/{CALL}")
            await page.get_by_role("link", name="Sign in with the office account").click()
            await page.get_by_role("link", name="sam").click()
            await expect(page.locator("#link-text")).to_have_text("Live")
            assert page.url.endswith(CALL)
            await page.get_by_role("button", name="Sign out").click()
            await expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
            assert re.search(r"/end_session\?client_id=undertone&post_logout", page.url)
            await browser.close()

    asyncio.run(run())
