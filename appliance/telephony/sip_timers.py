"""SIP's timers as values: messages that are sent again until answered, and session timers (RFC 3261 §17, RFC 4028)."""

import re
from typing import Final, Literal, NamedTuple

from appliance.telephony.sip_headers import options, parse_parameters
from appliance.telephony.sip_message import Request, value
from appliance.telephony.sip_status import Headers, RefusedError

T1_S: Final = 0.5
"""The round trip that is expected (RFC 3261 §17.1.1.1)."""

T2_S: Final = 4.0
"""The longest interval between two sendings."""

GIVE_UP_S: Final = 64 * T1_S
"""Timers B, F, H and J."""

MIN_INTERVAL_S: Final = 90
"""The least session interval that RFC 4028 §4 allows."""

INTERVAL_S: Final = 1800
"""What we ask for where the client leaves it to us (RFC 4028 §4 recommends it)."""

_SECONDS: Final = re.compile(r"\s*(\d{1,9})\s*(;.*)?", re.DOTALL)

Refresher = Literal["us", "them"]


class Resending(NamedTuple):
    """Bytes that go out again at growing intervals until `until_s` or until they are answered."""

    data: bytes
    at_s: float
    interval_s: float
    until_s: float

    def next(self, now_s: float) -> "Resending":
        """Give what remains to be done after the sending that was due at `at_s`."""
        interval_s = min(2 * self.interval_s, T2_S)
        return self._replace(at_s=now_s + interval_s, interval_s=interval_s)

    @property
    def wake_s(self) -> float:
        """When something is to be done."""
        return min(self.at_s, self.until_s)


def resending(data: bytes, now_s: float, *, reliable: bool = False) -> Resending:
    """Give bytes that were just sent for the first time; over a `reliable` transport only the end is awaited."""
    until_s = now_s + GIVE_UP_S
    return Resending(data, until_s if reliable else now_s + T1_S, T1_S, until_s)


class SessionTimer(NamedTuple):
    """How long a session lives without a refresh, and who has to refresh it."""

    interval_s: int
    refresher: Refresher
    renewed_s: float

    @property
    def wake_s(self) -> float:
        """When we have to refresh (RFC 4028 §7.2: at half the interval), or give it up (§10: a little before)."""
        if self.refresher == "us":
            return self.renewed_s + self.interval_s / 2
        return self.expires_s - min(32.0, self.interval_s / 3)

    @property
    def expires_s(self) -> float:
        """When it is over."""
        return self.renewed_s + self.interval_s

    @property
    def headers(self) -> Headers:
        """Give the header fields for our answer; we are its UAS (RFC 4028 §9)."""
        expires = ("Session-Expires", f"{self.interval_s};refresher={'uas' if self.refresher == 'us' else 'uac'}")
        return (expires, ("Require", "timer")) if self.refresher == "them" else (expires,)


def negotiate_timer(request: Request, now_s: float) -> SessionTimer | None:
    """Give the session timer that a request sets up; None when its client knows none and asks for none.

    Raises `RefusedError`: 422 when the interval is too small, 400 when it cannot be read.
    """
    text = value(request, "Session-Expires")
    knows = "timer" in options(request, "Supported") | options(request, "Require")
    if text is None:
        return SessionTimer(max(INTERVAL_S, _least(request)), "them", now_s) if knows else None
    found = _SECONDS.fullmatch(text)
    if not found:
        raise RefusedError(400, "Session-Expires cannot be read")
    if int(found[1]) < MIN_INTERVAL_S:
        raise RefusedError(422, "the session interval is too small", (("Min-SE", str(MIN_INTERVAL_S)),))
    wanted = parse_parameters(found[2] or "").get("refresher", "uac" if knows else "uas").lower()
    return SessionTimer(int(found[1]), "them" if wanted == "uac" and knows else "us", now_s)


def _least(request: Request) -> int:
    found = _SECONDS.fullmatch(value(request, "Min-SE") or "")
    return int(found[1]) if found else MIN_INTERVAL_S
