from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, samples
from appliance.speech.hold import Held
from appliance.speech.listener import BLOCK_MS, Listener, Span
from appliance.speech.recognizer import EndUtterance, Hear, Pause, Request

from .sounds import frames, voicing

SETTINGS = EndpointerSettings()

CALLS = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=16).map(
    lambda runs: [voiced for voiced, length in runs for _ in range(length)]
)


def heard(listener: Listener, voiced: list[bool]) -> list[Request]:
    """Give the requests for a stretch of one side, without the end of the call."""
    return [
        request
        for number, one in enumerate(frames(voiced))
        for request in listener.receive_frame(one, voiced=voiced[number])
        if not isinstance(request, Held)
    ]


def ended(listener: Listener) -> list[Request]:
    return [request for request in listener.receive_end() if not isinstance(request, Held)]


def span(first_frame: int, end_frame: int) -> Span:
    return Span(first_frame * FRAME_SAMPLES, end_frame * FRAME_SAMPLES)


@given(CALLS)
def test_utterances_are_numbered_from_1_and_each_ends_once_behind_its_audio(voiced: list[bool]) -> None:
    listener = Listener("agent", SETTINGS)
    requests = heard(listener, voiced) + ended(listener)
    ends = [request for request in requests if isinstance(request, EndUtterance)]
    assert [end.utterance for end in ends] == list(range(1, len(ends) + 1))
    assert [request.utterance for request in requests] == sorted(request.utterance for request in requests)
    assert all(request.side == "agent" for request in requests)
    for number in range(1, len(ends) + 1):
        mine = [request for request in requests if request.utterance == number]
        assert isinstance(mine[0], Hear)
        assert [isinstance(request, EndUtterance) for request in mine] == [False] * (len(mine) - 1) + [True]
        assert not any(isinstance(one, Pause) and isinstance(two, Pause) for one, two in pairwise(mine))


def test_a_pause_is_told_once_when_the_tail_is_over_and_again_after_more_speech() -> None:
    heard_of = [type(one) for one in heard(Listener("caller", SETTINGS), voicing(50, 30, 15, 30, 40))]
    without_repeats = [one for one, before in zip(heard_of, [None, *heard_of], strict=False) if one is not before]
    assert without_repeats == [Hear, Pause, Hear, Pause, EndUtterance]


@given(CALLS)
def test_the_audio_of_the_requests_is_the_line_s_own_without_a_hole(voiced: list[bool]) -> None:
    line = b"".join(one.pcm for one in frames(voiced))
    listener = Listener("caller", SETTINGS)
    at: dict[int, int] = {}
    for request in heard(listener, voiced) + ended(listener):
        if isinstance(request, Hear):
            assert request.sample == at.get(request.utterance, request.sample)
            at[request.utterance] = request.sample + len(request.pcm) // 2
            assert request.pcm == line[2 * request.sample : 2 * at[request.utterance]]


@given(CALLS)
def test_all_is_settled_when_every_utterance_has_its_final(voiced: list[bool]) -> None:
    listener = Listener("caller", SETTINGS)
    ends = [one for one in heard(listener, voiced) + ended(listener) if isinstance(one, EndUtterance)]
    assert listener.is_settled == (not ends)
    before = 0
    for end in ends:
        assert not listener.is_settled
        place = listener.receive_final(end.utterance)
        assert place is not None
        assert before <= place.start_sample < place.end_sample
        before = place.end_sample
    assert listener.is_settled


def test_while_somebody_speaks_a_block_goes_out_every_200_ms() -> None:
    blocks = [one for one in heard(Listener("caller", SETTINGS), voicing(50, 100)) if isinstance(one, Hear)]
    assert all(len(block.pcm) // 2 == samples(BLOCK_MS) for block in blocks[1:])
    assert 100 * FRAME_SAMPLES - sum(len(block.pcm) // 2 for block in blocks[1:]) < 3 * samples(BLOCK_MS)


def test_the_last_audio_goes_out_while_the_hangover_runs_and_not_after_it() -> None:
    listener = Listener("caller", SETTINGS)
    call = voicing(50, 33, 40)
    given_out = [listener.receive_frame(one, voiced=voiced) for one, voiced in zip(frames(call), call, strict=True)]
    last_audio = max(number for number, some in enumerate(given_out) if any(isinstance(one, Hear) for one in some))
    decided = next(number for number, some in enumerate(given_out) if any(isinstance(x, EndUtterance) for x in some))
    assert given_out[decided] == [EndUtterance("caller", 1)]
    assert (decided - last_audio) * FRAME_MS >= SETTINGS.hangover_ms - SETTINGS.tail_ms - FRAME_MS


def test_a_frame_that_is_not_louder_than_the_line_is_no_voice_whatever_the_detector_says() -> None:
    call = voicing(50, 0, 100)
    listener = Listener("caller", SETTINGS)
    assert [request for one in frames(call) for request in listener.receive_frame(one, voiced=True)] == []


def test_an_utterance_in_progress_lies_where_its_voice_has_been_so_far() -> None:
    listener = Listener("caller", SETTINGS)
    heard(listener, voicing(50, 30))
    assert listener.span(1) == span(50, 80)
    assert listener.span(2) is None


def test_a_final_for_an_unknown_utterance_and_a_second_final_lie_nowhere() -> None:
    listener = Listener("caller", SETTINGS)
    heard(listener, voicing(50, 30, 50))
    assert listener.receive_final(2) is None
    assert listener.receive_final(1) == span(50, 80)
    assert listener.receive_final(1) is None


def test_what_a_recognizer_forgot_is_a_hole_and_the_utterance_goes_on_behind_it() -> None:
    listener = Listener("caller", SETTINGS)
    heard(listener, voicing(50, 60))
    assert listener.receive_loss(80 * FRAME_SAMPLES) == span(50, 80)
    assert listener.receive_final(1) == span(80, 110)


def test_a_second_loss_does_not_declare_the_same_hole_again() -> None:
    listener = Listener("caller", SETTINGS)
    heard(listener, voicing(50, 60))
    listener.receive_loss(80 * FRAME_SAMPLES)
    assert listener.receive_loss(80 * FRAME_SAMPLES) is None
    assert listener.receive_loss(90 * FRAME_SAMPLES) == span(80, 90)


def test_several_utterances_that_were_lost_are_one_hole() -> None:
    listener = Listener("caller", SETTINGS)
    heard(listener, voicing(50, 30, 50, 30, 50))
    assert listener.receive_loss(200 * FRAME_SAMPLES) == span(50, 160)
    assert not listener.is_settled


def test_a_loss_while_nobody_spoke_loses_nothing() -> None:
    listener = Listener("caller", SETTINGS)
    heard(listener, voicing(50, 30, 50))
    listener.receive_final(1)
    assert listener.receive_loss(130 * FRAME_SAMPLES) is None
