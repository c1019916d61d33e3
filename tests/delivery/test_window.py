import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.delivery.policy import MAX_IN_FLIGHT
from appliance.delivery.window import Window


class WindowAgainstAList(RuleBasedStateMachine):
    """The window, compared with the plainest model: a list of what is in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window()
        self.in_flight: list[int] = []
        self.position = 0
        self.limit = 0

    @rule(after=st.integers(0, 1000), limit=st.integers(0, 1000))
    def resume(self, after: int, limit: int) -> None:
        self.window.resume(after, limit)
        self.position, self.in_flight, self.limit = after, [], max(1, min(limit, MAX_IN_FLIGHT))

    @precondition(lambda self: len(self.in_flight) < self.limit)
    @rule(step=st.integers(1, 5))
    def send(self, step: int) -> None:
        self.position += step
        self.window.send(self.position)
        self.in_flight.append(self.position)

    @precondition(lambda self: len(self.in_flight) >= self.limit)
    @rule()
    def cannot_send_when_full(self) -> None:
        with pytest.raises(ValueError, match="does not fit"):
            self.window.send(self.position + 1)

    @rule(step=st.integers(0, 5))
    def cannot_send_out_of_order(self, step: int) -> None:
        with pytest.raises(ValueError, match="out of order"):
            self.window.send(self.position - step)

    @rule(back=st.integers(0, 300))
    def acknowledge(self, back: int) -> None:
        seq = max(0, self.position - back)
        released = [sent for sent in self.in_flight if sent <= seq]
        assert self.window.acknowledge(seq) == len(released)
        self.in_flight = [sent for sent in self.in_flight if sent > seq]

    @rule(ahead=st.integers(1, 300))
    def cannot_acknowledge_what_was_never_sent(self, ahead: int) -> None:
        with pytest.raises(ValueError, match="never sent"):
            self.window.acknowledge(self.position + ahead)

    @invariant()
    def agrees(self) -> None:
        assert self.window.position == self.position
        assert self.window.in_flight == len(self.in_flight)
        assert self.window.room == self.limit - len(self.in_flight)


TestWindow = WindowAgainstAList.TestCase
