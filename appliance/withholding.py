"""When a call is not listened to, by wish: muted by hand at the box, or paused by the central server.

Both are intervals of media time, told as an event when they end. Mute always wins: while the line says that it is
muted, a pause changes nothing, and its end lets nothing be heard.
"""

from appliance.events import SAMPLE_RATE_HZ, Event, Muted, Paused
from appliance.speech.frames import Withheld


class Withholding:
    """One call."""

    def __init__(self) -> None:
        self._interval: Withheld | None = None
        self._paused_until = 0

    def pause(self, now_sample: int, limit_s: float) -> None:
        """Listen to nothing for so long, in place of what was said before."""
        self._paused_until = now_sample + round(limit_s * SAMPLE_RATE_HZ)

    def resume(self, now_sample: int) -> bool:
        """End the pause; say whether there was one."""
        was_paused = self.is_paused(now_sample)
        self._paused_until = 0
        return was_paused

    def is_paused(self, now_sample: int) -> bool:
        """Say whether the call is paused."""
        return now_sample < self._paused_until

    def receive(self, piece: Withheld) -> list[Event]:
        """Take the next piece of either side; gives the interval that it ends, as far as it is of another kind."""
        before = self._interval
        if before is None or before.why != piece.why:
            told = self.end()
            self._interval = piece
            return told
        start, end = min(before.start_sample, piece.start_sample), max(before.end_sample, piece.end_sample)
        self._interval = before._replace(start_sample=start, end_sample=end)
        return []

    def end(self) -> list[Event]:
        """Take that the call is heard again, or is over; gives the interval that ends."""
        over, self._interval = self._interval, None
        if over is None:
            return []
        event = Muted if over.why == "muted" else Paused
        return [event(who="both", start_sample=over.start_sample, end_sample=over.end_sample)]
