"""When Moonshine decodes what; the contract on the real model is in `test_recognizers.py`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.adapters.moonshine_engine import LONGEST_MS, PARTIAL_EVERY_MS, MoonshineRecognizer
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
