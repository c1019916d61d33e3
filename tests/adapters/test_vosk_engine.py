"""What needs no model; the contract on the real model is in `test_recognizers.py`."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.vosk_engine import estimate_times, load

TEXTS = st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=12), max_size=12)


@given(TEXTS, st.integers(0, 10**7), st.integers(0, 10**6))
def test_estimated_times_fill_the_span_one_word_after_the_other_and_say_that_they_are_estimated(
    texts: list[str], start_sample: int, length: int
) -> None:
    words = estimate_times(texts, start_sample, start_sample + length)
    assert [word.text for word in words] == texts
    assert all(word.estimated and word.confidence is None for word in words)
    at = start_sample
    for word in words:
        assert word.start_sample == at <= word.end_sample
        at = word.end_sample
    assert at == (start_sample + length if words else start_sample)


def test_a_longer_word_gets_more_time() -> None:
    short, long = estimate_times(["a", "abcdefg"], 0, 1000)
    assert (short.end_sample, long.end_sample) == (200, 1000)


def test_a_folder_without_a_model_is_an_error_and_no_end_of_the_process(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="Failed to create a model"):
        load(tmp_path)
