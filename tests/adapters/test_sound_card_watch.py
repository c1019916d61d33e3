import numpy as np

from appliance.adapters.line import Trouble
from appliance.adapters.sound_card_watch import LineWatch
from appliance.speech.frames import FRAME_SAMPLES, Frame
from appliance.telephony.line_sides import MISTAKE_MENDS
from tests.telephony.scripted_day import Signal, voices_of

CALL = voices_of("delivery_ok")[: 12 * 16_000]
NOISE = np.random.default_rng(3).normal(0, 25, CALL.shape)


def troubles(audio: Signal, *, one_card: bool = True) -> tuple[Trouble, ...]:
    """Give what is wrong at the end."""
    watch = LineWatch(("agent", "caller"), one_card=one_card)
    samples = np.rint(audio).clip(-32768, 32767).astype("<i2")
    for at in range(0, len(samples) - FRAME_SAMPLES, FRAME_SAMPLES):
        block = samples[at : at + FRAME_SAMPLES]
        step = Frame("agent", at, block[:, 0].tobytes()), Frame("caller", at, block[:, 1].tobytes())
        watch.receive_steps([(step, None)])
    return watch.troubles()


def test_both_voices_on_one_wire_are_a_trouble_with_its_mend_and_none_on_a_good_line() -> None:
    mixed = CALL.sum(axis=1)
    assert troubles(np.stack((mixed, mixed), axis=1) + NOISE) == (Trouble("line_poor", MISTAKE_MENDS["mixed"]),)
    assert troubles(CALL + NOISE) == ()


def test_two_cards_are_not_compared_wave_by_wave() -> None:
    mixed = CALL.sum(axis=1)
    assert troubles(np.stack((mixed, mixed), axis=1) + NOISE, one_card=False) == ()


def test_a_side_that_dies_in_a_call_is_told_with_the_side() -> None:
    dead = np.stack((CALL[:, 0] + NOISE[:, 0], np.zeros(len(CALL))), axis=1)
    on_hook = NOISE[: 3 * 16_000] / 12
    (trouble,) = troubles(np.concatenate((on_hook, dead)))
    assert trouble.fault == "line_deaf"
    assert trouble.text.startswith("The caller's side gives nothing but zeros")


def test_a_hook_input_is_believed_before_the_sound_of_the_line() -> None:
    watch = LineWatch(("agent", "caller"), one_card=True)
    told = []
    for number in range(150):
        at = number * FRAME_SAMPLES
        step = (Frame("agent", at, bytes(640)), Frame("caller", at, bytes(640)))
        changes = watch.receive_steps([(step, 50 <= number < 100)])
        told += [(change.state, change.sample // FRAME_SAMPLES) for change in changes]
    assert told == [("off_hook", 50), ("on_hook", 100)]
