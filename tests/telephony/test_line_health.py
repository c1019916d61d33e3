import numpy as np
import pytest

from appliance.speech.frames import FRAME_SAMPLES
from appliance.telephony.line_health import MENDS, Illness, SideHealth

from .scripted_day import Signal, tone, voices_of

SECONDS = 10
VOICE = voices_of("delivery_ok")[: SECONDS * 16_000, 1]
NOISE = np.random.default_rng(3).normal(0, 20, SECONDS * 16_000)
CASES: list[tuple[Illness | None, Signal]] = [
    (None, VOICE + NOISE),
    (None, VOICE / 2 + NOISE / 2),
    ("silent", np.zeros(SECONDS * 16_000)),
    ("dead", NOISE / 20),
    ("too_low", VOICE / 100 + NOISE / 20),
    ("clipping", VOICE * 25),
    ("offset", VOICE + NOISE + 3_000),
    ("hum", VOICE + NOISE + tone(SECONDS, 50.0, 100.0, level=400.0)),
    ("hum", VOICE + NOISE + tone(SECONDS, 60.0, level=400.0)),
]


@pytest.mark.parametrize(("illness", "signal"), CASES, ids=[str(case[0]) for case in CASES])
def test_what_is_wrong_with_a_side_is_known_within_ten_seconds(illness: Illness | None, signal: Signal) -> None:
    health = SideHealth()
    samples = np.rint(signal).clip(-32768, 32767).astype(np.int16)
    for at in range(0, len(samples), FRAME_SAMPLES):
        voiced = bool(np.abs(VOICE[at : at + FRAME_SAMPLES]).max() > 500)
        health.receive_frame(samples[at : at + FRAME_SAMPLES].tobytes(), voiced=voiced)
    assert health.illness == illness


def test_each_illness_has_a_mend_and_the_healthy_line_is_well_again() -> None:
    health = SideHealth()
    for number in range(50 * 20):
        quiet = number < 500
        pcm = bytes(640) if quiet else NOISE[:FRAME_SAMPLES].astype(np.int16).tobytes()
        health.receive_frame(pcm, voiced=False)
        if number == 499:
            assert health.illness == "silent"
    assert health.illness is None
    assert all(mend.endswith(("?", ".")) for mend in MENDS.values())
