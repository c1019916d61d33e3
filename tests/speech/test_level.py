import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES
from appliance.speech.level import (
    ABOVE_FLOOR_DB,
    LOUDEST_START_DBFS,
    QUIETEST_VOICE_DBFS,
    RISE_DB_PER_S,
    SILENCE_DBFS,
    NoiseFloor,
    VoiceLevel,
    level_dbfs,
)


def square(dbfs: float) -> bytes:
    """Give one frame of a square wave at this level."""
    height = round(32768 * 10 ** (dbfs / 20))
    return (np.array([height, -height] * (FRAME_SAMPLES // 2)).clip(-32768, 32767)).astype("<i2").tobytes()


def after(seconds: float, dbfs: float, floor: NoiseFloor) -> float:
    for _ in range(round(seconds * 1000 / FRAME_MS)):
        floor.receive_frame(square(dbfs))
    return floor.dbfs


def test_levels_are_relative_to_a_full_scale_square_wave() -> None:
    sine = (32767 * np.sin(np.arange(FRAME_SAMPLES) * 2 * math.pi / 32)).astype("<i2").tobytes()
    assert level_dbfs(square(0)) == pytest.approx(0, abs=0.01)
    assert level_dbfs(sine) == pytest.approx(-3.01, abs=0.01)
    assert level_dbfs(square(-40)) == pytest.approx(-40, abs=0.1)
    assert level_dbfs(bytes(640)) == SILENCE_DBFS


@given(st.binary(min_size=2, max_size=640).filter(lambda pcm: len(pcm) % 2 == 0))
def test_no_audio_is_louder_than_full_scale(pcm: bytes) -> None:
    assert level_dbfs(pcm) <= 0


def test_the_floor_falls_at_once_and_rises_slowly() -> None:
    floor = NoiseFloor()
    assert after(0.02, -60, floor) == pytest.approx(-60, abs=0.2)
    assert after(5, -30, floor) == pytest.approx(-60 + 5 * RISE_DB_PER_S, abs=0.2)
    assert after(0.02, -70, floor) == pytest.approx(-70, abs=0.5)


def test_the_floor_never_rises_above_the_line_itself() -> None:
    assert after(60, -50, NoiseFloor()) == pytest.approx(-50, abs=0.2)


def test_voice_must_stand_out_of_the_noise() -> None:
    floor = NoiseFloor()
    after(1, -50, floor)
    assert not floor.receive_frame(square(-50 + ABOVE_FLOOR_DB - 1))
    assert floor.receive_frame(square(-50 + ABOVE_FLOOR_DB + 1))


def test_on_a_silent_line_comfort_noise_is_no_voice() -> None:
    floor = NoiseFloor()
    after(1, -96, floor)
    assert not floor.receive_frame(square(QUIETEST_VOICE_DBFS - 1))
    assert floor.receive_frame(square(QUIETEST_VOICE_DBFS + 1))


def test_a_line_that_begins_in_the_middle_of_a_word_does_not_take_it_for_noise() -> None:
    assert NoiseFloor().dbfs == LOUDEST_START_DBFS
    assert NoiseFloor().receive_frame(square(-20))


def test_the_level_of_a_voice_is_that_of_its_speech_and_not_of_the_pauses() -> None:
    level = VoiceLevel()
    loud, quiet = (np.full(320, size, "<i2").tobytes() for size in (3277, 3))
    level.receive_frame(quiet, voiced=False)
    assert level.dbfs is None
    for _ in range(100):
        level.receive_frame(loud, voiced=True)
        level.receive_frame(quiet, voiced=False)
    assert level.dbfs == pytest.approx(-20.0, abs=0.01)
