"""The two sides of a call that comes as RTP: packets in, the steps of a line out.

No socket and no clock: whoever has them (`rtp_receiver`, `rtp_tap`) says when each packet came, in seconds since the
call's first sample. Both sides count from the same moment, so that what was said at once has one position.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from appliance.adapters.line import Step
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ, Event, Gap, KeyPressed
from appliance.speech.frames import FRAME_BYTES, FRAME_SAMPLES, Frame, Side, Withheld
from appliance.telephony.dtmf import Keypad, KeyPress
from appliance.telephony.jitter_actions import Action, Counts, Hole
from appliance.telephony.jitter_buffer import JitterBuffer
from appliance.telephony.rtp import Packet
from appliance.telephony.rtp_payloads import TELEPHONE_EVENT, PayloadFormat
from appliance.telephony.rtp_voice import Decoders, Voice


class SideReport(NamedTuple):
    """What became of one side's packets, for the log and for benchmarks."""

    counts: Counts
    undecodable: int
    corrected_samples: int
    delay_s: float


class RtpSides:
    """Turns the packets of a call into its steps. `keep_keys` False leaves the digits out of the keys' events."""

    def __init__(self, sides: tuple[Side, ...], decoders: Decoders, *, keep_keys: bool = False) -> None:
        self._sides: Final = {side: _OneSide(side, decoders, keep_keys=keep_keys) for side in sides}
        self._sample = 0

    def receive(self, side: Side, packet: Packet, form: PayloadFormat | None, arrival_s: float) -> None:
        """Take a packet, after `advance` to its arrival; `form` None: nobody agreed on its payload type."""
        self._sides[side].receive(packet, form, arrival_s)

    def hold(self, side: Side) -> None:
        """Take that a side pauses by agreement: that nothing comes of it is no loss."""
        self._sides[side].buffer.hold()

    def is_stalled(self, side: Side, now_s: float) -> bool:
        """Say whether a side should be heard and is not."""
        return self._sides[side].buffer.is_stalled(now_s)

    def report(self, side: Side) -> SideReport:
        """Give what became of a side's packets so far."""
        one = self._sides[side]
        return SideReport(one.buffer.counts, one.voice.undecodable, one.buffer.corrected_samples, one.buffer.delay_s)

    def withhold(self, now_s: float) -> list[Step]:
        """Give the time until now as not listened to, in place of `advance`; what had come before is forgotten."""
        start, end = self._sample, round(now_s * SAMPLE_RATE_HZ / FRAME_SAMPLES) * FRAME_SAMPLES
        if end <= start:
            return []
        self._sample = end
        for side in self._sides.values():
            side.begin_anew(end)
        return [tuple(Withheld(side, start, end, "muted") for side in self._sides)]

    def advance(self, now_s: float) -> list[Step]:
        """Give the steps that are due by now."""
        for side in self._sides.values():
            side.take(side.buffer.advance(now_s))
        return self._steps()

    def finish(self, now_s: float) -> list[Step]:
        """Give the rest as the call ends; the last step is filled with silence."""
        for side in self._sides.values():
            side.finish(now_s)
        longest = max(side.until_sample for side in self._sides.values())
        for side in self._sides.values():
            side.fill_up(-(-longest // FRAME_SAMPLES) * FRAME_SAMPLES)
        steps = self._steps()
        rest = tuple(event for side in self._sides.values() for event in side.told())
        return [*steps, rest] if rest else steps

    def _steps(self) -> list[Step]:
        steps: list[Step] = []
        while all(side.until_sample >= self._sample + FRAME_SAMPLES for side in self._sides.values()):
            events: tuple[Event, ...] = ()
            if not steps:
                events = tuple(event for side in self._sides.values() for event in side.told())
            steps.append((*events, *(side.frame() for side in self._sides.values())))
            self._sample += FRAME_SAMPLES
        return steps


class _OneSide:
    def __init__(self, side: Side, decoders: Decoders, *, keep_keys: bool) -> None:
        self.buffer = JitterBuffer()
        self.voice = Voice(decoders)
        self._side = side
        self._keypad = Keypad()
        self._keep_keys = keep_keys
        self._clock_hz = SAMPLE_RATE_HZ
        self._pcm = bytearray()
        self._first_sample = 0
        self._events: list[Event] = []

    @property
    def until_sample(self) -> int:
        """Position up to which there is sound."""
        return self._first_sample + len(self._pcm) // 2

    def receive(self, packet: Packet, form: PayloadFormat | None, arrival_s: float) -> None:
        if not self.buffer.receive(packet, form, arrival_s) or form is None:
            return
        if form.name != TELEPHONE_EVENT:
            return
        self._clock_hz = form.clock_hz
        try:
            keys = self._keypad.receive(packet.payload, packet.timestamp)
        except BadInputError:
            return  # half an event tells nothing; its packet is counted as any other
        self._note_keys(keys)

    def begin_anew(self, sample: int) -> None:
        """Forget what has come, and go on from this position."""
        counts = self.buffer.counts
        self.buffer = JitterBuffer(sample)
        self.buffer.counts = counts
        self._first_sample = sample
        self._pcm.clear()
        self._keypad = Keypad()
        self._events.clear()

    def take(self, actions: Iterable[Action]) -> None:
        actions = list(actions)
        if not actions:
            return
        self._pcm += self.voice.render(actions).astype("<i2").tobytes()
        for action in actions:
            if isinstance(action, Hole):
                self._events.append(
                    Gap(
                        who=self._side,
                        start_sample=action.start_sample,
                        end_sample=action.end_sample,
                        reason="packets_lost",
                    )
                )

    def finish(self, now_s: float) -> None:
        self.take(self.buffer.finish(now_s))
        self._note_keys(self._keypad.finish())

    def fill_up(self, until_sample: int) -> None:
        self._pcm += bytes(2 * max(0, until_sample - self.until_sample))

    def frame(self) -> Frame:
        frame = Frame(self._side, self._first_sample, bytes(self._pcm[:FRAME_BYTES]))
        del self._pcm[:FRAME_BYTES]
        self._first_sample += FRAME_SAMPLES
        return frame

    def told(self) -> list[Event]:
        """Give what happened on this side and has not been told yet."""
        told, self._events = self._events, []
        return told

    def _note_keys(self, keys: Iterable[KeyPress]) -> None:
        for key in keys:
            start = max(0, self.buffer.position(key.timestamp))
            end = start + key.duration * SAMPLE_RATE_HZ // self._clock_hz
            shown = key.key if self._keep_keys else ""
            self._events.append(KeyPressed(who=self._side, start_sample=start, end_sample=end, key=shown))
