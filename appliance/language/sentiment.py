"""What words say of how somebody feels, -1 (bad) to 1 (good), and how that changes.

English is judged by VADER (Hutto & Gilbert, "VADER: A parsimonious rule-based model for sentiment analysis", ICWSM
2014), Korean by the small list in `korean_sentiment.py`, other languages not at all. These are words alone: whoever
says "thank you, wonderful" in fury is heard by the voice, and whoever says "this is a disgrace" in a calm voice here.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.korean_sentiment import korean_sentiment
from appliance.language.marks import is_redacted
from appliance.language.normalise import token_texts

HALF_LIFE_S: Final = 45.0
"""What was said so long ago counts half: two or three turns of a call."""

MIN_SLOPE_SPREAD_S: Final = 5.0
"""Two utterances closer than this tell no direction."""


def sentiment(words: Sequence[Word], language: str) -> float | None:
    """Give the sentiment of one utterance in a language (a tag like "en" or "ko-KR"), -1 to 1.

    None where it cannot be known: no words, or a language without a lexicon. 0 is words that say nothing of feelings.
    """
    texts = [word.text for word in words if not is_redacted(word.text)]
    if language.lower().startswith("ko"):
        return korean_sentiment(texts) if texts else None
    tokens = [token for text in texts for token in token_texts(text)]
    return _english(tokens) if language.lower().startswith("en") and tokens else None


class SentimentTrend:
    """How one speaker's sentiment goes: a mean and a line through what was said, in which the past fades.

    An utterance's weight halves every `HALF_LIFE_S`. The line is fitted by least squares with these weights, whose
    sums are carried along, so an hour of talk keeps five numbers.
    """

    def __init__(self) -> None:
        self._sample: int | None = None
        # Weighted sums of 1, t, t*t, y and t*y; t is in seconds before the newest utterance, so never positive.
        self._w = self._t = self._tt = self._y = self._ty = 0.0

    def receive(self, value: float | None, at_sample: int) -> None:
        """Take the sentiment of an utterance that ended at this sample; None changes nothing."""
        if value is None:
            return
        if self._sample is not None:
            self._age(max(at_sample - self._sample, 0) / SAMPLE_RATE_HZ)
        self._sample = at_sample if self._sample is None else max(self._sample, at_sample)
        self._w += 1.0
        self._y += value

    @property
    def value(self) -> float | None:
        """The weighted mean, -1 to 1; None before anything was said."""
        return max(-1.0, min(1.0, self._y / self._w)) if self._w else None

    @property
    def slope(self) -> float | None:
        """How much it changes in a minute; None where too little was said to tell."""
        if not self._w:
            return None
        spread = self._tt / self._w - (self._t / self._w) ** 2
        if spread < MIN_SLOPE_SPREAD_S**2 / 4:
            return None
        covariance = self._ty / self._w - self._t * self._y / self._w**2
        return 60 * covariance / spread

    def _age(self, passed_s: float) -> None:
        """Let time pass: all that was said lies further back, and counts less."""
        self._tt += passed_s * (passed_s * self._w - 2 * self._t)
        self._ty -= passed_s * self._y
        self._t -= passed_s * self._w
        fade = 0.5 ** (passed_s / HALF_LIFE_S)
        self._w, self._t, self._tt = self._w * fade, self._t * fade, self._tt * fade
        self._y, self._ty = self._y * fade, self._ty * fade


_FORMULAS: Final = (
    *(("would", "like", "to"), ("would", "like"), ("could", "you", "please"), ("can", "you", "please")),
    *(("how", "can", "i", "help"), ("how", "may", "i", "help"), ("can", "you", "help"), ("could", "you", "help")),
    *(("customer", "care"), ("credit", "card"), ("please",), ("help", "desk"), ("good", "morning")),
    *(("good", "afternoon"), ("good", "evening"), ("hello",), ("hi",), ("yes",), ("okay",), ("sure",)),
)
"""What people say without feeling it, and VADER takes for praise: "I would like to" counts as liking."""


def _english(tokens: Sequence[str]) -> float:
    kept: list[str] = []
    place = 0
    while place < len(tokens):
        formula = next((one for one in _FORMULAS if tuple(tokens[place : place + len(one)]) == one), ())
        if not formula:
            kept.append(tokens[place])
        place += len(formula) or 1
    compound: float = _vader().polarity_scores(" ".join(kept))["compound"]
    return compound


@cache
def _vader() -> SentimentIntensityAnalyzer:
    """Load the lexicon, at the first English utterance only: it takes 6 MB and a fifth of a second."""
    return SentimentIntensityAnalyzer()
