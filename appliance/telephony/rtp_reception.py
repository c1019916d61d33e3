"""How well a source is received, as RTCP reports it (RFC 3550, appendix A.1, A.3 and A.8)."""

from typing import Final

from appliance.telephony.rtcp import ReportBlock, SenderReport
from appliance.telephony.rtp import SEQUENCE_STEPS, Packet, unwrapped

MOST_LOST: Final = (1 << 23) - 1
"""The count of lost packets has 24 bits with a sign and stays at its ends (section 6.4.1)."""

JITTER_GAIN: Final = 1 / 16
"""Of the running mean in section 6.4.1, a good compromise between noise and speed by its own account."""


class Reception:
    """One source, from its first packet on; times in seconds of any one clock."""

    def __init__(self, packet: Packet) -> None:
        self.ssrc = packet.ssrc
        self._first = self._highest = packet.sequence
        self._received = 0
        self._expected_before = 0
        self._received_before = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._report: SenderReport | None = None
        self._report_at_s = 0.0

    def receive_packet(self, packet: Packet, clock_hz: int, arrival_s: float) -> None:
        """Count a packet of this source."""
        self._received += 1
        number = unwrapped(packet.sequence, self._highest, SEQUENCE_STEPS)
        self._highest = max(self._highest, number)
        transit = (arrival_s * clock_hz - packet.timestamp) % (1 << 32)
        if self._transit is not None:
            # Both are known up to a multiple of 2^32 only, and packets are near each other.
            change = (transit - self._transit + (1 << 31)) % (1 << 32) - (1 << 31)
            self._jitter += (abs(change) - self._jitter) * JITTER_GAIN
        self._transit = transit

    def receive_report(self, report: SenderReport, arrival_s: float) -> None:
        """Remember the sender's report: the next block says how long ago it came, which gives it the round trip."""
        self._report, self._report_at_s = report, arrival_s

    def rtp_jitter(self) -> float:
        """Give the interarrival jitter in the payload's clock."""
        return self._jitter

    def block(self, now_s: float) -> ReportBlock:
        """Give the report block for now; what it counts since the last one begins anew."""
        expected = self._highest - self._first + 1
        lost = max(-MOST_LOST - 1, min(MOST_LOST, expected - self._received))
        expected_now, received_now = expected - self._expected_before, self._received - self._received_before
        self._expected_before, self._received_before = expected, self._received
        lost_now = max(0, expected_now - received_now)
        fraction = min(255, lost_now * 256 // expected_now) if expected_now > 0 else 0
        last_sr = self._report.ntp >> 16 & 0xFFFFFFFF if self._report else 0
        delay = int((now_s - self._report_at_s) * 65_536) % (1 << 32) if self._report else 0
        highest = self._highest % (1 << 32)
        return ReportBlock(self.ssrc, fraction, lost, highest, int(self._jitter) % (1 << 32), last_sr, delay)
