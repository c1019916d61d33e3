"""When Moonshine decodes what; the contract on the real model is in `test_recognizers.py`."""

from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.adapters.moonshine_engine import (
    LONGEST_MS,
    PARTIAL_EVERY_MS,
    SHORTEST_CUT_MS,
    MoonshineRecognizer,
    quietest,
)
from appliance.events import Word
from appliance.speech.frames import samples

BLOCK = bytes(2 * samples(200))


class Line(NamedTuple):
    text: str


class Transcript(NamedTuple):
    lines: list[Line]


class Counting:
    """A transcriber that says one word for each second of audio, in two lines; it remembers what it was given."""

    def __init__(self, *more: str) -> None:
        self.lengths: list[int] = []
        self._more = more

    def transcribe_without_streaming(self, signal: NDArray[np.float32], rate_hz: int) -> Transcript:
        self.lengths.append(len(signal))
        words = [f"word{number}" for number in range(len(signal) // rate_hz)]
        return Transcript([Line(" ".join(words)), Line(" ".join(self._more))])


class Caught:
    """A transcriber that is caught in a loop by whatever lasts longer than `sound_s`; else it says a word a second."""

    def __init__(self, sound_s: float) -> None:
        self.lengths: list[int] = []
        self._sound_s = sound_s

    def transcribe_without_streaming(self, signal: NDArray[np.float32], rate_hz: int) -> Transcript:
        self.lengths.append(len(signal))
        duration_s = len(signal) / rate_hz
        if duration_s <= self._sound_s:
            return Transcript([Line(f"word{len(self.lengths)}") for _ in range(round(duration_s))])
        return Transcript([Line("Sci" + "-fi" * round(6.5 * duration_s))])


def hear(recognizer: MoonshineRecognizer, blocks: int, sample: int = 0) -> list[tuple[Word, ...] | None]:
    return [recognizer.hear(sample + samples(200 * number), BLOCK) for number in range(blocks)]


def test_a_partial_decodes_the_whole_utterance_so_far_twice_a_second_at_most() -> None:
    transcriber = Counting()
    answers = hear(MoonshineRecognizer(transcriber), 20)
    steps = np.diff([0, *transcriber.lengths])
    assert (steps >= samples(PARTIAL_EVERY_MS)).all()
    said = [len(words) for words in answers if words is not None]
    assert said == sorted(set(said))


def test_a_partial_that_nobody_wants_costs_nothing_and_its_audio_is_in_the_next() -> None:
    transcriber = Counting()
    recognizer = MoonshineRecognizer(transcriber)
    for number in range(10):
        assert recognizer.hear(samples(200 * number), BLOCK, wants_partial=False) is None
    assert transcriber.lengths == []
    assert recognizer.hear(samples(2000), BLOCK) is not None
    assert transcriber.lengths == [samples(2200)]


def test_the_final_decodes_everything_and_the_next_utterance_begins_anew() -> None:
    transcriber = Counting()
    recognizer = MoonshineRecognizer(transcriber)
    hear(recognizer, 17)
    assert len(recognizer.end_utterance()) == 3
    assert transcriber.lengths[-1] == samples(3400)
    hear(recognizer, 6, sample=samples(10_000))
    (word,) = recognizer.end_utterance()
    assert (word.start_sample, word.end_sample) == (samples(10_000), samples(11_200))


def test_an_utterance_without_audio_has_no_words_and_costs_nothing() -> None:
    transcriber = Counting()
    assert MoonshineRecognizer(transcriber).end_utterance() == ()
    assert transcriber.lengths == []


def test_signs_without_a_letter_or_a_digit_are_no_words() -> None:
    recognizer = MoonshineRecognizer(Counting("?", "...", "42", "no!"))
    hear(recognizer, 1)
    assert [word.text for word in recognizer.end_utterance()] == ["42", "no!"]


def test_a_cut_is_never_longer_than_the_model_was_made_for() -> None:
    transcriber = Counting()
    recognizer = MoonshineRecognizer(transcriber)
    hear(recognizer, LONGEST_MS // 200 + 50)
    recognizer.end_utterance()
    assert max(transcriber.lengths) == samples(LONGEST_MS)


def test_a_final_that_goes_round_is_decoded_again_in_parts_until_it_does_not() -> None:
    transcriber = Caught(sound_s=3)
    recognizer = MoonshineRecognizer(transcriber)
    recognizer.hear(0, BLOCK * 40, wants_partial=False)
    words = recognizer.end_utterance()
    assert [word.text[:4] for word in words].count("word") == len(words) == 8
    parts = [length for length in transcriber.lengths if length <= samples(3000)]
    assert sum(parts) == samples(8000)


def test_what_goes_round_in_every_part_is_said_once() -> None:
    transcriber = Caught(sound_s=0)
    recognizer = MoonshineRecognizer(transcriber)
    recognizer.hear(0, BLOCK * 40, wants_partial=False)
    assert "-fi-fi" not in " ".join(word.text for word in recognizer.end_utterance())
    assert min(transcriber.lengths) >= samples(SHORTEST_CUT_MS) - samples(100)


def test_a_partial_that_goes_round_is_not_decoded_twice_and_says_it_once() -> None:
    transcriber = Caught(sound_s=0)
    answers = hear(MoonshineRecognizer(transcriber), 20)
    said = [" ".join(word.text for word in words) for words in answers if words is not None]
    assert said == ["Sci-fi"]
    assert transcriber.lengths == sorted(set(transcriber.lengths))


@given(st.integers(0, 100), st.integers(3_000, 30_000))
def test_a_cut_lies_in_the_pause_of_the_middle(place_percent: int, length_ms: int) -> None:
    chance = np.random.default_rng(place_percent)
    signal = chance.normal(0, 0.1, samples(length_ms)).astype(np.float32)
    first = max(len(signal) // 4, samples(SHORTEST_CUT_MS))
    pause = first + (len(signal) - 2 * first - samples(120)) * place_percent // 100
    signal[pause : pause + samples(120)] = 0
    assert pause <= quietest(signal) <= pause + samples(120)
