"""When to ask a recognizer for words that it is not sure of yet: where a phrase seems to have begun, and sparingly.

A look costs Vosk 0.1 to 0.2 CPU seconds, as much as a second of speech. So it is worth it only while the words of
a partial hypothesis end with the beginning of a phrase that the rules wait for and that little is missing from.
"""

from collections.abc import Sequence
from typing import Final

from appliance.speech.frames import samples

LOOK_EVERY: Final = samples(100)
"""Between two looks of one side: in less nobody says a word."""

LOOKS_AT_WORDS: Final = 2
"""At the same words. If they did not go on as expected in so long, they will not."""

SAVED_LOOKS: Final = 10
"""At once, after a time in which nothing was begun: what one heated sentence needs."""

LOOK_EACH: Final = samples(3_000)
"""In the long run one look in so much time, so that talk full of such beginnings costs no more than a few per cent."""


class Lookout:
    """The looks of one side. Media time goes by its hypotheses."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._expecting = False
        self._at_words = 0
        self._next_sample = 0
        self._spent_until_sample = -SAVED_LOOKS * LOOK_EACH

    def receive(self, words: Sequence[str], *, expecting: bool) -> None:
        """Take the newest words of the utterance, and whether a phrase seems to have begun at their end."""
        if list(words) != self._words:
            self._words, self._at_words = list(words), 0
        self._expecting = expecting

    def look(self, at_sample: int) -> bool:
        """Say whether to look now; who is told so does."""
        if not self._expecting or self._at_words >= LOOKS_AT_WORDS or at_sample < self._next_sample:
            return False
        spent = max(self._spent_until_sample, at_sample - SAVED_LOOKS * LOOK_EACH) + LOOK_EACH
        if spent > at_sample:
            return False
        self._spent_until_sample, self._next_sample = spent, at_sample + LOOK_EVERY
        self._at_words += 1
        return True
