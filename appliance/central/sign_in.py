"""The door for people: who is asking, and may they.

- `GET /sign-in`: the page to sign in; every other page leads there
- `GET /api/sign-in`: `{"openid": TEXT}`, what the button for OpenID Connect says, null where there is none
- `POST /api/sign-in` with `{"name", "password"}` or `{"link"}`: sets the cookie; 401 when it does not fit, 429 when it
  was tried too often
- `GET /api/me`: `{"name", "roles", "csrf"}`
- `POST /api/sign-out`: `{"ok": true, "next": URL}`; `next` is there where one signs out at the provider, too
- `GET /api/audit?who=&call=&limit=`: for auditors, `{"entries": [audit.Entry, ...]}`, newest first

The cookie is `__Host-`, Secure, HttpOnly and SameSite=Strict. A request with it that changes something needs the header
`X-Undertone-CSRF` with the token of `/api/me` as well. A program of the customer's sends its token as `Authorization:
Bearer` instead. Signing in by OpenID Connect is in `openid.door`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from appliance.central.access import audit, people, sessions
from appliance.central.access.people import Person, Sight
from appliance.central.database_thread import DatabaseThread
from appliance.central.openid.settings import CALLBACK, START
from appliance.central.rate import RateLimit

COOKIE: Final = "__Host-undertone"
CSRF_HEADER: Final = "X-Undertone-CSRF"

TRIES: Final = 6
TRIES_PER_ADDRESS: Final = 60
TRIES_PER_NAME: Final = 60
WINDOW_S: Final = 300.0
"""For one name from one address, for one address, behind which there may be an office, and for one name from anywhere:
a password is not guessed that way, and no single stranger keeps somebody out by trying their name."""

MAX_ADDRESS_CHARACTERS: Final = 64

MAX_HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB and a core."""

OPEN: Final = ("/page/", "/v1/updates/")
"""What begins like this is for everybody: the page's own files, and releases, which are signed."""

PUBLIC: Final = frozenset({"/v1/device", "/sign-in", "/api/sign-in", START, CALLBACK})
MAX_ENTRIES: Final = 5_000

PERSON: Final = web.RequestKey("person", Person)
CSRF: Final = web.RequestKey("csrf", str)
VOUCHED: Final = web.RequestKey("vouched", bool)

Text = Annotated[str, msgspec.Meta(max_length=2048)]

