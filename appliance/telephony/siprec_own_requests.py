"""The requests that a recording server sends in a session: BYE, and refreshes by UPDATE or INVITE.

RFC 3261 §17.1 (client transactions), RFC 4028 §10 (refreshes).
"""

import math
from typing import Final, Literal, NamedTuple

from appliance.telephony import sip_dialog
from appliance.telephony.sip_actions import UNRELIABLE, Action, Send
from appliance.telephony.sip_dialog import Dialog
from appliance.telephony.sip_headers import Essentials
from appliance.telephony.sip_message import serialise
from appliance.telephony.sip_status import Headers
from appliance.telephony.sip_timers import Resending, SessionTimer, resending

RETRY_S: Final = 10.0
"""After a refresh was refused for a passing reason, such as one of the client's own under way (491)."""

Verdict = Literal["well", "gone", "expired"]
Method = Literal["BYE", "UPDATE", "INVITE"]


class _Asked(NamedTuple):
    method: Method
    branch: str
    number: int
    resending: Resending


class OwnRequests:
    """At most one request is under way; a BYE displaces any other. `peer_updates`: the client allows UPDATE."""

    def __init__(self, dialog: Dialog, name: str) -> None:
        self._dialog = dialog
        self._name = name
        self._asked: _Asked | None = None
        self._timer: SessionTimer | None = None
        self._refresh_s = math.inf
        self.peer_updates = False

    @property
    def is_asking(self) -> bool:
        """Say whether a request of ours waits for its answer."""
        return self._asked is not None

    @property
    def is_inviting(self) -> bool:
        """Say whether an INVITE of ours waits for its answer."""
        return self._asked is not None and self._asked.method == "INVITE"

    @property
    def wake_s(self) -> float:
        """When `wake` is next needed; infinity for never."""
        if self._asked:
            return self._asked.resending.wake_s
        return self._refresh_s

    def refresh_by(self, timer: SessionTimer | None) -> None:
        """Keep the session alive as this timer asks; None: the client does, or nobody."""
        self._timer = timer
        self._refresh_s = timer.wake_s if timer else math.inf

    def send(self, method: Method, now_s: float, body: bytes = b"") -> list[Action]:
        """Send a request, and see to it until it is answered."""
        branch = f"{self._name}{self._dialog.local_cseq + 1}"
        headers: Headers = ()
        if method != "BYE":
            interval_s = self._timer.interval_s if self._timer else 0
            headers = (
                ("Contact", sip_dialog.contact(self._dialog.peer)),
                ("Supported", "timer"),
                *((("Session-Expires", f"{interval_s};refresher=uac"),) if interval_s else ()),
                *((("Content-Type", "application/sdp"),) if body else ()),
            )
        data = serialise(self._dialog.request(method, branch, headers, body))
        reliable = self._dialog.peer.transport != UNRELIABLE
        self._asked = _Asked(method, branch, self._dialog.local_cseq, resending(data, now_s, reliable=reliable))
        return [Send(data, self._dialog.peer)]

    def receive_status(self, status: int, known: Essentials, body: bytes, now_s: float) -> tuple[Verdict, list[Action]]:
        """Take the status of a response; "gone" when the session is no more."""
        asked = self._asked
        if status < 200 or asked is None or (known.cseq.number, known.cseq.method) != (asked.number, asked.method):
            return "well", self._acknowledge_again(status, known)
        self._asked = None
        actions = (
            self._acknowledge(asked.branch if status >= 300 else f"{asked.branch}a") if asked.method == "INVITE" else []
        )
        if status in {408, 481} or asked.method == "BYE":
            return "gone", actions
        if status < 300:
            self.refresh_by(self._timer and self._timer._replace(renewed_s=now_s))
        elif asked.method == "UPDATE" and status in {405, 501}:
            self.peer_updates = False
            return "well", [*actions, *self.send("INVITE", now_s, body)]
        else:
            self._refresh_s = now_s + RETRY_S
        return "well", actions

    def wake(self, body: bytes, now_s: float) -> tuple[Verdict, list[Action]]:
        """Do what the time asks for; `body` is our description, for a refresh by INVITE."""
        asked = self._asked
        if asked and now_s >= asked.resending.until_s:
            self._asked = None
            return "gone", []
        if asked and now_s >= asked.resending.at_s:
            self._asked = asked._replace(resending=asked.resending.next(now_s))
            return "well", [Send(asked.resending.data, self._dialog.peer)]
        if asked or now_s < self._refresh_s or not self._timer:
            return "well", []
        if now_s >= self._timer.expires_s:
            return "expired", []
        return "well", self.send("UPDATE", now_s) if self.peer_updates else self.send("INVITE", now_s, body)

    def _acknowledge_again(self, status: int, known: Essentials) -> list[Action]:
        """Acknowledge a 200 that is sent again because our ACK was lost (§13.2.2.4)."""
        is_ours = known.cseq.method == "INVITE" and known.cseq.number == self._dialog.local_cseq
        return self._acknowledge(f"{self._name}{known.cseq.number}a") if 200 <= status < 300 and is_ours else []

    def _acknowledge(self, branch: str) -> list[Action]:
        return [Send(serialise(self._dialog.request("ACK", branch)), self._dialog.peer)]
