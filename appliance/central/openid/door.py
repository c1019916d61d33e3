"""The addresses by which people sign in with OpenID Connect.

- `GET /sign-in/openid`: to the provider; with `?again=1` it is to ask who they are even if it knows
- `GET /sign-in/openid/callback?code=&state=`: back from it; leads to `/sign-in#openid=done`, or `#openid=REASON`

What waits for the answer is in the cookie `__Host-undertone-openid` of this browser, for ten minutes: so an address
that somebody else made, with a code and state of theirs, signs nobody in. It is SameSite=Lax, because the provider's
page leads back here; the session's own cookie is Strict.
"""

import base64
import hashlib
import hmac
import logging
import secrets
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from appliance.central.openid.id_token import NoRoleError, TokenError, person
from appliance.central.openid.provider import OpenIdError, Provider, Reason
from appliance.central.openid.settings import CALLBACK, START, OpenId
from appliance.central.sign_in import Door, leads_to

COOKIE: Final = "__Host-undertone-openid"
WAITS_S: Final = 600

MAX_CODE_CHARACTERS: Final = 4096

_log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """What must come back, or stay secret until then."""

    state: str
    nonce: str
    verifier: str


class OpenIdDoor:
    """Lets people in whom the provider vouches for."""

    def __init__(self, settings: OpenId, door: Door) -> None:
        self._settings = settings
        self._door = door
        self._provider = Provider(settings)

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers."""
        return [web.get(START, self._start), web.get(CALLBACK, self._callback)]

    async def look(self) -> None:
        """Ask the provider for its document once, so that the log tells at the start what would not work."""
        try:
            await self._provider.document()
            _log.info("openid_ready issuer=%s", self._settings.issuer)
        except OpenIdError as error:
            _log.error("openid_unreachable error=%r passwords=still_work", str(error))

    async def sign_out_address(self) -> str | None:
        """Give where a browser is to go to sign out at the provider, too; None where that is not wanted or known.

        OpenID Connect RP-Initiated Logout 1.0. The ID token is not kept here, so the provider may ask again.
        """
        if not self._settings.signs_out_there:
            return None
        try:
            end = (await self._provider.document()).end_session_endpoint
        except OpenIdError:
            return None
        back = f"{self._settings.page}/sign-in"
        return _with(end, client_id=self._settings.client_id, post_logout_redirect_uri=back) if end else None

    async def _start(self, request: web.Request) -> web.Response:
        try:
            document = await self._provider.document()
        except OpenIdError as error:
            return self._refuse(request, error)
        waiting = Waiting(*(secrets.token_urlsafe(32) for _ in range(3)))
        digest = hashlib.sha256(waiting.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        again = {"prompt": "login"} if request.query.get("again") else {}
        where = _with(
            document.authorization_endpoint, response_type="code", client_id=self._settings.client_id,
            redirect_uri=self._settings.callback, scope=" ".join(self._settings.scopes), state=waiting.state,
            nonce=waiting.nonce, code_challenge=challenge, code_challenge_method="S256", **again,
        )  # fmt: skip
        answer = leads_to(where)
        answer.set_cookie(
            COOKIE, ".".join(waiting), max_age=WAITS_S, path="/", secure=True, httponly=True, samesite="Lax"
        )
        return answer

    async def _callback(self, request: web.Request) -> web.Response:
        if self._door.must_wait(request):
            return self._refuse(request, OpenIdError("too_many", "too many tries from this address"))
        try:
            code, waiting = await self._answered(request)
            known = person(await self._provider.claims(code, waiting.verifier, waiting.nonce), self._settings)
        except NoRoleError as error:
            return self._refuse(request, OpenIdError("no_role", f"{error} has no role here"))
        except TokenError as error:
            return self._refuse(request, OpenIdError("invalid", str(error)))
        except OpenIdError as error:
            return self._refuse(request, error)
        answer = leads_to("/sign-in#openid=done")
        await self._door.let_in(request, answer, known.person.name, known.person, f"openid sub={known.subject[:100]}")
        return _forget(answer)

    async def _answered(self, request: web.Request) -> tuple[str, Waiting]:
        """Give code and what waited for it. Raises `OpenIdError`."""
        query = request.query
        parts = request.cookies.get(COOKIE, "").split(".")
        if len(parts) != len(Waiting._fields):
            raise OpenIdError("expired", "nothing waits for an answer in this browser")
        waiting = Waiting(*parts)
        if not waiting.state or not hmac.compare_digest(waiting.state.encode(), query.get("state", "").encode()):
            raise OpenIdError("invalid", "the answer is for another sign-in")
        await self._check_issuer(query.get("iss"))
        if "error" in query:
            raise OpenIdError("refused", f"the provider says {query['error'][:100]!r}")
        code = query.get("code", "")
        if not 0 < len(code) <= MAX_CODE_CHARACTERS:
            raise OpenIdError("invalid", "the provider sent no code")
        return code, waiting

    async def _check_issuer(self, said: str | None) -> None:
        # RFC 9207: an answer of another provider must not be taken for one of ours.
        promised = (await self._provider.document()).authorization_response_iss_parameter_supported
        if (said is not None or promised) and said != self._settings.issuer:
            raise OpenIdError("invalid", f"the answer is of {str(said)[:100]!r}")

    def _refuse(self, request: web.Request, error: OpenIdError) -> web.Response:
        _log.warning(
            "openid_refused remote=%s reason=%s error=%r", self._door.remote(request), error.reason, str(error)
        )
        reason: Reason = error.reason
        return _forget(leads_to(f"/sign-in#openid={reason}"))


def _forget(answer: web.Response) -> web.Response:
    answer.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return answer


def _with(url: str, **query: str) -> str:
    """Give an address with these added to its query."""
    parts = urlsplit(url)
    joined = "&".join(filter(None, [parts.query, urlencode(query)]))
    return urlunsplit(parts._replace(query=joined))
