"""The jitter buffer of one side: packets in, in any order; what to play, and what is missing, out, in media time.

What is in sequence is given at once. Only a hole is waited for, by the playout delay; then it is filled and declared.
A packet that comes in time is always played. Sound has a position from its RTP timestamp (`rtp_timeline`), so that a
hole never moves what follows it. All times are seconds since the call's first sample, given by the caller.

| seen | taken as |
|---|---|
| a sequence number is missing | lost: concealed, and declared with its span |
| none is missing, but the timestamp has jumped | silence suppression (RFC 3551, section 4.1): silence |
| nothing comes | concealed for a moment, then silence; the next packet tells which of the two it was |
| another source, or a place that no network explains | nothing yet; a second one in sequence shows a new stream |
"""

from typing import Final, Literal

from appliance.events import SAMPLE_RATE_HZ
from appliance.telephony.jitter_actions import Action, Arrived, Counts, Fill, Hole, Noise, Play
from appliance.telephony.jitter_delay import PlayoutDelay
from appliance.telephony.rtp import SEQUENCE_STEPS, Packet, unwrapped
from appliance.telephony.rtp_payloads import COMFORT_NOISE, PayloadFormat, media_samples
from appliance.telephony.rtp_timeline import MAX_OFF_S, Timeline

USUAL_SAMPLES: Final = SAMPLE_RATE_HZ // 50
"""A packet of 20 ms, until one has come."""

MOST_WAITING: Final = 512
"""Of a flood no more is kept: the longest delay holds 120 packets of 2.5 ms."""

REMEMBERED: Final = 1_024
"""Sequence numbers back to which a duplicate is told from a packet that came too late."""

NEXT_OF_NEW: Final = 32
"""A second packet this near behind the first one shows that a new stream is meant (RFC 3550, A.1, asks for two)."""

MOST_AHEAD: Final = 3_000
MOST_BEHIND: Final = 100
"""A number outside of these belongs to no sequence that goes on (RFC 3550, A.1: MAX_DROPOUT, MAX_MISORDER)."""

STALL_S: Final = 1.0
"""When a stream has sent nothing for this long, gave no sign of silence and never goes on, what it carried is lost."""


