"""What is overheard on a mirror port, as calls: datagrams in, what happens to which call out.

A call begins when SIP says that it was answered, or, without SIP, when two addresses send each other voice. All times
are those of the capture.
"""

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from appliance.errors import BadInputError
from appliance.events import Band
from appliance.telephony.ethernet import Address, Datagram
from appliance.telephony.rtp import Packet, looks_like_rtp, parse_rtp
from appliance.telephony.rtp_payloads import STATIC_PAYLOADS, PayloadFormat
from appliance.telephony.srtp import Keystream, SrtpSession
from appliance.telephony.tap_dialogs import OTHER, Change, Dialog, Dialogs, Media, Party, looks_like_sip
from appliance.telephony.tap_roles import AgentRule
from appliance.telephony.tap_streams import Flow, Flows
from appliance.telephony.tap_tcp import SipStreams

IDLE_S: Final = 5.0
"""Without SIP only silence tells that a call is over; the longest pause of silence suppression is shorter."""

SIGNALLED_IDLE_S: Final = 60.0
"""When a BYE was not captured; a call with silence suppression on both sides sends comfort noise now and then."""

HELD_IDLE_S: Final = 3_600.0
"""A call on hold sends nothing, for as long as people wait."""

MOST_CALLS: Final = 64
"""At once; a box hears eight, the rest is bounded so that a flood of packets cannot fill its memory."""

MOST_ROUTES: Final = 16
"""Of one call: it may be moved a few times; then its first addresses are forgotten."""

MOST_ADDRESSES: Final = 1_024
"""Where voices may go: those of many more calls than there can be; of invitations the oldest are forgotten."""

Role = Literal["agent", "caller"]


class Began(NamedTuple):
    """A call is up. `knows_agent`: a rule tells which party is the agent; otherwise it is assumed."""

    call: str
    at_s: float
    uris: dict[Role, str]
    band: Band
    is_signalled: bool
    knows_agent: bool


class Heard(NamedTuple):
    """A packet of one party's voice; `form` None is a payload type that was not agreed on."""

    call: str
    role: Role
    packet: Packet
    form: PayloadFormat | None


class Held(NamedTuple):
    """A party sends nothing for now, by agreement."""

    call: str
    role: Role


class Over(NamedTuple):
    """A call has ended: `on_hook` by SIP, `line_lost` because nothing more came."""

    call: str
    reason: Literal["on_hook", "line_lost"]


Happening = Began | Heard | Held | Over


@dataclasses.dataclass
class _Call:
    name: str
    roles: dict[Party, Role]
    media: dict[Party, Media]
    sessions: dict[Party, SrtpSession]
    latest_s: float
    is_signalled: bool


