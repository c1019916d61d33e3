from appliance.telephony.sip_flood import BURST, MAX_HOSTS, QUIET_S, RATE_PER_S, STRANGERS_BURST, Flood, FloodGate


def test_a_flood_passes_in_measure_and_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    gate = FloodGate()
    admitted = sum(gate.admits("a", 10 + number / 1_000, allowed=True) for number in range(5_000))
    assert BURST <= admitted <= BURST + 5 * RATE_PER_S + 1
    assert gate.news(15.0) == [Flood("a", 1)]
    assert gate.news(20.0) == []
    (over,) = gate.news(15.1 + QUIET_S)
    assert over == Flood("a", 5_000 - admitted)
    assert gate.news(500.0) == []


def test_a_flood_of_one_host_touches_no_other() -> None:
    gate = FloodGate()
    for _ in range(1_000):
        gate.admits("a", 10.0, allowed=True)
    assert gate.admits("b", 10.0, allowed=True)


def test_strangers_share_one_small_count_however_many_they_are() -> None:
    gate = FloodGate()
    assert sum(gate.admits(f"x{number}", 10.0, allowed=False) for number in range(1_000)) == STRANGERS_BURST
    assert gate.admits("a", 10.0, allowed=True)
    assert gate.news(10.0) == [Flood("", 1)]


def test_the_memory_of_hosts_is_bounded_and_given_back() -> None:
    gate = FloodGate()
    for number in range(2 * MAX_HOSTS):
        gate.admits(f"h{number}", 10.0, allowed=True)
    assert len(gate._counts) <= MAX_HOSTS + 1
    gate.news(11.0 + QUIET_S)
    assert not gate._counts
