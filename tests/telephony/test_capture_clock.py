import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.telephony.capture_clock import CaptureClock

RATE_HZ = 48_000
BLOCK = 960


def times(seconds: float, ppm: float = 0.0, seed: int = 0, late_s: float = 0.02, block: int = BLOCK) -> list[float]:
    """Give when blocks of a card arrive that is so much slower than the box, each up to `late_s` late."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ / block)
    return [
        100 + (number + 1) * block / RATE_HZ * (1 + ppm / 1e6) + random.uniform(0, late_s) for number in range(count)
    ]


@settings(max_examples=10)
@given(st.floats(-300, 300), st.integers(0, 100))
def test_neither_drift_nor_lateness_moves_a_position(ppm: float, seed: int) -> None:
    clock = CaptureClock(RATE_HZ)
    arrivals = times(60, ppm, seed)
    assert sum(clock.receive_block(at_s, BLOCK) for at_s in arrivals) == 0
    assert clock.count == len(arrivals) * BLOCK


def test_over_an_hour_positions_do_not_drift_and_the_card_s_clock_is_known() -> None:
    clock = CaptureClock(RATE_HZ)
    arrivals = times(3_600, 120.0, block=BLOCK * 5)
    lost = sum(clock.receive_block(at_s, BLOCK * 5) for at_s in arrivals)
    assert (lost, clock.count) == (0, 3_600 * RATE_HZ)
    assert clock.drift_ppm == pytest.approx(120, abs=15)


@settings(max_examples=20)
@given(st.floats(0.1, 30), st.booleans())
def test_what_is_lost_is_declared_to_40_ms_whether_the_card_says_so_or_not(hole_s: float, said: bool) -> None:
    clock = CaptureClock(RATE_HZ)
    arrivals = times(10)
    lost = 0
    for number, at_s in enumerate(arrivals):
        after = number >= 250
        lost += clock.receive_block(at_s + hole_s * after, BLOCK, broken=said and number == 250)
    assert lost / RATE_HZ == pytest.approx(hole_s, abs=0.04)
    assert clock.count == len(arrivals) * BLOCK + lost


def test_blocks_that_waited_and_come_at_once_are_not_a_hole() -> None:
    clock = CaptureClock(RATE_HZ)
    arrivals = times(10)
    stalled = [at_s if not 200 <= number < 240 else arrivals[240] for number, at_s in enumerate(arrivals)]
    assert sum(clock.receive_block(at_s, BLOCK) for at_s in stalled) == 0
