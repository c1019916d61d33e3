"""The cues besides words that a rule may judge, and what is known of each at a time.

A cue is a number with a unit and bounds, or a text. Most are read now and then and grow stale: a voice that was tense
ten seconds ago says nothing of now. Some are clocks: they count from a moment on, so that nobody has to send their
value over and over.
"""

from dataclasses import dataclass
from typing import Final, Literal

from appliance.events import SAMPLE_RATE_HZ, Channel, Who

Sides = Literal["one", "both"]
"""Whether a cue is of one side, or of the call as a whole."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What a cue is: its bounds, for whom it is read, and for how long a reading counts (None: until the next one).

    `label` stands before a value in what people read, `meaning` in the documentation.
    """

    label: str
    meaning: str
    channel: Channel
    low: float = 0.0
    high: float = 3600.0
    unit: str = ""
    of: Sides = "both"
    counts_for_s: float | None = None


VOICE_COUNTS_FOR_S: Final = 4.0
"""A voice is judged once a second while it speaks; people breathe and the other one says "yes" in between."""

WORDS_COUNT_FOR_S: Final = 20.0
"""Until the caller's next sentence has been heard, the last one stands; but not through a long silence."""

RECENT_S: Final = 60.0
"""Over-talk and interruptions are counted over a minute."""

CUES: Final[dict[str, Cue]] = {
    "stress": Cue("stress", "how tense the voice sounds", "voice", 0, 1, of="one", counts_for_s=VOICE_COUNTS_FOR_S),
    "sentiment": Cue(
        "sentiment", "what the last utterance says", "words", -1, 1, of="one", counts_for_s=WORDS_COUNT_FOR_S
    ),
    "sentiment_trend": Cue(
        "sentiment lately", "what was said lately", "words", -1, 1, of="one", counts_for_s=WORDS_COUNT_FOR_S
    ),
    "words_per_min": Cue("speaks at", "how fast this side speaks", "talk", 0, 1000, " words/min", of="one"),
    "talk_share": Cue("part of all speech", "this side's part of all speech", "talk", 0, 1, of="one"),
    "interruptions": Cue(
        "interrupted",
        "how often this side began while the other one spoke, in the last minute",
        "talk",
        0,
        100,
        " times",
        "one",
        RECENT_S,
    ),
    "overtalk_s": Cue(
        "both spoke at once for",
        "how long both spoke at once, in the last minute",
        "talk",
        0,
        60,
        " s",
        "both",
        RECENT_S,
    ),
    "silence_s": Cue("silence for", "how long nobody has spoken", "talk", unit=" s"),
    "waiting_s": Cue(
        "the caller has waited", "how long the caller waits for the agent to speak again", "talk", unit=" s"
    ),
    "words_missing_s": Cue("no words for", "how long the caller speaks and no words come", "talk", unit=" s"),
    "queued_s": Cue("waited in the queue for", "how long the caller waited in the queue", "call", 0, 36_000, " s"),
    "call_s": Cue("the call has lasted", "how long the call lasts", "call", 0, 36_000, " s"),
}
"""By the name that a rule gives."""

TEXT_CUES: Final[dict[str, str]] = {"tier": "the caller's tier, when the server gives it"}
"""Cues that are texts, and what they are."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a cue from `at_sample` on: a value, a text, or nothing (all None).

    With `counts_from` the value is the time since that sample. `note` says for people what drove it.
    """

    cue: str
    who: Who
    at_sample: int
    value: float | None = None
    text: str | None = None
    counts_from: int | None = None
    note: str = ""

    def value_at(self, now_sample: int) -> float | None:
        """Give the value now; None when it is not known, or was read too long ago."""
        if self.counts_from is not None:
            return max(0, now_sample - self.counts_from) / SAMPLE_RATE_HZ
        lasts_s = CUES[self.cue].counts_for_s if self.cue in CUES else None
        stale = lasts_s is not None and now_sample - self.at_sample > lasts_s * SAMPLE_RATE_HZ
        return None if stale else self.value


def shown(cue: str, value: float) -> str:
    """Give a value with its unit for people: two places for what goes from 0 to 1, none for seconds and counts."""
    kind = CUES[cue]
    return f"{value:.2f}" if kind.high <= 1 else f"{value:.0f}{kind.unit}"
