"""One recording session as a call of the line: which stream is whose voice, its ports and keys, what is told of it."""

import base64
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall, Step
from appliance.adapters.rtp_receiver import Agreement, RtpReceiver
from appliance.errors import BadInputError
from appliance.events import Identity, Notice
from appliance.session import EndReason
from appliance.siprec_settings import SiprecSettings
from appliance.speech.frames import Frame, Side
from appliance.telephony.rtp_payloads import PayloadFormat, payload_format
from appliance.telephony.sdp_answer import StreamOffer
from appliance.telephony.sip_actions import CloseReason, Offered
from appliance.telephony.sip_status import RefusedError
from appliance.telephony.siprec_metadata import Metadata, Participant
from appliance.telephony.siprec_roles import AgentRule, Cast, cast_roles
from appliance.telephony.siprec_server import RETRY_AFTER_S
from appliance.telephony.srtp import SrtpKey, parse_key

SIDES: Final[tuple[Side, ...]] = ("agent", "caller")
"""Of every call: a side may join later than the other, and a call's sides are fixed when it begins."""

SILENT_S: Final = 5.0
"""Without any packet from streams that are not on hold: what stops packets is nearly always a firewall."""

DEAD_S: Final = 60.0
"""After that the client is taken for gone, where no session timer would notice it."""

_SRTP_KEY_BYTES: Final = 30

_ENDS: Final[dict[CloseReason, EndReason]] = {"bye": "on_hook", "cancelled": "on_hook", "stopped": "stopped"}


