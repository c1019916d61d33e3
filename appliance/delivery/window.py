"""What is in flight on one connection: events sent and not yet acknowledged."""

from collections import deque

from appliance.delivery.policy import MAX_IN_FLIGHT


class Window:
    """The device's place in its log, and how many events it may still send.

    After `resume` the events with `seq` above `position` go out, in order, at most `room` of them. An acknowledgement
    is cumulative and makes room. Numbers may skip: the window counts events, not numbers.
    """

    def __init__(self) -> None:
        self.position = 0
        self._limit = 0
        self._in_flight: deque[int] = deque()

    @property
    def room(self) -> int:
        """How many events may be sent now."""
        return self._limit - len(self._in_flight)

    @property
    def in_flight(self) -> int:
        """How many events wait for their acknowledgement."""
        return len(self._in_flight)

    def resume(self, after: int, limit: int) -> None:
        """Begin a connection: nothing is in flight, the event after `after` is next.

        `limit` is the server's; one event can always be sent, and never more than `MAX_IN_FLIGHT`.
        """
        self.position = after
        self._limit = max(1, min(limit, MAX_IN_FLIGHT))
        self._in_flight.clear()

    def send(self, seq: int) -> None:
        """Note that `seq` goes out. Raises `ValueError` when it is out of order or the window is full."""
        if seq <= self.position:
            raise ValueError(f"seq {seq} after {self.position} is out of order")
        if self.room < 1:
            raise ValueError(f"seq {seq} does not fit: {len(self._in_flight)} are in flight")
        self.position = seq
        self._in_flight.append(seq)

    def acknowledge(self, seq: int) -> int:
        """Take an acknowledgement of everything up to `seq`, and give how many events it released.

        One that comes again, or late, releases nothing. Raises `ValueError` for an event that was never sent: to
        believe it would be to lose it.
        """
        if seq > self.position:
            raise ValueError(f"seq {seq} was acknowledged and never sent; the last one sent is {self.position}")
        before = len(self._in_flight)
        while self._in_flight and self._in_flight[0] <= seq:
            self._in_flight.popleft()
        return before - len(self._in_flight)
