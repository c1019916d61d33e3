"""Digest authentication of requests (RFC 7616, RFC 8760 for SIP, RFC 3261 §22).

Nonces carry their time and are signed with the server's secret: nothing has to be remembered of who was challenged.
Replays within a nonce's life are told by its counter, for as many nonces as are remembered.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from appliance.telephony.sip_headers import split_list, unquote
from appliance.telephony.sip_message import Request, value
from appliance.telephony.sip_status import Headers, RefusedError

NONCE_LIFE_S: Final = 300.0
"""RFC 7616 §3.3 leaves it open: long enough for a session's requests, short enough to make a stolen one useless."""

MAX_NONCES: Final = 256
"""Whose counters are remembered: each client of a box uses one nonce at a time."""

ALGORITHMS: Final = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
"""In the order in which they are offered (RFC 8760 §2.3): the best first; much equipment has MD5 alone."""

_SIGNATURE_DIGITS: Final = 32
_NONCE: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,15})-[0-9a-f]{32}")
_COUNTER: Final = re.compile(r"[0-9a-fA-F]{8}")


class DigestGuard:
    """Asks for a password, and checks it. `passwords` maps names to passwords; `secret` signs the nonces.

    `algorithms` are offered in this order; some clients look at the first challenge alone, and give up if they do not
    know it.
    """

    def __init__(
        self, realm: str, passwords: Mapping[str, str], secret: bytes, algorithms: Sequence[str] = tuple(ALGORITHMS)
    ) -> None:
        # Some builds of the library have no SHA-512/256, some no MD5.
        self._algorithms = [name for name in algorithms if ALGORITHMS[name] in hashlib.algorithms_available]
        self._realm = realm
        self._passwords = passwords
        self._secret = secret
        self._counters: dict[int, int] = {}
        self._issued = 0
        self._forgotten = 0

    def check(self, request: Request, now_s: float) -> str:
        """Give the name of who sent the request.

        Raises `RefusedError`: 401 with challenges when no password or a wrong one is given, or the nonce is too old.
        """
        given = _credentials(value(request, "Authorization") or "")
        if not given:
            raise RefusedError(401, "no credentials", self._challenges(now_s, stale=False))
        algorithm = given.get("algorithm", "MD5").upper()
        password = self._passwords.get(given.get("username", ""))
        usable = algorithm in self._algorithms and given.get("qop") == "auth" and given.get("realm") == self._realm
        if not usable or password is None or not self._is_right(request, given, algorithm, password):
            raise RefusedError(401, "wrong credentials", self._challenges(now_s, stale=False))
        if not self._is_fresh(given, now_s):
            raise RefusedError(401, "an old nonce", self._challenges(now_s, stale=True))
        return given["username"]

    def _is_right(self, request: Request, given: Mapping[str, str], algorithm: str, password: str) -> bool:
        # The URI of the credentials is not compared with the request's: proxies rewrite that one, and clients such as
        # sipp leave the user out. Nothing is gained by another URI, for a nonce's count is taken once.
        expected = response_digest(algorithm, given, password, request.method)
        return hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode("utf-8", "replace"))

    def _is_fresh(self, given: Mapping[str, str], now_s: float) -> bool:
        nonce = _NONCE.fullmatch(given.get("nonce", ""))
        if not nonce or not hmac.compare_digest(nonce[0], self._nonce(int(nonce[1]), int(nonce[2]))):
            return False
        serial, count = int(nonce[2]), given.get("nc", "")
        is_new = (
            _COUNTER.fullmatch(count) and int(count, 16) > self._counters.get(serial, 0) and serial > self._forgotten
        )
        if not is_new or not 0 <= now_s - int(nonce[1]) <= NONCE_LIFE_S:
            return False
        self._counters[serial] = int(count, 16)
        if len(self._counters) > MAX_NONCES:
            # What is forgotten must not be replayed either.
            self._forgotten = min(self._counters)
            del self._counters[self._forgotten]
        return True

    def _challenges(self, now_s: float, *, stale: bool) -> Headers:
        self._issued += 1
        nonce, old = self._nonce(int(now_s), self._issued), ", stale=true" if stale else ""
        form = 'Digest realm="{}", nonce="{}", algorithm={}, qop="auth"{}'
        return tuple(("WWW-Authenticate", form.format(self._realm, nonce, name, old)) for name in self._algorithms)

    def _nonce(self, time_s: int, serial: int) -> str:
        signed = hmac.new(self._secret, f"{time_s}-{serial}".encode(), hashlib.sha256).hexdigest()
        return f"{time_s}-{serial}-{signed[:_SIGNATURE_DIGITS]}"


def response_digest(algorithm: str, given: Mapping[str, str], password: str, method: str) -> str:
    """Give the digest that answers a challenge with qop=auth (RFC 7616 §3.4.1)."""

    def digest(text: str) -> str:
        name = ALGORITHMS[algorithm]
        return hashlib.new(name, text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()

    who = digest(f"{given.get('username', '')}:{given.get('realm', '')}:{password}")
    what = digest(f"{method}:{given.get('uri', '')}")
    return digest(":".join((who, *(given.get(key, "") for key in ("nonce", "nc", "cnonce", "qop")), what)))


def _credentials(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    pairs = (item.partition("=") for item in split_list(rest))
    return {name.strip().lower(): unquote(content.strip()) for name, _, content in pairs}
