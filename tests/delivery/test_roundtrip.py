from appliance.delivery.policy import MAX_PINGS_OPEN, PING_EVERY_S, SILENT_S
from appliance.delivery.roundtrip import RoundTrip


def test_a_round_trip_is_measured_from_its_own_ping_also_when_pongs_are_late() -> None:
    trip = RoundTrip(0.0)
    first, second = trip.ping(0.0), trip.ping(10.0)
    assert trip.pong(first, 10.5) == 10_500.0
    assert trip.pong(second, 10.1) == 100.0
    assert trip.rtt_ms == 100.0


def test_a_pong_that_nobody_waits_for_tells_nothing() -> None:
    trip = RoundTrip(0.0)
    number = trip.ping(0.0)
    assert trip.pong(number, 0.5) == 500.0
    assert trip.pong(number, 0.9) is None
    assert trip.pong(99, 0.9) is None
    assert trip.rtt_ms == 500.0


def test_pings_that_are_never_answered_do_not_add_up() -> None:
    trip = RoundTrip(0.0)
    numbers = [trip.ping(float(at)) for at in range(MAX_PINGS_OPEN + 1)]
    assert trip.pong(numbers[0], 9.0) is None
    assert trip.pong(numbers[1], 9.0) is not None


def test_one_missed_pong_is_not_the_end_and_three_are() -> None:
    trip = RoundTrip(0.0)
    trip.hear(PING_EVERY_S)
    assert trip.silent_s(3 * PING_EVERY_S) < SILENT_S
    assert trip.silent_s(PING_EVERY_S + 3.6 * PING_EVERY_S) > SILENT_S
