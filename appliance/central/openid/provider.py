"""What is asked of the provider itself: its document, its keys, and an ID token for a code."""

import asyncio
import base64
import logging
import ssl
import time
from typing import Any, Final, Literal, NoReturn, TypeVar
from urllib.parse import quote_plus, urlsplit

import aiohttp
import msgspec

from appliance.central.openid import id_token
from appliance.central.openid.id_token import Key, TokenError, UnknownKeyError
from appliance.central.openid.settings import LOOPBACK, OpenId, is_secure
from appliance.central.rate import RateLimit

TIMEOUT_S: Final = 10.0
"""Somebody waits before a white page."""

MAX_ANSWER_BYTES: Final = 262_144
DOCUMENT_AGE_S: Final = 3600.0
KEYS_AGE_S: Final = 3600.0

KEYS_TRIES: Final = 3
KEYS_WINDOW_S: Final = 60.0
"""A key that is not listed has the list read again; a stream of invented ones does not flood the provider."""

Reason = Literal["unreachable", "refused", "expired", "invalid", "no_role", "too_many"]
"""Why somebody was not let in, as the page tells it."""

_log = logging.getLogger(__name__)


class OpenIdError(Exception):
    """Nobody can be let in; `reason` is for the person, the text for the log."""

    def __init__(self, reason: Reason, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class Document(msgspec.Struct, frozen=True):
    """What we need of the provider's own document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[Any]


T = TypeVar("T", Document, _Tokens, _KeySet)


class Provider:
    """One issuer. What it said last holds while it cannot be reached."""

    def __init__(self, settings: OpenId) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context(cafile=settings.ca_file)
        self._document: Document | None = None
        self._document_s = 0.0
        self._keys: dict[str, Key] = {}
        self._keys_s = 0.0
        self._anew = RateLimit(KEYS_TRIES, KEYS_WINDOW_S)
        self._asking = asyncio.Lock()

    async def document(self) -> Document:
        """Give the provider's document. Raises `OpenIdError`."""
        async with self._asking:
            if self._document is None or time.monotonic() - self._document_s > DOCUMENT_AGE_S:
                try:
                    self._document = await self._read_document()
                    self._document_s = time.monotonic()
                except OpenIdError as error:
                    if self._document is None:
                        raise
                    _log.warning("openid_document error=%r kept=last_good", str(error))
            return self._document

    async def claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """Change a code for verified claims. Raises `OpenIdError`."""
        token = await self._token(code, verifier)
        try:
            return self._verified(token, await self._current_keys(), nonce)
        except UnknownKeyError as error:
            keys = await self._current_keys(anew=True)
            try:
                return self._verified(token, keys, nonce)
            except TokenError:
                raise OpenIdError("invalid", str(error)) from error
        except TokenError as error:
            raise OpenIdError("invalid", str(error)) from error

    def _verified(self, token: str, keys: dict[str, Key], nonce: str) -> dict[str, Any]:
        return id_token.verified(token, keys, self._settings, nonce, int(time.time()))

    async def _read_document(self) -> Document:
        url = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        document = _decoded(await self._ask("GET", url), Document, url)
        if document.issuer != self._settings.issuer:
            raise OpenIdError("unreachable", f"{url} is the document of {document.issuer!r}")
        ends = (document.authorization_endpoint, document.token_endpoint, document.jwks_uri)
        for end in (*ends, *filter(None, [document.end_session_endpoint])):
            if not is_secure(end):
                raise OpenIdError("unreachable", f"{url} names {end!r}, which is not https")
        return document

    async def _current_keys(self, *, anew: bool = False) -> dict[str, Key]:
        document = await self.document()
        async with self._asking:
            now_s = time.monotonic()
            if not self._keys or now_s - self._keys_s > KEYS_AGE_S or (anew and not self._anew.wait_s("", now_s)):
                self._keys_s = now_s
                try:
                    found = id_token.keys_of(_decoded(await self._ask("GET", document.jwks_uri), _KeySet, "keys").keys)
                    self._keys = found or self._keys
                except OpenIdError as error:
                    if not self._keys:
                        raise
                    _log.warning("openid_keys error=%r kept=last_good", str(error))
            return self._keys

    async def _token(self, code: str, verifier: str) -> str:
        document, settings = await self.document(), self._settings
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": settings.callback,
            "code_verifier": verifier, "client_id": settings.client_id,
        }  # fmt: skip
        headers = {}
        if settings.client_secret is not None:
            if "client_secret_basic" in document.token_endpoint_auth_methods_supported:
                # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
                both = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}".encode()
                headers["Authorization"] = "Basic " + base64.b64encode(both).decode()
            else:
                form["client_secret"] = settings.client_secret
        body = await self._ask("POST", document.token_endpoint, form, headers)
        return _decoded(body, _Tokens, document.token_endpoint).id_token

    async def _ask(
        self, method: str, url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        is_here = urlsplit(url).hostname in LOOPBACK
        try:
            async with (
                # An office may reach a provider in the cloud through a proxy alone.
                aiohttp.ClientSession(timeout=timeout, trust_env=not is_here) as session,
                # A redirect would carry code and secret to wherever it points.
                session.request(
                    method, url, data=form, headers=headers, ssl=self._tls, allow_redirects=False
                ) as answer,
            ):
                body = b""
                while len(body) <= MAX_ANSWER_BYTES and (more := await answer.content.readany()):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise OpenIdError("unreachable", f"{url}: {error!r}") from error
        if len(body) > MAX_ANSWER_BYTES:
            raise OpenIdError("unreachable", f"{url}: the answer is too large")
        if answer.status != 200:
            _fail(url, answer.status, body)
        return body


def _fail(url: str, status: int, body: bytes) -> NoReturn:
    # RFC 6749, section 5.2: a code that is over, or was used, is 400 `invalid_grant`.
    reason: Reason = "expired" if status == 400 and b"invalid_grant" in body else "unreachable"
    raise OpenIdError(reason, f"{url}: HTTP {status} {body[:200]!r}")


def _decoded(body: bytes, kind: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise OpenIdError("unreachable", f"{where}: {error}") from error
