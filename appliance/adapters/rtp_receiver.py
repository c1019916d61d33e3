"""Receives the streams of one call, as a recording server or a conference does: RTP in, the steps of a line out.

Whoever speaks SIP opens a receiver, offers its `ports`, says by `agree` what was negotiated for each side, gives
`steps` to the `LineCall`, and calls `end` at the BYE.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Final, NamedTuple

from appliance.adapters.av_codecs import decoder
from appliance.adapters.capture import Capture
from appliance.adapters.line import Step
from appliance.adapters.rtp_cipher import keystream
from appliance.adapters.rtp_sides import RtpSides, SideReport
from appliance.adapters.rtp_socket import Datagram, RtpSocket
from appliance.errors import BadInputError
from appliance.speech.frames import Side
from appliance.telephony.rtcp import Goodbye, ReceiverReport, SenderReport, parse_rtcp, write_goodbye
from appliance.telephony.rtcp import write_receiver_report as write_report
from appliance.telephony.rtp import Packet, is_rtcp, parse_rtp
from appliance.telephony.rtp_payloads import PayloadFormat
from appliance.telephony.rtp_reception import Reception
from appliance.telephony.srtp import SrtcpSender, SrtpKey, SrtpSession

TURN_S: Final = 0.020
"""A frame's length: all sockets are read together, so that no side is taken for late while its packets wait."""

REPORT_EVERY_S: Final = 5.0
"""The least interval of RFC 3550, section 6.2."""


class Agreement(NamedTuple):
    """What was negotiated for one side: its payload types, its key and ours if it is protected, whether it pauses.

    Without a key of ours the sender of a protected voice is told nothing.
    """

    payloads: Mapping[int, PayloadFormat]
    key: SrtpKey | None = None
    is_held: bool = False
    own_key: SrtpKey | None = None


class RtpReceiver:
    """The ports of one call, among `ports` if these are given. Raises `BadInputError` when none are free at `host`."""

    def __init__(
        self,
        host: str,
        sides: tuple[Side, ...],
        *,
        cname: str,
        capture: Capture | None = None,
        keep_keys: bool = False,
        ports: tuple[int, int] | None = None,
    ) -> None:
        self._capture = capture or Capture()
        self._was_muted = False
        self._skipped = 0
        self._streams: dict[Side, _Stream] = {}
        try:
            for side in sides:
                self._streams[side] = _Stream(host, cname, ports)
        except BadInputError:
            self.close()
            raise
        self._sides = RtpSides(sides, decoder, keep_keys=keep_keys)
        self._has_ended = False

    @property
    def ports(self) -> dict[Side, int]:
        """The RTP port of each side; RTCP has the next one."""
        return {side: stream.socket.port for side, stream in self._streams.items()}

    def agree(self, side: Side, agreement: Agreement) -> None:
        """Take what was negotiated, at the beginning and whenever it changes."""
        self._streams[side].agree(agreement)
        if agreement.is_held:
            self._sides.hold(side)

    def report(self, side: Side) -> SideReport:
        """Give what became of a side's packets so far."""
        return self._sides.report(side)

    @property
    def came(self) -> int:
        """How many packets have come of all sides, those that were passed over while muted included."""
        return self._skipped + sum(self.report(side).counts.received for side in self._streams)

    def end(self) -> None:
        """Take that the call is over: `steps` gives what is left and ends."""
        self._has_ended = True

    def close(self) -> None:
        """Give the ports back; `steps` does so by itself once somebody has begun to take them."""
        for stream in self._streams.values():
            stream.close()

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Give the call's steps as they become due; position 0 is now. The ports are given back at the end."""
        began_s = time.monotonic()
        try:
            while not self._has_ended:
                await asyncio.sleep(TURN_S)
                for step in self._turn(began_s):
                    yield step
            for step in self._sides.finish(time.monotonic() - began_s):
                yield step
        finally:
            self._capture.closed(self)
            self.close()

    def _turn(self, began_s: float) -> list[Step]:
        if self._capture.muted() or self._was_muted:
            # Once more after the mute: what had come before it ended waits in the sockets.
            self._was_muted = self._capture.muted()
            self._capture.closed(self)
            return self._skip(began_s)
        self._capture.opened(self)
        return self._take(began_s)

    def _skip(self, began_s: float) -> list[Step]:
        for stream in self._streams.values():
            self._skipped += stream.skip()
            stream.take_reports(time.monotonic())
        return self._sides.withhold(time.monotonic() - began_s)

    def _take(self, began_s: float) -> list[Step]:
        now_s = time.monotonic()
        came = [(datagram, side) for side, stream in self._streams.items() for datagram in stream.socket.take_rtp()]
        steps: list[Step] = []
        for datagram, side in sorted(came, key=lambda each: each[0].arrived_s):
            stream = self._streams[side]
            packet = stream.packet(datagram)
            if packet is None:
                continue
            arrival_s = max(0.0, datagram.arrived_s - began_s)
            steps += self._sides.advance(arrival_s)
            self._sides.receive(side, packet, stream.form(packet), arrival_s)
        for side, stream in self._streams.items():
            if stream.take_reports(now_s):
                self._sides.hold(side)
        return steps + self._sides.advance(now_s - began_s)