class Tap:
    """Follows everything that is captured."""

    def __init__(self, rule: AgentRule, keystream: Keystream) -> None:
        self._rule = rule
        self._keystream = keystream
        self._dialogs = Dialogs()
        self._streams = SipStreams()
        self._flows = Flows()
        self._calls: dict[str, _Call] = {}
        self._routes: dict[Address, tuple[str, Party]] = {}
        """By where a voice goes: its call, and the party that speaks. Calls that are not up have routes already."""

    def receive(self, datagram: Datagram, at_s: float) -> list[Happening]:
        """Take a datagram; give what happens by it."""
        if datagram.transport == "tcp":
            return [each for data in self._streams.receive(datagram) for each in self._signal(data, at_s)]
        if route := self._routes.get(datagram.target):
            return self._voice(*route, datagram.payload, at_s)
        if looks_like_sip(datagram.payload):
            return self._signal(datagram.payload, at_s)
        if looks_like_rtp(datagram.payload):
            return self._unannounced(datagram, at_s)
        return []

    def forgive(self, at_s: float) -> None:
        """Take that nobody looked until now: that nothing has come tells nothing of any call."""
        for call in self._calls.values():
            call.latest_s = at_s

    def expire(self, at_s: float) -> list[Happening]:
        """Give the calls of which nothing has come for too long."""
        idle = [call for call in self._calls.values() if at_s - call.latest_s > _patience_s(call)]
        return [happening for call in idle for happening in self._end(call.name, "line_lost")]

    def _signal(self, data: bytes, at_s: float) -> list[Happening]:
        try:
            change = self._dialogs.receive(data)
        except BadInputError:
            return []
        if change is None:
            return []
        if change.is_over:
            return self._end(change.dialog.call_id, "on_hook")
        return self._follow(change, at_s)

    def _follow(self, change: Change, at_s: float) -> list[Happening]:
        """Take where the voices of a call go now."""
        dialog = change.dialog
        if not dialog.is_up:
            self._route(dialog.call_id, dialog.media)
            return []
        call = self._calls.get(dialog.call_id)
        began: list[Happening] = []
        if call is None:
            if len(self._calls) >= MOST_CALLS:
                return []
            call, happening = self._begin(dialog, at_s, is_signalled=True)
            began = [happening]
        for party, media in dialog.media.items():
            before = call.media.get(party)
            if media.key and (before is None or before.key != media.key or party not in call.sessions):
                call.sessions[party] = SrtpSession(media.key, self._keystream)
        call.media = dict(dialog.media)
        self._route(call.name, call.media)
        silent = [party for party, media in dialog.media.items() if media.is_silent]
        return [*began, *(Held(call.name, call.roles[party]) for party in silent)]

    def _begin(self, dialog: Dialog, at_s: float, *, is_signalled: bool) -> tuple[_Call, Began]:
        agents = [
            party
            for party, media in dialog.media.items()
            if self._rule.is_agent(media.address.host, dialog.uris.get(party, ""))
        ]
        knows_agent = len(agents) == 1
        agent: Party = agents[0] if knows_agent else "to"
        roles: dict[Party, Role] = {agent: "agent", OTHER[agent]: "caller"}
        call = _Call(dialog.call_id, roles, dict(dialog.media), {}, at_s, is_signalled)
        self._calls[call.name] = call
        uris = {roles[party]: uri for party, uri in dialog.uris.items()}
        return call, Began(call.name, at_s, uris, _band(dialog.media["to"]), is_signalled, knows_agent)

    def _voice(self, name: str, party: Party, data: bytes, at_s: float) -> list[Happening]:
        call = self._calls.get(name)
        if call is None or not looks_like_rtp(data):
            return []
        session = call.sessions.get(party)
        try:
            packet = parse_rtp(session.open_rtp(data) if session else data)
        except BadInputError:
            return []
        call.latest_s = at_s
        return [Heard(name, call.roles[party], packet, call.media[OTHER[party]].payloads.get(packet.payload_type))]

    def _unannounced(self, datagram: Datagram, at_s: float) -> list[Happening]:
        try:
            packet = parse_rtp(datagram.payload)
        except BadInputError:
            return []
        flow: Flow = (datagram.source, datagram.target)
        if not self._flows.receive(flow, packet) or len(self._calls) >= MOST_CALLS:
            return []
        media: dict[Party, Media] = {
            "from": Media(datagram.source, STATIC_PAYLOADS, None, is_silent=False),
            "to": Media(datagram.target, STATIC_PAYLOADS, None, is_silent=False),
        }
        name = f"rtp-{datagram.source.port}-{datagram.target.port}-{packet.ssrc:08x}"
        dialog = Dialog(name, "", {}, media, was_answered=True)
        _, began = self._begin(dialog, at_s, is_signalled=False)
        self._route(name, media)
        band: Band = "wide" if STATIC_PAYLOADS[packet.payload_type].name == "G722" else "narrow"
        return [began._replace(band=band), *self._voice(name, "from", datagram.payload, at_s)]

    def _route(self, name: str, media: Mapping[Party, Media]) -> None:
        """Follow voices to these addresses. The old ones stay: until a new offer is answered they are still used."""
        if name in self._calls and sum(route[0] == name for route in self._routes.values()) >= MOST_ROUTES:
            self._unroute(name)
        for party, each in media.items():
            owner = self._routes.get(each.address)
            # An invitation that nobody has accepted takes no voice from a call that is going on.
            if owner is None or owner[0] not in self._calls or name in self._calls:
                self._routes[each.address] = (name, OTHER[party])
        if len(self._routes) > MOST_ADDRESSES:
            idle = (address for address, route in self._routes.items() if route[0] not in self._calls)
            self._routes.pop(next(idle))

    def _unroute(self, name: str) -> None:
        self._routes = {address: route for address, route in self._routes.items() if route[0] != name}

    def _end(self, name: str, reason: Literal["on_hook", "line_lost"]) -> list[Happening]:
        self._dialogs.forget(name)
        self._unroute(name)
        return [Over(name, reason)] if self._calls.pop(name, None) else []


def _patience_s(call: _Call) -> float:
    if not call.is_signalled:
        return IDLE_S
    return HELD_IDLE_S if any(media.is_silent for media in call.media.values()) else SIGNALLED_IDLE_S


def _band(media: Media) -> Band:
    first = next((form for form in media.payloads.values() if form.is_voice), None)
    return "wide" if first and first.name in ("G722", "OPUS") else "narrow"
