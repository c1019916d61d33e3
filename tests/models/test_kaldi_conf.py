import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.models.kaldi_conf import (
    FRAMES_PER_CHUNK,
    MIN_ACTIVE,
    as_published,
    heard_band,
    read_option,
    with_lean_search,
    with_option,
    with_short_chunks,
    without_dither,
)

names = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)
values = st.from_regex(r"[A-Za-z0-9.:]{1,12}", fullmatch=True)
files = st.lists(st.one_of(st.builds("--{}={}".format, names, values), st.just("# a comment"), st.just(""))).map(
    "\n".join
)


@given(files, names, values)
def test_an_option_that_is_set_is_read_back_and_stands_once(text: str, name: str, value: str) -> None:
    changed = with_option(text, name, value)
    assert read_option(changed, name) == value
    assert changed.splitlines().count(f"--{name}={value}") == 1
    assert with_option(changed, name, value) == changed


@given(files, names, values, names)
def test_setting_an_option_leaves_the_others_alone(text: str, name: str, value: str, other: str) -> None:
    if other != name:
        assert read_option(with_option(text, name, value), other) == read_option(text, other)


def test_the_last_of_two_values_counts() -> None:
    assert read_option("--low-freq=20\n--low-freq=40 # telephone\n", "low-freq") == "40"


def test_a_name_that_begins_alike_is_another_option() -> None:
    assert read_option("--dither-seed=7\n", "dither") is None


def test_dither_is_switched_off_whatever_stood_there() -> None:
    assert without_dither("--use-energy=false\n --dither=1.0\n") == "--use-energy=false\n--dither=0\n"


@pytest.mark.parametrize(
    ("text", "band"),
    [("--sample-frequency=8000\n", "narrow"), ("--sample-frequency=16000\n", "wide"), ("--low-freq=20\n", "wide")],
)
def test_the_sampling_rate_tells_the_band(text: str, band: str) -> None:
    assert heard_band(text) == band


def test_a_sampling_rate_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="fast"):
        heard_band("--sample-frequency=fast\n")


def test_the_search_is_made_leaner_and_the_published_value_is_kept_beside_it() -> None:
    published = "--beam=10.0\n--min-active=200\n"
    lean = with_lean_search(published)
    assert read_option(lean, "min-active") == str(MIN_ACTIVE)
    assert as_published(lean) == published
    assert with_lean_search(lean) == lean


@pytest.mark.parametrize("conf", ["--beam=10.0\n", "--min-active=50\n", "--min-active=few\n"])
def test_a_search_that_is_lean_already_or_unknown_is_left_alone(conf: str) -> None:
    assert with_lean_search(conf) == conf == as_published(conf)


def test_words_are_decoded_in_short_chunks_unless_the_model_says_how_long() -> None:
    assert read_option(with_short_chunks("--beam=10.0\n"), "frames-per-chunk") == str(FRAMES_PER_CHUNK)
    own = "--beam=10.0\n--frames-per-chunk=30\n"
    assert with_short_chunks(own) == own