class JitterBuffer:
    """One side of a call. Call `advance` with each packet's arrival before `receive`, and at least every 20 ms."""

    def __init__(self, cursor: int = 0) -> None:
        self.counts = Counts()
        self.cursor = cursor
        """Position up to which actions have been given."""
        self._actions: list[Action] = []
        self._waiting: dict[int, Arrived] = {}
        self._played: dict[int, None] = {}
        self._ssrc = 0
        self._timeline: Timeline | None = None
        self._candidate: Arrived | None = None
        self._delay = PlayoutDelay()
        self._expected = 0
        self._highest = 0
        self._heard_end = cursor
        """Position up to which the packets in sequence reach, lost ones included."""
        self._length = USUAL_SAMPLES
        self._form: PayloadFormat | None = None
        self._is_silent = True
        self._hole: Hole | None = None

    @property
    def delay_s(self) -> float:
        """The playout delay at this moment."""
        return self._delay.delay_s

    @property
    def corrected_samples(self) -> int:
        """Samples put in or left out to follow the sender's clock."""
        return self._timeline.corrected_samples if self._timeline else 0

    def is_stalled(self, now_s: float) -> bool:
        """Say whether sound should come and does not."""
        return not self._is_silent and now_s - self._heard_end / SAMPLE_RATE_HZ > STALL_S

    def hold(self) -> None:
        """Take that the stream ends or pauses by agreement: that nothing comes is no loss, until something comes."""
        self._is_silent = True

    def position(self, timestamp: int) -> int:
        """Give the place of a timestamp of the stream that is heard now."""
        return self._timeline.sample(timestamp) if self._timeline else self.cursor

    def receive(self, packet: Packet, form: PayloadFormat | None, arrival_s: float) -> bool:
        """Take a packet; `form` None is a payload that nobody agreed on. Say whether its stream is the one heard."""
        self.counts.received += 1
        if form is None or (form.is_voice and not media_samples(form, packet.payload)):
            self.counts.unknown += 1
            return False
        came = Arrived(packet, form, arrival_s)
        if self._timeline is None or not self._belongs(came, self._timeline):
            return self._receive_foreign(came)
        return self._receive_own(came, self._timeline)

    def advance(self, now_s: float) -> list[Action]:
        """Give all that can be given now."""
        while self._step(now_s):
            pass
        return self._given()

    def finish(self, now_s: float) -> list[Action]:
        """Give all that is left, as nothing follows any more."""
        self._drain()
        if self.is_stalled(now_s):
            self._declare(self._heard_end, max(self._heard_end, self.cursor))
        self._close_hole()
        return self._given()

    def _given(self) -> list[Action]:
        given, self._actions = self._actions, []
        return given

    def _belongs(self, came: Arrived, timeline: Timeline) -> bool:
        ahead = unwrapped(came.packet.sequence, self._expected, SEQUENCE_STEPS) - self._expected
        if came.packet.ssrc != self._ssrc or not -MOST_BEHIND <= ahead <= MOST_AHEAD:
            return False
        if not came.form.is_voice:
            return True
        if came.form.clock_hz != timeline.clock_hz:
            return False
        return not timeline.is_far(self._end(came, timeline), came.arrival_s)

    def _receive_own(self, came: Arrived, timeline: Timeline) -> bool:
        number = unwrapped(came.packet.sequence, self._expected, SEQUENCE_STEPS)
        if number in self._waiting or number in self._played:
            self.counts.duplicates += 1
            return True
        if came.form.is_voice:
            end = self._end(came, timeline)
            self._delay.receive_lateness(came.arrival_s - end / SAMPLE_RATE_HZ - timeline.offset_s, came.arrival_s)
            timeline.receive_arrival(end, came.arrival_s)
        if number < self._expected:
            self.counts.late += 1
            return True
        self.counts.reordered += number < self._highest
        self._highest = max(self._highest, number)
        self._waiting[number] = came
        return True

    def _receive_foreign(self, came: Arrived) -> bool:
        before = self._candidate
        if not came.form.is_voice:
            self.counts.strays += 1
            return False
        if before is None and self._timeline is None:
            self._switch(came, came)
            return True
        if before and _goes_on(before.packet, came.packet):
            self._switch(before, came)
            return True
        self.counts.strays += before is not None
        self._candidate = came
        return False

    def _switch(self, first: Arrived, second: Arrived) -> None:
        """Begin to hear a stream with its first packets; what is left of the one before it comes first."""
        self._drain()
        length = first.samples
        start = max(self.cursor, round(first.arrival_s * SAMPLE_RATE_HZ) - length)
        if self.is_stalled(start / SAMPLE_RATE_HZ):
            self._declare(self._heard_end, start)
        self._ssrc = first.packet.ssrc
        self._timeline = Timeline(first.packet.timestamp, first.form.clock_hz, start)
        self._delay = PlayoutDelay()
        self._candidate = None
        self._expected = self._highest = first.packet.sequence
        self._played.clear()
        self._heard_end = start
        self._is_silent = True
        self._length = length
        self.counts.sources += 1
        for came in (first,) if first is second else (first, second):
            self._receive_own(came, self._timeline)

    def _step(self, now_s: float) -> bool:
        """Give the next packet, or fill in for it when it has been waited for long enough."""
        if self._expected in self._waiting:
            self._play(self._waiting.pop(self._expected))
            return True
        due_s = self._due_s()
        if self._waiting and (now_s >= due_s or len(self._waiting) > MOST_WAITING):
            self._lose()
            return True
        if not self._waiting and now_s >= due_s:
            self._fill(self._next_end() - self.cursor, "silence" if self._is_silent else "missing")
            return True
        return False

    def _due_s(self) -> float:
        """Give until when the next packet is waited for."""
        offset_s = self._timeline.offset_s if self._timeline else 0.0
        due_s = self._next_end() / SAMPLE_RATE_HZ + offset_s + self._delay.delay_s
        if self._waiting and (self._is_silent or self.cursor > self._heard_end):
            # After silence nothing tells when the one that is missing was sent, but that it was before this one.
            due_s = max(due_s, self._waiting[min(self._waiting)].arrival_s + self._delay.delay_s)
        return due_s

    def _next_end(self) -> int:
        """Give where the first packet ends that has not come and would not be wholly too late."""
        passed = max(0, self.cursor - self._heard_end) // self._length
        return self._heard_end + (passed + 1) * self._length

    def _play(self, came: Arrived) -> None:
        timeline, packet = self._timeline, came.packet
        self._note_played(packet)
        self._expected += 1
        if timeline is None or not came.form.is_voice:
            self._take_sign(came)
            return
        timeline.advance(packet.timestamp)
        start = timeline.sample(packet.timestamp)
        length = media_samples(came.form, packet.payload)
        self._fill(start - self.cursor, "silence")
        skip = min(self.cursor - start, length)
        if skip == length:
            self.counts.late += 1
        else:
            self.counts.played += 1
        samples = length + (0 if skip else timeline.correction())
        self._note_change(came.form)
        if skip:
            self._declare(start, start + skip)
        else:
            self._close_hole()
        self._actions.append(Play(came.form, packet.payload, samples, skip))
        self._heard_end = start + samples
        self.cursor = max(self.cursor, self._heard_end)
        self._length = length
        self._is_silent = False

    def _take_sign(self, came: Arrived) -> None:
        """Take comfort noise or a key: while it lasts no voice comes."""
        self.counts.played += 1
        self._is_silent = True
        if came.form.name == COMFORT_NOISE:
            self._actions.append(Noise(came.packet.payload))

    def _lose(self) -> None:
        """Give up one packet. What lies between the lost ones and the next one that came is silence."""
        following = self._waiting[min(self._waiting)]
        limit = self._heard_end + self._length
        if self._timeline:
            shares_clock = following.form.clock_hz == self._timeline.clock_hz
            begin = self._timeline.sample(following.packet.timestamp) if shares_clock else self._heard_end
            # The place of comfort noise and keys was not held against their arrival; before it they were sent.
            begin = min(begin, int((following.arrival_s + MAX_OFF_S) * SAMPLE_RATE_HZ))
            limit = min(limit, max(self._heard_end, begin))
        self.counts.lost += 1
        self._expected += 1
        self._declare(self._heard_end, limit)
        self._fill(limit - self.cursor, "missing")
        self._heard_end = limit

    def _drain(self) -> None:
        while self._waiting:
            if self._expected in self._waiting:
                self._play(self._waiting.pop(self._expected))
            else:
                self._lose()

    def _fill(self, samples: int, kind: Literal["missing", "silence"]) -> None:
        if samples > 0:
            self._actions.append(Fill(samples, kind))
            self.cursor += samples

    def _declare(self, start: int, end: int) -> None:
        if end <= start:
            return
        if self._hole and self._hole.end_sample == start:
            self._hole = self._hole._replace(end_sample=end)
            return
        self._close_hole()
        self._hole = Hole(start, end)

    def _close_hole(self) -> None:
        if self._hole:
            self._actions.append(self._hole)
            self._hole = None

    def _end(self, came: Arrived, timeline: Timeline) -> int:
        return timeline.sample(came.packet.timestamp) + came.samples

    def _note_played(self, packet: Packet) -> None:
        self._played[unwrapped(packet.sequence, self._expected, SEQUENCE_STEPS)] = None
        if len(self._played) > REMEMBERED:
            del self._played[next(iter(self._played))]

    def _note_change(self, form: PayloadFormat) -> None:
        self.counts.payload_changes += self._form is not None and form != self._form
        self._form = form


def _goes_on(before: Packet, packet: Packet) -> bool:
    steps = (packet.sequence - before.sequence) % SEQUENCE_STEPS
    return before.ssrc == packet.ssrc and 0 < steps <= NEXT_OF_NEW