class SiprecCall:
    """Opens its ports at once. Raises `RefusedError`: 503 when none are free, 488 when a stream's key is none."""

    def __init__(self, offered: Offered, rule: AgentRule, settings: SiprecSettings, capture: Capture) -> None:
        self._rule = rule
        self._receiver = _receiver(offered, settings, capture)
        self._told: deque[tuple[str, str]] = deque()
        self._keys: dict[int, str] = {}
        self._streams: tuple[StreamOffer, ...] = ()
        self._cast = Cast({}, {}, "rule", frozenset())
        self._packets = 0
        self._is_taken = False
        self._heard_s = time.monotonic()
        self.ports: dict[int, int] = {}
        """By section of the offer; sections that are not in it are declined."""
        try:
            self.take_offer(offered)
        except RefusedError:
            self._receiver.close()
            raise
        self.line_call = LineCall(SIDES, "narrow", self._steps(), identity_of(offered.metadata, self._cast.people))

    @property
    def keys(self) -> dict[int, str]:
        """Give our own SRTP key parameters, by section."""
        return self._keys

    def take_offer(self, offered: Offered) -> None:
        """Take an offer: say which sections are received where, and receive them."""
        labels = _labels(offered.streams)
        self._streams = offered.streams
        self._recast(offered.metadata)
        for notice in offered.notices:
            self._told.append(("metadata_unusable", notice))
        self.ports = {}
        for side in SIDES:
            stream = next((each for each, label in labels.items() if self._cast.roles.get(label) == side), None)
            self._receiver.agree(side, self._agreement(stream))
            if stream:
                self.ports[stream.section] = self._receiver.ports[side]
        self._heard_s = time.monotonic()

    def take_metadata(self, metadata: Metadata) -> None:
        """Take what is said of the call without an offer; the ports stay as they are."""
        before = self._cast.people
        self._recast(metadata)
        if self._cast.people != before:
            who = ", ".join(f"{role}: {_shown(person)}" for role, person in sorted(self._cast.people.items()))
            self._told.append(("participants_changed", f"The people on this call have changed ({who})"))

    def silent_s(self, now_s: float) -> float:
        """Give how long no packet has come at all, 0 while everything is on hold."""
        packets = self._receiver.came
        if packets != self._packets or all(stream.is_held for stream in self._streams):
            self._packets, self._heard_s = packets, now_s
        return now_s - self._heard_s

    def end(self, reason: CloseReason) -> None:
        """Take that the session is over."""
        self.line_call.ended = _ENDS.get(reason, "line_lost")
        self._receiver.end()
        if not self._is_taken:
            self._receiver.close()

    def _recast(self, metadata: Metadata) -> None:
        labels = tuple(_labels(self._streams).values())
        cast = cast_roles(self._rule, metadata, labels)
        if cast.by == "place" and cast.roles != self._cast.roles:
            text = "Nothing tells who is the agent: the sides are taken by the order of the streams (agent_addresses)"
            self._told.append(("sides_guessed", text))
        if cast.mixed:
            text = "One stream carries several voices: who speaks in it is not known"
            self._told.append(("voices_mixed", text))
        self._cast = cast

    def _agreement(self, stream: StreamOffer | None) -> Agreement:
        if stream is None:
            return Agreement({}, None, is_held=True)
        described = {codec.payload_type: payload_format(codec.name, codec.clock_hz) for codec in stream.codecs}
        payloads: dict[int, PayloadFormat] = {number: form for number, form in described.items() if form}
        key, own_key = self._key_pair(stream)
        return Agreement(payloads, key, is_held=stream.is_held, own_key=own_key)

    def _key_pair(self, stream: StreamOffer) -> tuple[SrtpKey | None, SrtpKey | None]:
        """Give the key of a protected stream, and one of our own: RFC 4568 wants one of each party."""
        if stream.crypto is None:
            return None, None
        if stream.section not in self._keys:
            own = base64.b64encode(secrets.token_bytes(_SRTP_KEY_BYTES)).decode()
            self._keys[stream.section] = f"inline:{own}"
        try:
            keys = (stream.crypto.key, self._keys[stream.section])
            theirs, ours = (parse_key(stream.crypto.suite, key) for key in keys)
        except BadInputError as error:
            raise RefusedError(488, error.what) from error
        return theirs, ours

    async def _steps(self) -> AsyncGenerator[Step, None]:
        sample = 0
        self._is_taken = True
        async for step in self._receiver.steps():
            told = tuple(self._notice(*self._told.popleft(), sample) for _ in range(len(self._told)))
            yield (*told, *step)
            sample = max((piece.sample for piece in step if isinstance(piece, Frame)), default=sample)

    def _notice(self, code: str, text: str, sample: int) -> Notice:
        return Notice(who="both", start_sample=sample, end_sample=sample, code=code, text=text)


def _receiver(offered: Offered, settings: SiprecSettings, capture: Capture) -> RtpReceiver:
    cname, keep_keys = f"undertone-{offered.session[:8]}", settings.keep_keys
    try:
        return RtpReceiver(
            offered.local_host, SIDES, cname=cname, capture=capture, keep_keys=keep_keys, ports=settings.rtp_ports
        )
    except BadInputError as error:
        raise RefusedError(503, error.what, (("Retry-After", str(RETRY_AFTER_S)),)) from error


def identity_of(metadata: Metadata, people: dict[Side, Participant]) -> Identity:
    """Give who is on the call."""
    more = dict(metadata.extensions)
    more |= {f"{role}_name": person.name for role, person in people.items() if person.name and person.addresses}
    if metadata.started_at:
        more["started_at"] = metadata.started_at
    return Identity(
        agent=_shown(people["agent"]) if "agent" in people else "",
        caller=_shown(people["caller"]) if "caller" in people else "",
        call_id=next(iter(metadata.call_ids), ""),
        more=more,
    )


def _shown(person: Participant) -> str:
    return next(iter(person.addresses), "") or person.name


def _labels(streams: tuple[StreamOffer, ...]) -> dict[StreamOffer, str]:
    """Give each stream's label, or another word of its own where it has none or shares one."""
    given = [stream.label for stream in streams]
    return {
        stream: stream.label if stream.label and given.count(stream.label) == 1 else f"section {stream.section}"
        for stream in streams
    }
