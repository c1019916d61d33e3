"""The recording server's side of SIP, as values: bytes and the time come in, actions go out (RFC 7866 §6.1.2).

Whatever is refused before a session exists is answered without remembering it (RFC 3261 §8.2.7): only sessions hold
memory, and their number is bounded.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from appliance.telephony import sip_dialog, siprec_offer
from appliance.telephony.sip_actions import Action, CloseReason, Peer, Refused, Send
from appliance.telephony.sip_dialog import DialogKey
from appliance.telephony.sip_digest import DigestGuard
from appliance.telephony.sip_headers import Essentials, essentials, options
from appliance.telephony.sip_hops import mark_arrival, reply_to
from appliance.telephony.sip_message import (
    BrokenBodyError,
    Message,
    NotSipError,
    Request,
    Response,
    parse_message,
    respond,
    serialise,
)
from appliance.telephony.sip_status import Headers, RefusedError
from appliance.telephony.siprec_session import RecordingSession

MAX_OVER: Final = 64
"""Sessions that are over and remembered for late retransmissions; a client that makes more of them may get a 481."""

RETRY_AFTER_S: Final = 10
"""When a client that was refused for want of room may try again; a session ends every few seconds on a busy box."""


class Admission(NamedTuple):
    """Whom the server lets in. `plain`: calls that are no recording sessions are taken too, as one voice.

    `busy`: why no new session can be taken now, "" for none; it is answered with 503.
    """

    max_sessions: int
    plain: bool = False
    busy: str = ""


class RecordingServer:
    """`allows` tells by a peer's address whether it is served; `guard` None asks nobody for a password.

    `secret` must be new and random for each run of the server: names, tags and branches are made from it.
    """

    def __init__(
        self, admission: Admission, allows: Callable[[str], bool], guard: DigestGuard | None, secret: bytes
    ) -> None:
        self.admission = admission
        self.silent: frozenset[str] = frozenset()
        """Sessions that bring no sound: one makes room for a new one, for an exchange that was started again does not
        know of those before."""
        self._allows = allows
        self._guard = guard
        self._secret = secret
        self._opened = 0
        self._sessions: dict[DialogKey, RecordingSession] = {}
        self._by_name: dict[str, RecordingSession] = {}

    @property
    def open_sessions(self) -> int:
        """How many sessions count against the limit."""
        return len(self._open_ones)

    @property
    def is_asking(self) -> bool:
        """Say whether a request of ours waits for its answer."""
        return any(session.is_asking for session in self._sessions.values())

    @property
    def wake_s(self) -> float:
        """When `wake` is next needed; infinity for never."""
        return min((session.wake_s for session in self._sessions.values()), default=math.inf)

    def receive(self, data: bytes, peer: Peer, now_s: float) -> list[Action]:
        """Take one message: a datagram, or one that `StreamFramer` has cut."""
        try:
            return self._receive(parse_message(data), peer, now_s)
        except NotSipError as error:
            return [Refused(peer, 0, error.what)]
        except BrokenBodyError as error:
            return self._answer_broken(error.message, error, peer)

    def accept(
        self, session: str, ports: Mapping[int, int], keys: Mapping[int, str], now_s: float, headers: Headers = ()
    ) -> list[Action]:
        """Answer the offer of a session, if it still waits for that."""
        found = self._by_name.get(session)
        return found.accept(ports, keys, headers, now_s) if found else []

    def decline(self, session: str, error: RefusedError, now_s: float) -> list[Action]:
        """Refuse the offer of a session, if it still waits for that."""
        found = self._by_name.get(session)
        return found.decline(error, now_s) if found else []

    def hang_up(self, session: str, reason: CloseReason, now_s: float) -> list[Action]:
        """End a session, if it is still there."""
        found = self._by_name.get(session)
        return found.hang_up(reason, now_s) if found else []

    def wake(self, now_s: float) -> list[Action]:
        """Do what the time asks for."""
        actions: list[Action] = []
        for session in tuple(self._sessions.values()):
            if session.wake_s <= now_s:
                actions += session.wake(now_s)
            if session.state == "over" and session.wake_s <= now_s:
                self._forget(session)
        return actions

    @property
    def _open_ones(self) -> list[RecordingSession]:
        return [session for session in self._sessions.values() if session.state != "over"]

    def _receive(self, message: Message, peer: Peer, now_s: float) -> list[Action]:
        try:
            known = essentials(message)
        except RefusedError as error:
            return self._answer_broken(message, error, peer)
        if isinstance(message, Response):
            session = self._sessions.get((known.call_id, known.to.tag, known.from_.tag))
            return session.receive_status(message.status, known, now_s) if session else []
        request = mark_arrival(message, known.via, peer)
        session = self._session(known)
        try:
            self._check_address(peer)
            if session:
                return session.receive(request, known, peer, now_s)
            return self._receive_stray(request, known, peer, now_s)
        except RefusedError as error:
            return self._refuse(request, known, peer, session, error)

    def _session(self, known: Essentials) -> RecordingSession | None:
        """Give the session of a request: by its dialog, or by the transaction of an INVITE that is sent again."""
        if known.to.tag:
            return self._sessions.get((known.call_id, known.from_.tag, known.to.tag))
        local_tag = self._local_tag(known)
        return self._sessions.get((known.call_id, known.from_.tag, local_tag))

    def _receive_stray(self, request: Request, known: Essentials, peer: Peer, now_s: float) -> list[Action]:
        """Take a request outside any session."""
        if known.cseq.method == "ACK":
            return []  # of an INVITE that was refused
        siprec_offer.check_request(request)
        if known.to.tag or known.cseq.method in {"BYE", "CANCEL", "UPDATE"}:
            raise RefusedError(481, "no such session")
        if known.cseq.method == "OPTIONS":
            self._least_needed()  # RFC 3261 §11.2: as if it were an INVITE
            return [self._stateless(request, known, peer, 200, _CAPABILITIES)]
        return self._open(request, known, peer, now_s)

    def _open(self, request: Request, known: Essentials, peer: Peer, now_s: float) -> list[Action]:
        if any(
            (each.dialog.call_id, each.dialog.remote_tag) == (known.call_id, known.from_.tag)
            for each in self._open_ones
        ):
            raise RefusedError(482, "the same INVITE by another way")  # §8.2.2.2
        if self._guard:
            self._guard.check(request, now_s)
        least_needed = self._least_needed()
        is_recording = "siprec" in options(request, "Require") or b"rs-metadata" in request.body
        if not is_recording and not self.admission.plain:
            raise RefusedError(421, "no recording session", (("Require", "siprec"),))
        dialog = sip_dialog.open_dialog(request, known, self._local_tag(known), peer)
        self._opened += 1
        session = RecordingSession(self._token(f"session {self._opened}"), dialog)
        actions = session.receive(request, known, peer, now_s)
        if least_needed:
            actions = [*least_needed.hang_up("gone", now_s), *actions]
        self._sessions[dialog.key] = self._by_name[session.name] = session
        self._forget_oldest()
        return actions

    def _check_address(self, peer: Peer) -> None:
        if not self._allows(peer.host):
            raise RefusedError(403, "an address that is not allowed")

    def _least_needed(self) -> RecordingSession | None:
        """Give the session that must make room for another one, None for none; refuses where none can."""
        retry = (("Retry-After", str(RETRY_AFTER_S)),)
        if self.admission.busy:
            raise RefusedError(503, self.admission.busy, retry)
        if self.open_sessions < self.admission.max_sessions:
            return None
        silent = next((session for session in self._open_ones if session.name in self.silent), None)
        if silent is None:
            raise RefusedError(486, f"all {self.admission.max_sessions} sessions are taken", retry)
        return silent

    def _refuse(
        self, request: Request, known: Essentials, peer: Peer, session: RecordingSession | None, error: RefusedError
    ) -> list[Action]:
        if known.cseq.method == "ACK":
            return []  # never answered
        refused = Refused(peer, error.status, error.what)
        if session and self._allows(peer.host):
            return [*session.refuse(request, known, peer, error), refused]
        return [self._stateless(request, known, peer, error.status, error.headers), refused]

    def _stateless(self, request: Request, known: Essentials, peer: Peer, status: int, headers: Headers) -> Send:
        answer = respond(request, status, headers, to_tag=self._local_tag(known))
        return Send(serialise(answer), reply_to(known.via, peer))

    def _answer_broken(self, message: Message, error: RefusedError, peer: Peer) -> list[Action]:
        """Answer a request whose head is whole but wrong; without a Via nobody could take the answer."""
        refused = Refused(peer, error.status, error.what)
        has_via = any(name == "Via" for name, _ in message.headers)
        if not isinstance(message, Request) or message.method == "ACK" or not has_via or not self._allows(peer.host):
            return [refused._replace(status=0)]
        return [Send(serialise(respond(message, error.status)), peer), refused]

    def _forget_oldest(self) -> None:
        over = [session for session in self._sessions.values() if session.state == "over"]
        for session in over[: max(0, len(over) - MAX_OVER)]:
            self._forget(session)

    def _forget(self, session: RecordingSession) -> None:
        del self._sessions[session.dialog.key]
        del self._by_name[session.name]

    def _local_tag(self, known: Essentials) -> str:
        """Give our tag for a request without one: the same for the same INVITE, so that nothing is remembered."""
        return self._token(f"tag {known.call_id} {known.from_.tag} {known.cseq.number} {known.via.branch}")

    def _token(self, of: str) -> str:
        text = of.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(text, key=self._secret[:64], digest_size=12).hexdigest()


_CAPABILITIES: Final = (
    ("Allow", ", ".join(siprec_offer.METHODS)),
    ("Accept", siprec_offer.ACCEPT),
    ("Supported", ", ".join(siprec_offer.EXTENSIONS)),
)
