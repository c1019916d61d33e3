import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.speech.own_start import FEWEST, MOST_EFFORT_DB, OwnStart, Stretch
from appliance.speech.prosody import MEASURES

CALM_ODDS = -3.0
PITCH = [at for at, each in enumerate(MEASURES) if each.group == "pitch"]


def said(level_dbfs: float = -30.0, floor_dbfs: float = -60.0, semitones: float = 4.0) -> Stretch:
    measures = np.zeros(len(MEASURES))
    measures[PITCH] = semitones
    return Stretch(measures, level_dbfs, floor_dbfs)


def started(*stretches: Stretch, odds: float = CALM_ODDS) -> OwnStart:
    start = OwnStart()
    for each in stretches or [said()] * 6:
        start.receive(each, odds)
    return start


def test_who_gets_louder_and_higher_makes_an_effort() -> None:
    assert started().effort_db(said(level_dbfs=-21.0, semitones=8.0)) == 9.0


def test_loudness_alone_is_no_effort_and_pitch_alone_neither() -> None:
    assert started().effort_db(said(level_dbfs=-18.0)) == 0.0
    assert started().effort_db(said(semitones=10.0)) == 0.0


@given(st.floats(0, 30))
def test_a_gain_that_moves_the_floor_too_is_no_effort(gain_db: float) -> None:
    assert started().effort_db(said(-30.0 + gain_db, -60.0 + gain_db, semitones=9.0)) < 1e-6


def test_who_speaks_up_against_a_louder_line_makes_no_effort() -> None:
    assert started().effort_db(said(level_dbfs=-22.0, floor_dbfs=-50.0, semitones=8.0)) == 0.0


@given(st.floats(-60, 0), st.floats(-70, -20), st.floats(-20, 40))
def test_an_effort_is_never_below_nothing_nor_without_end(level: float, floor: float, semitones: float) -> None:
    assert 0.0 <= started().effort_db(said(level, floor, semitones)) <= MOST_EFFORT_DB


def test_of_a_start_hardly_known_there_is_no_effort() -> None:
    assert started(*[said()] * int(FEWEST - 1)).effort_db(said(-20.0, semitones=9.0)) == 0.0


def test_who_is_angry_from_the_first_word_is_not_measured_by_that() -> None:
    angry = started(*[said(-20.0, semitones=12.0)] * 20, odds=4.0)
    assert angry.trust == 0.0
    angry.receive(said(semitones=2.0), CALM_ODDS)
    assert np.all(angry.measures[PITCH] == 2.0)


def test_the_reference_stays_once_it_is_known() -> None:
    start = started(*[said(semitones=2.0)] * 10, *[said(semitones=12.0)] * 50)
    assert np.allclose(start.measures[PITCH], 2.0)
    assert 0.7 < start.trust < 0.8


def test_a_doubtful_stretch_counts_less_than_a_calm_one() -> None:
    start = OwnStart()
    start.receive(said(semitones=0.0), CALM_ODDS)
    start.receive(said(semitones=10.0), 1.3)
    assert 2.0 < start.measures[PITCH[0]] < 4.0
