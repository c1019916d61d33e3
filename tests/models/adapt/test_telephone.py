import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.models.adapt.telephone import PACKET_SAMPLES, WIDE_HZ, Audio, Line, draw_line, through
from appliance.telephony.codecs import decode_ulaw

QUIET = Line(300, 3400, 0, 0.0, -120.0, "none", 0.0, -np.inf)


def tone(hz: float) -> Audio:
    wave: Audio = 0.3 * np.sin(2 * np.pi * hz * np.arange(WIDE_HZ) / WIDE_HZ)
    return wave


def level_db(audio: Audio) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(audio[2000:-2000] ** 2)) + 1e-9))


def passed(line: Line, audio: Audio) -> Audio:
    return through(line, audio, np.random.default_rng(0))


@pytest.mark.parametrize(("hz", "loss_db"), [(1000, 0), (3000, 0)])
def test_what_lies_in_the_band_comes_through_as_it_was(hz: float, loss_db: float) -> None:
    assert level_db(passed(QUIET, tone(hz))) == pytest.approx(level_db(tone(hz)) - loss_db, abs=0.1)


@pytest.mark.parametrize("hz", [100, 3800, 5000, 7000])
def test_what_lies_outside_is_gone(hz: float) -> None:
    assert level_db(passed(QUIET, tone(hz))) < -60


def test_a_gentle_line_takes_off_what_its_order_says() -> None:
    assert level_db(passed(QUIET._replace(order=2), tone(150))) == pytest.approx(level_db(tone(150)) - 12.3, abs=0.3)


def test_nothing_moves_in_time() -> None:
    chance = np.random.default_rng(3)
    audio = np.convolve(chance.normal(0, 0.1, WIDE_HZ), np.ones(8) / 8, "same")
    after = passed(QUIET, audio)
    match = np.correlate(after, audio[100:-100], "valid")
    assert int(np.argmax(match)) == 100


def test_a_codec_gives_only_values_that_it_knows() -> None:
    line = QUIET._replace(codec="ulaw")
    narrow = passed(line, tone(1000))[::2]
    known = np.unique(decode_ulaw(bytes(range(256)))) / 32768
    near = np.abs(narrow[1000:-1000, None] - known).min(axis=1)
    assert np.median(near) < 0.002


def test_lost_packets_are_silent_and_about_as_many_as_said() -> None:
    after = passed(QUIET._replace(lost=0.2), tone(1000))
    packets = after[: len(after) // (2 * PACKET_SAMPLES) * 2 * PACKET_SAMPLES].reshape(-1, 2 * PACKET_SAMPLES)
    silent = np.mean(np.sqrt((packets**2).mean(axis=1)) < 0.05)
    assert 0.05 < silent < 0.4


@given(st.integers(0, 2**32), st.integers(400, 20_000))
def test_any_line_gives_as_much_as_went_in_and_the_same_for_the_same_chance(seed: int, length: int) -> None:
    audio = np.random.default_rng(1).normal(0, 0.1, length)

    def once() -> Audio:
        chance = np.random.default_rng(seed)
        return through(draw_line(chance), audio, chance)

    assert len(once()) == length
    assert np.array_equal(once(), once())
    assert np.isfinite(once()).all()


@given(st.integers(0, 2**32))
def test_a_clean_line_has_no_noise_and_loses_nothing(seed: int) -> None:
    line = draw_line(np.random.default_rng(seed), clean=True)
    assert line.lost == 0
    assert line.noise_dbfs <= -58
    assert line.converter_dbfs == -np.inf


def test_a_sound_card_makes_noise_where_the_line_carries_nothing() -> None:
    silent, noisy = (level_db(passed(QUIET._replace(converter_dbfs=level), 0 * tone(1))) for level in (-np.inf, -80.0))
    assert silent < -110
    assert noisy == pytest.approx(-80, abs=0.5)
