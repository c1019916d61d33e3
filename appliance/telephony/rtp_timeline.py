"""Where in media time the packets of one source lie: positions from RTP timestamps, held to the box's own clock.

The first packet is placed by its arrival: its last sample ends when it came. All others follow by their timestamps.
Their sender's clock is not ours, so the place of what arrives with the least delay is watched: it drifts against
arrival by 180 ms in an hour at 50 ppm. Once it is off by more than `TOLERANCE_S` the sound is made a sample longer or
shorter in each packet until it fits again.
"""

from typing import Final

from appliance.events import SAMPLE_RATE_HZ
from appliance.telephony.rtp import TIMESTAMP_STEPS, unwrapped

TOLERANCE_S: Final = 0.010
"""A quarter of what positions may be off. Packets come in steps of 20 ms; less would chase noise."""

SETTLED_S: Final = 0.001

WINDOW_S: Final = 5.0
"""The least delay is taken over two of these: 500 packets, of which one nearly always meets empty queues."""

MAX_OFF_S: Final = 2.0
"""A packet whose place is this far from its arrival belongs to another timeline: its sender began anew."""


class Timeline:
    """Maps the timestamps of one source to positions in media time.

    `clock_hz` is the clock of its timestamps. All times are seconds since the call's first sample.
    """

    def __init__(self, timestamp: int, clock_hz: int, start_sample: int) -> None:
        self.clock_hz = clock_hz
        self._first_timestamp = timestamp
        self._latest_timestamp = timestamp
        self._first_sample = start_sample
        self._window_began_s: float | None = None
        self._least_s: float | None = None
        self._least_before_s: float | None = None
        self._is_correcting = False
        self.offset_s = 0.0
        """How much later than its place sound arrives at the soonest."""
        self.corrected_samples = 0
        """Put in (or, below zero, left out) since the beginning to follow the sender's clock."""

    def sample(self, timestamp: int) -> int:
        """Give the position of a timestamp, which may have wrapped since the last one."""
        whole = unwrapped(timestamp, self._latest_timestamp, TIMESTAMP_STEPS)
        ticks = whole - self._first_timestamp
        return self._first_sample + ticks * SAMPLE_RATE_HZ // self.clock_hz + self.corrected_samples

    def advance(self, timestamp: int) -> None:
        """Take that this timestamp has been reached, so that wrapping is told from here on."""
        self._latest_timestamp = unwrapped(timestamp, self._latest_timestamp, TIMESTAMP_STEPS)

    def is_far(self, end_sample: int, arrival_s: float) -> bool:
        """Say whether a place is so far from its arrival that no network explains it."""
        return abs(arrival_s - end_sample / SAMPLE_RATE_HZ) > MAX_OFF_S

    def receive_arrival(self, end_sample: int, arrival_s: float) -> None:
        """Take that the sound which ends there came at that time."""
        off_s = arrival_s - end_sample / SAMPLE_RATE_HZ
        if self._window_began_s is None:
            self._window_began_s = arrival_s
        elif arrival_s - self._window_began_s > WINDOW_S:
            self._window_began_s = arrival_s
            self._least_before_s, self._least_s = self._least_s, None
        self._least_s = off_s if self._least_s is None else min(self._least_s, off_s)
        self.offset_s = self._least_s if self._least_before_s is None else min(self._least_s, self._least_before_s)

    def correction(self) -> int:
        """Give by how many samples the next packet must be longer (1) or shorter (-1) to follow its sender's clock."""
        if self._least_before_s is None:
            return 0
        off_s = self.offset_s
        if abs(off_s) > TOLERANCE_S:
            self._is_correcting = True
        elif abs(off_s) < SETTLED_S:
            self._is_correcting = False
        if not self._is_correcting:
            return 0
        step = 1 if off_s > 0 else -1
        self._shift(step)
        return step

    def _shift(self, samples: int) -> None:
        self.corrected_samples += samples
        shift_s = samples / SAMPLE_RATE_HZ
        self._least_s = None if self._least_s is None else self._least_s - shift_s
        self._least_before_s = None if self._least_before_s is None else self._least_before_s - shift_s
        self.offset_s -= shift_s
