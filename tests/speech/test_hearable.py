import numpy as np
import pytest

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.hearable import MUSIC, NOISE, TOO_LITTLE, OwnVoice, obstacle
from appliance.speech.pitch import Values
from tests.speech.voices import hops_of, melody, noise, overtones, seconds, side_of

TWO_TONES = 3000 * (np.sin(2 * np.pi * 440 * seconds(4.0)) + np.sin(2 * np.pi * 480 * seconds(4.0)))


def why_not(audio: Values, *, voiced: bool | None = True) -> str:
    hops = hops_of(audio, voiced=voiced)
    return obstacle(hops, float(np.percentile(hops.frame_db, 5)))


@pytest.mark.parametrize("audio", [melody(4.0), TWO_TONES, overtones(220.0, 4.0)], ids=["melody", "tones", "note"])
def test_music_and_tones_cannot_be_judged(audio: Values) -> None:
    audio[-SAMPLE_RATE_HZ // 2 :] = 0
    assert why_not(audio + noise(4.0, 3.0)) == MUSIC


def test_noise_cannot_be_judged() -> None:
    assert why_not(noise(4.0)) == NOISE


def test_a_word_is_too_little() -> None:
    speech = np.concatenate((noise(3.0, 5.0), side_of("delivery_ok.wav", "caller")[7 * 16_000 : 8 * 16_000]))
    assert why_not(speech, voiced=None) == TOO_LITTLE


@pytest.mark.parametrize("side", ["agent", "caller"])
def test_most_of_what_is_said_in_a_call_can_be_judged(side: str) -> None:
    hops = hops_of(side_of("delivery_ok.wav", "caller" if side == "caller" else "agent"))
    blocks = [hops.cut(slice(at, at + 200)) for at in range(0, len(hops.voiced) - 200, 50)]
    reasons = [obstacle(block, float(np.percentile(block.frame_db, 5))) for block in blocks if block.voiced.sum() > 60]
    assert reasons.count("") > 0.8 * len(reasons)


def test_echo_is_left_out_of_the_voice_and_the_voice_stays() -> None:
    loud, echo = overtones(140.0, 1.0), overtones(220.0, 1.0) / 100
    own = OwnVoice()
    assert own.receive(hops_of(loud, voiced=True)).voiced.sum() > 45
    assert own.receive(hops_of(echo, voiced=True)).voiced.sum() == 0
    assert own.receive(hops_of(loud / 3, voiced=True)).voiced.sum() > 45


def test_a_voice_that_stays_quiet_is_heard_again() -> None:
    own = OwnVoice()
    own.receive(hops_of(overtones(140.0, 1.0), voiced=True))
    quiet = hops_of(overtones(140.0, 1.0) / 50, voiced=True)
    heard = [int(own.receive(quiet).voiced.sum()) for _ in range(40)]
    assert heard[0] == 0
    assert heard[-1] > 40
