"""A rule's condition on phrases while a call runs: the hits that count, and what final words make of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from appliance.escalation.conditions import Said
from appliance.events import SAMPLE_RATE_HZ, Evidence
from appliance.language.phrases import Match

UtteranceKey = tuple[Literal["agent", "caller"], int]
"""Whose utterance, and its number on that side."""

Verdict = Literal["denied", "open", "borne"]
"""What the final words say of a condition: not so, nothing yet, so."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase in the newest hypothesis of an utterance; it counts from `heard_sample`."""

    utterance: UtteranceKey
    match: Match
    heard_sample: int
    final: bool


class Near(NamedTuple):
    """How near a condition came to hold, 0 to 1 (1: it held), in words what there was, and when."""

    fraction: float
    text: str
    at_sample: int


class SaidPart:
    """Phrases: each time one is said counts for a while, and final words may take it back."""

    def __init__(self, condition: Said) -> None:
        self._condition = condition
        self._within = round(condition.within_s * SAMPLE_RATE_HZ)
        self._hits: list[Hit] = []
        self._borne_from_sample = 0
        self._phrases = ", ".join(condition.phrases)
        self.nearest = Near(0.0, f"nobody said {self._phrases}", 0)

    def receive_hits(self, utterance: UtteranceKey, hits: Sequence[Hit], *, final: bool) -> None:
        """Take all hits in the newest hypothesis of an utterance.

        Words that come and go within partial hypotheses do not count twice; only the final one takes a hit back.
        """
        mine = [hit for hit in hits if self._counts(hit.match)]
        known = [hit for hit in self._hits if hit.utterance == utterance]
        if final:
            known = [replace(hit, final=True) for hit in known[: len(mine)]]
        others = [hit for hit in self._hits if hit.utterance != utterance]
        self._hits = [*others, *known, *mine[len(known) :]]

    @property
    def is_idle(self) -> bool:
        """Say whether nothing was said that could count."""
        return not self._hits

    def holds(self, now_sample: int) -> bool:
        """Say whether enough of them still count."""
        counting = sum(now_sample <= hit.heard_sample + self._within for hit in self._hits)
        if (fraction := min(1.0, counting / self._condition.count)) > self.nearest.fraction:
            text = f"{self._phrases}: said {counting} of {self._condition.count} times"
            self.nearest = Near(fraction, text, now_sample)
        return counting >= self._condition.count

    def bear(self, now_sample: int) -> None:
        """From now on the alert stands on the hits that count now, and on all since."""
        self._borne_from_sample = now_sample - self._within

    def verdict(self) -> Verdict:
        """Say what the final words have made of the hits that bear the alert."""
        bearing = self._bearing()
        if len(bearing) < self._condition.count:
            return "denied"
        return "borne" if sum(hit.final for hit in bearing) >= self._condition.count else "open"

    def evidence(self, _now_sample: int) -> list[Evidence]:
        """Give the words that bear the alert, oldest first."""
        return [_evidence(hit) for hit in self._bearing()]

    def forget(self, now_sample: int, *, keep_bearing: bool) -> None:
        """Drop the hits that can no longer count, so that an hour of talk keeps as little as a minute."""
        needed_from = now_sample - self._within
        if keep_bearing:
            needed_from = min(needed_from, self._borne_from_sample)
        self._hits = [hit for hit in self._hits if not hit.final or hit.heard_sample >= needed_from]

    def _bearing(self) -> list[Hit]:
        return [hit for hit in self._hits if hit.heard_sample >= self._borne_from_sample]

    def _counts(self, match: Match) -> bool:
        return match.phrase in self._condition.phrases


def _evidence(hit: Hit) -> Evidence:
    match = hit.match
    return Evidence(
        who=hit.utterance[0],
        phrase=match.phrase,
        text=match.text,
        start_sample=match.start_sample,
        end_sample=match.end_sample,
    )
