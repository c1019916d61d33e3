import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.card_steering import ASTRAY, Steering, stretched

RATE_HZ = 48_000
BLOCK = 960
SILENCE = np.zeros((BLOCK, 1), np.int16)


@given(st.integers(2, 2_000), st.sampled_from([-1, 1]), st.integers(1, 2))
def test_a_block_is_stretched_by_a_sample_without_a_jump(length: int, by: int, channels: int) -> None:
    block = np.linspace(-20_000, 20_000, length)[:, None].repeat(channels, 1).astype(np.int16)
    longer = stretched(block, length + by)
    assert longer.shape == (length + by, channels)
    assert np.array_equal(longer[0], block[0])
    assert length + by == 1 or np.array_equal(longer[-1], block[-1])
    assert np.diff(longer[:, 0]).max(initial=0) <= 40_000 / max(1, length + by - 1) + 2


@pytest.mark.parametrize("ppm", [-500, -100, 0, 40, 500])
def test_a_card_whose_clock_is_off_stays_within_sixteen_milliseconds(ppm: int) -> None:
    steering, heard_at, given_samples = Steering(RATE_HZ), 0.0, 0
    steering.begin(0)
    for _ in range(180 * RATE_HZ // BLOCK):
        assert not steering.is_astray(heard_at)
        passed_on = len(steering.steered(SILENCE, heard_at))
        steering.receive(passed_on)
        given_samples += passed_on
        heard_at += BLOCK / 3 * (1 + ppm / 1e6)
    assert abs(given_samples / 3 - heard_at) < 0.016 * 16_000


def test_a_card_that_is_farther_off_than_any_drift_leaves_it_is_astray() -> None:
    steering = Steering(RATE_HZ)
    steering.begin(32_000)
    assert not steering.is_astray(32_000 + ASTRAY)
    assert steering.is_astray(32_001 + ASTRAY)
    assert steering.is_astray(31_999 - ASTRAY)