_log = logging.getLogger(__name__)


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name with its password, or a link."""

    name: Text = ""
    password: Text = ""
    link: Text = ""


class Door:
    """Lets people in and keeps the record of what they do."""

    def __init__(self, access: DatabaseThread, address_header: str | None = None) -> None:
        self._access = access
        self._address_header = address_header
        self._openid_label: str | None = None
        self._sign_out_address: Callable[[], Awaitable[str | None]] | None = None
        self._by_both = RateLimit(TRIES, WINDOW_S)
        self._by_name = RateLimit(TRIES_PER_NAME, WINDOW_S)
        self._by_address = RateLimit(TRIES_PER_ADDRESS, WINDOW_S)
        self._hashing = asyncio.Semaphore(MAX_HASHES_AT_ONCE)

    def offer_openid(self, label: str, sign_out_address: Callable[[], Awaitable[str | None]]) -> None:
        """Have the page offer OpenID Connect by this text, and send whoever came that way there to sign out."""
        self._openid_label, self._sign_out_address = label, sign_out_address

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers."""
        return [
            web.get("/api/sign-in", self._ways),
            web.post("/api/sign-in", self._sign_in),
            web.post("/api/sign-out", self._sign_out),
            web.get("/api/me", self._me),
            web.get("/api/audit", self._audit),
        ]

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let only people in who are signed in, and put the `Person` into the request."""
        if request.path in PUBLIC or request.path.startswith(OPEN):
            return await handler(request)
        bearer = request.headers.get(hdrs.AUTHORIZATION, "")
        if bearer.startswith("Bearer "):
            refused = await self._take_token(request, bearer.removeprefix("Bearer ").strip())
        else:
            refused = await self._take_session(request)
        return refused or await handler(request)

    async def _take_token(self, request: web.Request, token: str) -> web.Response | None:
        who = await self._access.ask(people.person_of_token, token)
        if who is None:
            return refusal(401, "unknown token")
        request[PERSON] = who
        return None

    async def _take_session(self, request: web.Request) -> web.Response | None:
        session = await self._access.ask(sessions.session_of, request.cookies.get(COOKIE, ""))
        if session is None:
            if request.path.startswith("/api/"):
                return refusal(401, "sign in first")
            return leads_to("/sign-in")
        if request.method not in {"GET", "HEAD"} and request.headers.get(CSRF_HEADER) != session.csrf:
            return refusal(403, "the request does not come from the page")
        request[PERSON], request[CSRF], request[VOUCHED] = session.who, session.csrf, session.vouched
        return None

    async def still_in(self, request: web.Request) -> bool:
        """Say whether the session of a request that lasts is still good; the question counts as use."""
        if COOKIE not in request.cookies:
            return True  # a token has no end
        return await self._access.ask(sessions.session_of, request.cookies[COOKIE]) is not None

    async def note(
        self, request: web.Request, action: audit.Action, device: str = "", call: str = "", details: str = ""
    ) -> None:
        """Keep what the person who asks is about to see or do; when it cannot be kept, nothing is shown."""
        await self._access.ask(audit.note, person_of(request).name, action, self.remote(request), device, call, details)

    async def sight(self, request: web.Request) -> Sight:
        """Give whose calls the person who asks may see."""
        return await self._access.ask(people.sight, person_of(request))

    def remote(self, request: web.Request) -> str:
        """Give where a request comes from. Behind our proxy that is the last address in its header: ours to trust."""
        told = request.headers.get(self._address_header, "") if self._address_header else ""
        return told.rpartition(",")[2].strip()[:MAX_ADDRESS_CHARACTERS] or request.remote or ""

    def must_wait(self, request: web.Request) -> float:
        """Count a try to sign in from where this request comes: 0 if it may be, else for how many seconds not."""
        return self._by_address.wait_s(self.remote(request), time.monotonic())

    async def let_in(
        self, request: web.Request, answer: web.Response, name: str, vouched: Person | None = None, details: str = ""
    ) -> None:
        """Open a session for somebody who has shown who they are, and put its cookie on the answer.

        A session that this browser had ends: it may be somebody else's.
        """
        await self._access.ask(audit.note, name, "sign_in", self.remote(request), details=details)
        await self._access.ask(sessions.close_session, request.cookies.get(COOKIE, ""))
        token = await self._access.ask(sessions.open_session, name, vouched)
        age_s = int(sessions.AGE.total_seconds())
        answer.set_cookie(COOKIE, token, max_age=age_s, path="/", secure=True, httponly=True, samesite="Strict")

    async def _ways(self, _request: web.Request) -> web.Response:
        return reply({"openid": self._openid_label})

    async def _sign_in(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=SignIn)
        except msgspec.DecodeError as error:
            return refusal(400, str(error))
        remote = self.remote(request)
        wait_s = self.must_wait(request) or (asked.name and self._must_wait(asked.name, remote))
        if wait_s:
            answer = refusal(429, "too many tries, wait some minutes")
            answer.headers[hdrs.RETRY_AFTER] = str(int(wait_s) + 1)
            return answer
        name = await self._name_of(asked)
        if name is None:
            _log.warning("sign_in_refused remote=%s", remote)
            await self._access.ask(audit.note, asked.name, "sign_in_refused", remote)
            return refusal(401, "this name and password do not fit" if asked.name else "this link was used already")
        self._by_name.forget(name)
        self._by_both.forget(f"{name} {remote}")
        answer = reply({"ok": True})
        await self.let_in(request, answer, name)
        return answer

    def _must_wait(self, name: str, remote: str) -> float:
        now_s = time.monotonic()
        return self._by_both.wait_s(f"{name} {remote}", now_s) or self._by_name.wait_s(name, now_s)

    async def _name_of(self, asked: SignIn) -> str | None:
        if asked.link:
            return await self._access.ask(sessions.take_link, asked.link)
        hashed = await self._access.ask(people.password_hash, asked.name)
        async with self._hashing:
            fits = await asyncio.to_thread(people.password_fits, hashed, asked.password)
        return asked.name if fits else None

    async def _sign_out(self, request: web.Request) -> web.Response:
        await self.note(request, "sign_out")
        await self._access.ask(sessions.close_session, request.cookies.get(COOKIE, ""))
        there = await self._sign_out_address() if self._sign_out_address and request.get(VOUCHED) else None
        answer = reply({"ok": True} | ({"next": there} if there else {}))
        answer.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
        return answer

    async def _me(self, request: web.Request) -> web.Response:
        who = person_of(request)
        return reply({"name": who.name, "roles": sorted(who.roles), "csrf": request.get(CSRF, "")})

    async def _audit(self, request: web.Request) -> web.Response:
        if "auditor" not in person_of(request).roles:
            return refusal(403, "only an auditor may read this")
        limit = request.query.get("limit", "500")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= MAX_ENTRIES):
            return refusal(400, f"limit is a number from 1 to {MAX_ENTRIES}")
        await self.note(request, "read_audit")
        who, call = request.query.get("who") or None, request.query.get("call") or None
        found = await self._access.ask(audit.entries, who=who, call=call, limit=int(limit))
        return reply({"entries": [entry._asdict() for entry in found]})


def person_of(request: web.Request) -> Person:
    """Give who is asking; `Door.check` has let them in."""
    return request[PERSON]


def reply(content: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON value
    """Give an answer in JSON."""
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")


def leads_to(where: str) -> web.Response:
    """Give an answer that has the browser go somewhere else."""
    return web.Response(status=302, headers={hdrs.LOCATION: where})


def refusal(status: int, text: str) -> web.Response:
    """Give an error of the API."""
    return reply({"error": text}, status)
