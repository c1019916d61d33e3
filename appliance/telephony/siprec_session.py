"""One recording session from INVITE to BYE, as values: requests, answers and the time come in, actions go out.

Its states: `offered` (an INVITE waits for its ports), `answered` (our 200 waits for its ACK), `confirmed`, `over` (a
BYE of ours may still wait for its answer, and a late retransmission for its repetition).
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from appliance.telephony import sip_dialog, siprec_offer
from appliance.telephony.sdp import Description, serialise_sdp
from appliance.telephony.sdp_answer import StreamOffer, acceptable_streams, answer
from appliance.telephony.sip_actions import Action, Closed, CloseReason, Confirmed, Offered, Peer, Send
from appliance.telephony.sip_dialog import Dialog, TransactionKey
from appliance.telephony.sip_headers import Essentials, options
from appliance.telephony.sip_hops import reply_to
from appliance.telephony.sip_message import Request, respond, serialise
from appliance.telephony.sip_status import Headers, RefusedError
from appliance.telephony.sip_timers import GIVE_UP_S, Resending, SessionTimer, negotiate_timer, resending
from appliance.telephony.siprec_metadata import EMPTY, Metadata
from appliance.telephony.siprec_own_requests import OwnRequests

MAX_STREAMS: Final = 8
"""Of one session; two are heard, and a conference may offer some more."""

MAX_ANSWERS: Final = 8
"""Kept for retransmissions: a client has one INVITE and one other request under way at a time."""

State = Literal["offered", "answered", "confirmed", "over"]


class _Waiting(NamedTuple):
    """A request whose answer waits for the ports."""

    request: Request
    known: Essentials
    description: Description
    streams: tuple[StreamOffer, ...]
    timer: SessionTimer | None


class RecordingSession:
    """`name` names it to the world. Requests that cannot be obeyed raise `RefusedError`; `refuse` answers them."""

    def __init__(self, name: str, dialog: Dialog) -> None:
        self.name = name
        self.dialog = dialog
        self.state: State = "offered"
        self.metadata: Metadata = EMPTY
        self.over_s = 0.0
        self._waiting: _Waiting | None = None
        self._answers: dict[TransactionKey, tuple[bytes, Peer]] = {}
        self._unacknowledged: tuple[int, Resending] | None = None
        self._timer: SessionTimer | None = None
        self._own = OwnRequests(dialog, name)
        self._version = 0
        self._body = b""

    @property
    def is_asking(self) -> bool:
        """Say whether a request of ours waits for its answer."""
        return self._own.is_asking

    @property
    def wake_s(self) -> float:
        """When `wake` is next needed; infinity for never."""
        times = [self._own.wake_s]
        if self.state == "over":
            times.append(self.over_s + GIVE_UP_S)
        elif self._unacknowledged:
            times.append(self._unacknowledged[1].wake_s)
        elif self._timer and self._timer.refresher == "them":
            times.append(self._timer.wake_s)
        return min(times)

    def receive(self, request: Request, known: Essentials, peer: Peer, now_s: float) -> list[Action]:
        """Take a request of this session's client, the INVITE that opened it included."""
        key = sip_dialog.transaction_key(known)
        if known.cseq.method == "ACK":
            return self._acknowledge(known.cseq.number)
        if known.cseq.method == "CANCEL":
            return self._cancel(request, known, peer, now_s)
        if key in self._answers:
            return [Send(*self._answers[key])]
        if self._waiting and key == sip_dialog.transaction_key(self._waiting.known):
            return []
        return self._receive_new(request, known, peer, now_s)

    def accept(
        self, ports: Mapping[int, int], keys: Mapping[int, str], notice_headers: Headers, now_s: float
    ) -> list[Action]:
        """Answer the offer that waits: sections in `ports` are received there, `keys` are our SRTP keys for some."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:  # cancelled meanwhile
            return []
        self._version += 1
        peer = self.dialog.peer
        family = "IP6" if ":" in peer.local_host else "IP4"
        origin = f"undertone {int(self.name[:8], 16)} {self._version} IN {family} {peer.local_host}"
        self._body = serialise_sdp(answer(waiting.description, ports, origin, keys), peer.local_host)
        return self._succeed(waiting.request, waiting.known, waiting.timer, now_s, notice_headers)

    def decline(self, error: RefusedError, now_s: float) -> list[Action]:
        """Refuse the offer that waits; of a new session that is the end."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return []
        actions = self.refuse(waiting.request, waiting.known, self.dialog.peer, error)
        return actions + (self._close("stopped", now_s) if self.state == "offered" else [])

    def refuse(self, request: Request, known: Essentials, peer: Peer, error: RefusedError) -> list[Action]:
        """Answer a request with its error."""
        return [*self._reply(request, known, peer, error.status, error.headers)]

    def receive_status(self, status: int, known: Essentials, now_s: float) -> list[Action]:
        """Take a response to a request of ours."""
        verdict, actions = self._own.receive_status(status, known, self._body, now_s)
        if verdict == "gone" and self.state != "over":
            return [*actions, *self._close("gone", now_s)]
        return actions

    def hang_up(self, reason: CloseReason, now_s: float) -> list[Action]:
        """End the session from our side."""
        if self.state == "over":
            return []
        if self.state == "offered":
            return self.decline(RefusedError(503, "stopping"), now_s)
        return [*self._own.send("BYE", now_s), *self._close(reason, now_s)]

    def wake(self, now_s: float) -> list[Action]:
        """Do what the time asks for."""
        verdict, actions = self._own.wake(self._body, now_s)
        if self.state == "over":
            return actions
        if verdict == "gone":
            return [*actions, *self._close("gone", now_s)]
        if verdict == "expired":
            return [*actions, *self.hang_up("expired", now_s)]
        if self._unacknowledged:
            return actions + self._resend(*self._unacknowledged, now_s)
        if self._timer and self._timer.refresher == "them" and now_s >= self._timer.wake_s:
            return actions + self.hang_up("expired", now_s)
        return actions

    def _receive_new(self, request: Request, known: Essentials, peer: Peer, now_s: float) -> list[Action]:
        """Take a request that is no retransmission."""
        if self.state == "over":
            raise RefusedError(481, "the session is over")
        if known.to.tag:
            self.dialog.receive(request, known.cseq.number, peer)
        siprec_offer.check_request(request)
        if known.cseq.method == "BYE":
            return [*self._reply(request, known, peer, 200), *self._close("bye", now_s)]
        if known.cseq.method in {"INVITE", "UPDATE"}:
            return self._change(request, known, now_s)
        return [*self._reply(request, known, peer, 200, (("Allow", ", ".join(siprec_offer.METHODS)),))]

    def _change(self, request: Request, known: Essentials, now_s: float) -> list[Action]:
        """Take an offer, a refresh or metadata, by INVITE or UPDATE."""
        if self._waiting:  # RFC 3261 §14.2
            raise RefusedError(500, "an offer is being answered", (("Retry-After", "1"),))
        if self._own.is_inviting and known.cseq.method == "INVITE":
            raise RefusedError(491, "an INVITE of ours is under way")
        timer = negotiate_timer(request, now_s)
        asked = siprec_offer.read_body(request, self.metadata)
        if asked.description is None and not self._body:
            raise RefusedError(488, "an offer is needed", (("Warning", '399 undertone "an offer is needed"'),))
        streams = acceptable_streams(asked.description, most=MAX_STREAMS) if asked.description else ()
        self.metadata = asked.metadata or self.metadata
        self._own.peer_updates = "update" in options(request, "Allow")
        if asked.description:
            self._waiting = _Waiting(request, known, asked.description, streams, timer)
            return [Offered(self.name, streams, self.metadata, asked.notices, self.dialog.peer.local_host)]
        told: list[Action] = [Confirmed(self.name, self.metadata)] if asked.metadata else []
        return [*self._succeed(request, known, timer, now_s), *told]

    def _succeed(
        self, request: Request, known: Essentials, timer: SessionTimer | None, now_s: float, more: Headers = ()
    ) -> list[Action]:
        self._timer = timer
        self._own.refresh_by(timer if timer and timer.refresher == "us" else None)
        carries_sdp = known.cseq.method == "INVITE" or bool(request.body)
        headers = (
            ("Contact", sip_dialog.contact(self.dialog.peer)),
            ("Allow", ", ".join(siprec_offer.METHODS)),
            ("Supported", ", ".join(siprec_offer.EXTENSIONS)),
            *((name, text) for name, text in request.headers if name == "Record-Route"),
            *(timer.headers if timer else ()),
            *((("Content-Type", "application/sdp"),) if carries_sdp else ()),
            *more,
        )
        sent = self._reply(request, known, self.dialog.peer, 200, headers, self._body if carries_sdp else b"")
        if known.cseq.method == "INVITE":
            # §13.3.1.4: sent again over every transport, for it is the callee's and not the hop's to see it arrive.
            self._unacknowledged = (known.cseq.number, resending(sent[0].data, now_s))
            self.state = "answered" if self.state == "offered" else self.state
        return [*sent]

    def _acknowledge(self, number: int) -> list[Action]:
        if not self._unacknowledged or self._unacknowledged[0] != number:
            return []
        self._unacknowledged = None
        if self.state != "answered":
            return []
        self.state = "confirmed"
        return [Confirmed(self.name, self.metadata)]

    def _cancel(self, request: Request, known: Essentials, peer: Peer, now_s: float) -> list[Action]:
        """RFC 3261 §9.2: a CANCEL takes back an INVITE that is not answered yet, and changes nothing afterwards."""
        invite, key = self._waiting, sip_dialog.transaction_key(known)
        sent = Send(serialise(respond(request, 200, to_tag=self.dialog.local_tag)), reply_to(known.via, peer))
        if invite is None or sip_dialog.transaction_key(invite.known) != key:
            return [sent]
        return [sent, *self._cancelled(now_s)]

    def _cancelled(self, now_s: float) -> list[Action]:
        actions = self.decline(RefusedError(487, "cancelled"), now_s)
        return [Closed(each.session, "cancelled") if isinstance(each, Closed) else each for each in actions]

    def _resend(self, number: int, again: Resending, now_s: float) -> list[Action]:
        if now_s >= again.until_s:
            return self.hang_up("unacknowledged", now_s)
        if now_s < again.at_s:
            return []
        self._unacknowledged = (number, again.next(now_s))
        return [Send(again.data, self.dialog.peer)]

    def _reply(
        self, request: Request, known: Essentials, peer: Peer, status: int, headers: Headers = (), body: bytes = b""
    ) -> list[Send]:
        data = serialise(respond(request, status, headers, body, to_tag=self.dialog.local_tag))
        sent = Send(data, reply_to(known.via, peer))
        self._answers[sip_dialog.transaction_key(known)] = (sent.data, sent.peer)
        if len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
        return [sent]

    def _close(self, reason: CloseReason, now_s: float) -> list[Action]:
        self.state, self.over_s = "over", now_s
        self._unacknowledged = self._timer = self._waiting = None
        self._own.refresh_by(None)
        return [Closed(self.name, reason)]
