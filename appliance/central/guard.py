"""Keeps other web sites out of the page and its API, and sets the security headers."""

import logging
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from appliance.central.sign_in import refusal

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_log = logging.getLogger(__name__)


def guard(port: Callable[[], int], public_names: frozenset[str]) -> Middleware:
    """Give the middleware that keeps other web sites out and sets the security headers.

    A browser on this machine may be led to load our API under a name of the attacker's (DNS rebinding), or to post to
    it from another site. So `Host` must be a loopback name with our `port`, or one of `public_names` (under which a
    proxy serves the page), and an `Origin`, where there is one, must agree. The devices' door has its tokens instead.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/v1/device":
            allowed = {f"{name}:{port()}" for name in ("127.0.0.1", "localhost", "[::1]")} | public_names
            origin = request.headers.get(hdrs.ORIGIN)
            if request.host not in allowed:
                return refusal(421, f"this server is not called {request.host}: see --public-name")
            if origin is not None and origin.partition("://")[2] not in allowed:
                return refusal(403, "requests from other sites are refused")
            if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"} and _is_api(request):
                return refusal(403, "requests from other sites are refused")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return refusal(error.status, error.reason) if _is_api(request) else _refusal(error)
        except Exception:  # noqa: BLE001 - the last resort: one request fails, the server goes on
            _log.exception("request_failed method=%s path=%s", request.method, request.path)
            return refusal(500, "the server failed; its log says why")

    return check


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on every response just before it is sent."""
    response.headers.update(_HEADERS)
    response.headers[hdrs.CACHE_CONTROL] = "no-store" if _is_api(request) else "no-cache"


def _is_api(request: web.Request) -> bool:
    return request.path.startswith("/api/")


def _refusal(error: web.HTTPException) -> web.Response:
    headers = {name: error.headers[name] for name in (hdrs.WWW_AUTHENTICATE, hdrs.ALLOW) if name in error.headers}
    return web.Response(status=error.status, text=error.text, headers=headers)
