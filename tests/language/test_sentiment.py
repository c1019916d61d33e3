import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.sentiment import HALF_LIFE_S, SentimentTrend, sentiment


def spoken(text: str) -> list[Word]:
    return [Word(word, index, index + 1) for index, word in enumerate(text.split())]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "This is ridiculous! You people never listen to me!",
            "I am very angry about this bill.",
            "this is a disgrace",
        ),
        *("i hate your company", "That is terrible service."),
    ],
)
def test_bad_english_is_negative(text: str) -> None:
    value = sentiment(spoken(text), "en")
    assert value is not None
    assert value < -0.2


@pytest.mark.parametrize("text", ["That is perfect. You have been very helpful.", "i love it thank you so much"])
def test_good_english_is_positive(text: str) -> None:
    value = sentiment(spoken(text), "en-US")
    assert value is not None
    assert value > 0.4


@pytest.mark.parametrize(
    "text",
    [
        *("I would like to change my plan, please.", "Yes, okay, sure.", "Good morning, how can I help you?"),
        *("the train leaves at eleven thirty", "I ordered a kitchen table last week."),
    ],
)
def test_what_people_say_without_feeling_is_neutral(text: str) -> None:
    assert sentiment(spoken(text), "en") == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("정말 화가 납니다! 그것은 거짓말입니다!", -1, -0.5),
        ("정말 감사합니다 친절하시네요", 0.4, 1),
        ("친절하지 않아요", -0.6, -0.1),
        ("안 좋아요", -0.6, -0.1),
        ("불친절해요", -1, -0.3),
        ("이번 달 전기 요금이 나왔습니다", 0, 0),
    ],
)
def test_korean_is_judged_by_the_list(text: str, low: float, high: float) -> None:
    value = sentiment(spoken(text), "ko")
    assert value is not None
    assert low <= value <= high


def test_both_engines_ways_of_writing_mean_the_same() -> None:
    assert sentiment(spoken("I'm NOT happy!"), "en") == sentiment(spoken("i am not happy"), "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [("", "en"), ("", "ko"), ("das ist schrecklich", "de"), ("[email] [name]", "en"), ("...", "en")],
)
def test_where_nothing_can_be_known_nothing_is_said(text: str, language: str) -> None:
    assert sentiment(spoken(text), language) is None


@given(st.lists(st.text(max_size=10) | st.sampled_from(["not", "bad", "great", "화나", "안", "감사"]), max_size=20))
def test_any_words_give_a_value_within_its_bounds(texts: list[str]) -> None:
    words = [Word(text, 0, 1) for text in texts]
    for language in ("en", "ko"):
        value = sentiment(words, language)
        assert value is None or -1 <= value <= 1


def at(second: float) -> int:
    return round(second * SAMPLE_RATE_HZ)


def test_the_trend_knows_nothing_before_the_first_word_and_no_direction_after_one() -> None:
    trend = SentimentTrend()
    assert (trend.value, trend.slope) == (None, None)
    trend.receive(None, at(1))
    assert (trend.value, trend.slope) == (None, None)
    trend.receive(0.5, at(2))
    assert (trend.value, trend.slope) == (0.5, None)


def test_the_past_counts_half_after_its_half_life() -> None:
    trend = SentimentTrend()
    trend.receive(1.0, at(0))
    trend.receive(-1.0, at(HALF_LIFE_S))
    assert trend.value == pytest.approx((0.5 - 1) / 1.5)


def test_the_slope_is_that_of_a_line_per_minute() -> None:
    trend = SentimentTrend()
    for second in range(0, 100, 10):
        trend.receive(0.6 - second / 100, at(second))
    assert trend.slope == pytest.approx(-0.6)


def weighted(points: list[tuple[int, float]]) -> tuple[float, float]:
    """Fit the line directly, with every weight from its definition."""
    last = points[-1][0]
    weights = [0.5 ** ((last - second) / HALF_LIFE_S) for second, _ in points]
    total = sum(weights)
    mean_t = sum(w * t for w, (t, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(w * (t - mean_t) ** 2 for w, (t, _) in zip(weights, points, strict=True))
    along = sum(w * (t - mean_t) * (y - mean_y) for w, (t, y) in zip(weights, points, strict=True))
    return mean_y, 60 * along / spread


@given(st.lists(st.tuples(st.integers(10, 60), st.floats(-1, 1)), min_size=3, max_size=20))
def test_the_sums_that_are_carried_along_give_the_same_as_all_points_together(steps: list[tuple[int, float]]) -> None:
    seconds = itertools.accumulate(step for step, _ in steps)
    points = [(second, value) for second, (_, value) in zip(seconds, steps, strict=True)]
    trend = SentimentTrend()
    for second, value in points:
        trend.receive(value, at(second))
    mean, slope = weighted(points)
    assert trend.value == pytest.approx(mean, abs=1e-6)
    assert trend.slope is None or trend.slope == pytest.approx(slope, abs=1e-6)
