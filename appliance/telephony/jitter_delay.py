"""How long to wait for a packet that is missing: as long as packets have lately been late, and a little more."""

from typing import Final

LEAST_DELAY_S: Final = 0.040
"""Two packets of 20 ms: enough for one that was overtaken."""

FIRST_DELAY_S: Final = 0.060
"""Before anything is known of a network."""

MOST_DELAY_S: Final = 0.300
"""Later than this a light is no help to the agent; what comes so late is counted as late."""

MARGIN_S: Final = 0.010

WINDOW_S: Final = 10.0
"""Lateness is remembered over the last one to two of these: the delay grows at once and shrinks slowly."""


class PlayoutDelay:
    """The playout delay of one stream. Nobody listens to the sound, so a change of it costs no sample."""

    def __init__(self) -> None:
        self._window_began_s: float | None = None
        self._most_s = 0.0
        self._most_before_s = FIRST_DELAY_S - MARGIN_S
        self.delay_s = FIRST_DELAY_S
        """How long after its soonest possible arrival a packet is waited for."""

    def receive_lateness(self, lateness_s: float, arrival_s: float) -> None:
        """Take how much later than the soonest possible a packet came."""
        if self._window_began_s is None:
            self._window_began_s = arrival_s
        elif arrival_s - self._window_began_s > WINDOW_S:
            self._window_began_s = arrival_s
            self._most_before_s, self._most_s = self._most_s, 0.0
        self._most_s = max(self._most_s, lateness_s)
        most_s = max(self._most_s, self._most_before_s) + MARGIN_S
        self.delay_s = min(max(most_s, LEAST_DELAY_S), MOST_DELAY_S)
