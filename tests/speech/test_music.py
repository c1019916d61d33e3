import numpy as np
import pytest

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.fit.telephone import PLAIN, through
from appliance.speech.frames import FRAME_SAMPLES, Side
from appliance.speech.music import MusicDetector
from appliance.speech.pitch import Values

from .tunes import TUNES
from .voices import frames, noise, overtones, seconds, side_of


def changes(audio: Values) -> list[tuple[bool, float]]:
    """Give when it became music, or none any more, in seconds."""
    detector, found = MusicDetector(), []
    for number, frame in enumerate(frames(audio)):
        if (verdict := detector.receive_frame(frame.pcm)).music is not None:
            found.append((verdict.music, (number + 1) * FRAME_SAMPLES / SAMPLE_RATE_HZ))
    return found


@pytest.mark.parametrize("line", ["wide", "telephone"])
@pytest.mark.parametrize("tune", TUNES)
def test_music_is_known_within_four_seconds_and_stays_music(tune: str, line: str) -> None:
    audio = TUNES[tune](12.0)
    (first, *more) = changes(through(PLAIN, audio, seed=1) if line == "telephone" else audio)
    assert first[0]
    assert first[1] < 4.0
    assert not more


@pytest.mark.parametrize(
    ("name", "side"),
    [("billing_dispute.wav", "caller"), ("delivery_ok.wav", "agent"), ("billing_ko_16k.wav", "caller")],
)
def test_no_voice_of_a_call_is_taken_for_music(name: str, side: Side) -> None:
    assert changes(side_of(name, side)) == []


def test_noise_and_silence_are_no_music() -> None:
    assert changes(np.concatenate((noise(5.0), np.zeros(5 * SAMPLE_RATE_HZ)))) == []


def test_a_tone_that_does_not_change_is_no_music() -> None:
    """It may be a horn behind a voice; what is a telephone's own tone is told elsewhere."""
    assert changes(overtones(330.0, 8.0)) == []


def test_a_gliding_voice_is_no_music() -> None:
    assert changes(overtones(150 + 40 * np.sin(2 * np.pi * 0.7 * seconds(10.0)), 10.0)) == []


def test_music_is_over_once_it_has_been_silent_or_somebody_speaks() -> None:
    for after in (np.zeros(3 * SAMPLE_RATE_HZ), side_of("delivery_ok.wav", "caller")[7 * 16_000 : 12 * 16_000]):
        found = changes(np.concatenate((TUNES["piano"](6.0), after)))
        assert [music for music, _ in found] == [True, False]
        assert 6.0 < found[1][1] < 8.0


def test_what_was_forgotten_is_no_part_of_what_comes_next() -> None:
    detector = MusicDetector()
    for number, frame in enumerate(frames(TUNES["piano"](8.0))):
        if number % 70 == 0:
            detector.forget()
        assert detector.receive_frame(frame.pcm).music is None
