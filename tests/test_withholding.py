"""A call that is muted or paused: its time goes on, nothing of it is heard, and nothing of it is called lost."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.commands import COMMANDS
from appliance.delivery.orders import LONGEST_PAUSE_S
from appliance.errors import BadInputError
from appliance.events import Gap, Muted, Paused, StressMeasured, Utterance
from appliance.speech.frames import FRAME_SAMPLES, Withheld
from appliance.withholding import Withholding

from .scripted_call import SIDES, Talk, at, said

PIECES = st.lists(st.sampled_from(["muted", "paused", "heard"]), max_size=40)


@given(PIECES)
def test_the_intervals_are_told_once_each_in_order_and_cover_what_was_withheld_and_nothing_else(
    pieces: list[str],
) -> None:
    withholding = Withholding()
    told = []
    for number, why in enumerate(pieces):
        for side in SIDES:
            if why == "heard":
                told += withholding.end()
            else:
                told += withholding.receive(
                    Withheld(side, number * 10, number * 10 + 10, "muted" if why == "muted" else "paused")
                )
    told += withholding.end()
    covered = ["heard"] * len(pieces)
    for event in told:
        assert event.who == "both"
        for number in range(event.start_sample // 10, event.end_sample // 10):
            assert covered[number] == "heard"
            covered[number] = "muted" if isinstance(event, Muted) else "paused"
    assert covered == pieces
    assert [event.start_sample for event in told] == sorted(event.start_sample for event in told)


def withhold(talk: Talk, start_s: float, end_s: float) -> None:
    """Let a line be muted for so long, in the small pieces in which it tells that."""
    for sample in range(at(start_s), at(end_s), FRAME_SAMPLES):
        for side in SIDES:
            talk.take(talk.session.receive_withheld(Withheld(side, sample, sample + FRAME_SAMPLES, "muted")))
    talk.skip_to(end_s)


def test_an_utterance_is_cut_at_the_press_and_what_is_said_behind_it_is_another_one() -> None:
    spoken = said("please bring it on thursday in the afternoon to my house", 1.0)
    talk = Talk({"caller": spoken}).run_until(2.0)
    withhold(talk, 2.0, 3.0)
    talk.run_until(6.0).hang_up()
    texts = [event.text for event in talk.events if isinstance(event, Utterance)]
    assert texts == ["please bring it on", "afternoon to my house"]
    (muted,) = talk.of(Muted)
    assert muted == Muted(who="both", start_sample=at(2), end_sample=at(3))
    assert talk.of(Gap) == []


def test_a_call_that_ends_while_muted_tells_the_interval_before_its_end_and_lasts_as_long() -> None:
    talk = Talk({}).run_until(1.0)
    withhold(talk, 1.0, 4.0)
    talk.hang_up()
    muted, ended = (event for event in talk.events if event.end_sample == at(4))
    assert isinstance(muted, Muted)
    assert ended.start_sample == at(4)


def test_a_voice_is_not_known_behind_a_mute_and_that_is_told_once() -> None:
    talk = Talk({"caller": said("so that is what i have been told by you on monday " * 3, 1, 0.25)}).run_until(10)
    before = len(talk.of(StressMeasured))
    withhold(talk, 10, 15)
    assert [one.score for one in talk.of(StressMeasured)[before:] if isinstance(one, StressMeasured)] in ([], [None])


def test_a_pause_has_a_limit_and_ends_by_itself_in_the_time_of_the_call() -> None:
    talk = Talk({}).run_until(1.0)
    assert COMMANDS["pause"](talk.session, {"call": "c1", "limit_s": 2}) == []
    assert talk.session.is_paused
    withhold(talk, 1.0, 2.9)
    assert talk.session.is_paused
    withhold(talk, 2.9, 3.0)
    assert not talk.session.is_paused


def test_resume_ends_a_pause_and_nothing_but_a_pause() -> None:
    talk = Talk({}).run_until(1.0)
    COMMANDS["pause"](talk.session, {"call": "c1"})
    assert COMMANDS["resume"](talk.session, {"call": "c1"}) == []
    assert not talk.session.is_paused
    with pytest.raises(BadInputError, match="not paused") as error:
        COMMANDS["resume"](talk.session, {"call": "c1"})
    assert "at the box" in error.value.mend


def test_a_pause_and_its_end_change_nothing_of_an_interval_that_is_muted() -> None:
    talk = Talk({}).run_until(1.0)
    withhold(talk, 1.0, 2.0)
    COMMANDS["pause"](talk.session, {"call": "c1", "limit_s": 60})
    withhold(talk, 2.0, 3.0)
    COMMANDS["resume"](talk.session, {"call": "c1"})
    withhold(talk, 3.0, 4.0)
    talk.run_until(5.0)
    assert talk.of(Muted) == [Muted(who="both", start_sample=at(1), end_sample=at(4))]
    assert talk.of(Paused) == []


@pytest.mark.parametrize("limit_s", [0, -1, LONGEST_PAUSE_S + 1, "60", float("inf")])
def test_a_pause_without_a_sensible_limit_is_refused(limit_s: object) -> None:
    talk = Talk({})
    with pytest.raises(msgspec.ValidationError):
        COMMANDS["pause"](talk.session, {"call": "c1", "limit_s": limit_s})
    assert not talk.session.is_paused