class _Stream:
    """One side's sockets, its key, and how well it is received."""

    def __init__(self, host: str, cname: str, ports: tuple[int, int] | None) -> None:
        self.socket = RtpSocket(host, ports)
        self._cname = cname.encode()[:255]
        self._ssrc = secrets.randbits(32)
        self._payloads: Mapping[int, PayloadFormat] = {}
        self._key: SrtpKey | None = None
        self._session: SrtpSession | None = None
        self._own_key: SrtpKey | None = None
        self._own: SrtcpSender | None = None
        self._reception: Reception | None = None
        self._peer: tuple[str, int] | None = None
        self._reported_s = 0.0
        self._said: list[Datagram] = []

    def agree(self, agreement: Agreement) -> None:
        self._payloads = agreement.payloads
        if agreement.key != self._key:
            self._key = agreement.key
            self._session = SrtpSession(agreement.key, keystream) if agreement.key else None
        if agreement.own_key != self._own_key:
            self._own_key = agreement.own_key
            self._own = SrtcpSender(agreement.own_key, keystream) if agreement.own_key else None

    def form(self, packet: Packet) -> PayloadFormat | None:
        return self._payloads.get(packet.payload_type)

    def packet(self, datagram: Datagram) -> Packet | None:
        """Read a datagram of the RTP port; None for what is none, or is not proven."""
        if is_rtcp(datagram.data):
            self._said.append(datagram)
            return None
        try:
            packet = parse_rtp(self._session.open_rtp(datagram.data) if self._session else datagram.data)
        except BadInputError:
            return None
        if form := self.form(packet):
            if self._reception is None or self._reception.ssrc != packet.ssrc:
                self._reception = Reception(packet)
            self._reception.receive_packet(packet, form.clock_hz, datagram.arrived_s)
            self._peer = self._peer or (datagram.sender[0], datagram.sender[1] + 1)
        return packet

    def skip(self) -> int:
        """Pass over what has come on the RTP port without reading what it carries; gives how many packets it was."""
        headers = self.socket.skip_rtp()
        if session := self._session:
            for header in headers:
                session.skip(header)
        self._reception = None
        return len(headers)

    def take_reports(self, now_s: float) -> bool:
        """Take what the peer tells of its stream, and tell it how that is received; say whether it said goodbye."""
        said, self._said = self._said + self.socket.take_rtcp(), []
        is_over = [self._take_report(datagram) for datagram in said].count(True) > 0
        if self._reception and now_s - self._reported_s > REPORT_EVERY_S:
            self._reported_s = now_s
            report = ReceiverReport(self._ssrc, (self._reception.block(now_s),))
            self._tell(write_report(report, self._cname))
        return is_over

    def close(self) -> None:
        if self._reception:
            self._tell(write_report(ReceiverReport(self._ssrc), self._cname) + write_goodbye((self._ssrc,)))
        self.socket.close()

    def _tell(self, report: bytes) -> None:
        """Tell the sender something, in the way in which it protects its own stream."""
        protected = self._own.protect(report) if self._own else report
        if self._peer and (self._own is None) == (self._session is None):
            self.socket.send_rtcp(protected, self._peer)

    def _take_report(self, datagram: Datagram) -> bool:
        try:
            parts = parse_rtcp(self._session.open_rtcp(datagram.data) if self._session else datagram.data)
        except BadInputError:
            return False
        self._peer = datagram.sender
        ssrc = self._reception.ssrc if self._reception else None
        for part in parts:
            if isinstance(part, SenderReport) and self._reception and part.ssrc == ssrc:
                self._reception.receive_report(part, datagram.arrived_s)
        return any(isinstance(part, Goodbye) and ssrc in part.sources for part in parts)
