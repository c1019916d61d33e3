"""One rule being watched: its hits, its condition, and the alert it has raised."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from appliance.escalation.rules import Rule
from appliance.escalation.states import TRANSITIONS, Happening, State
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged, Evidence, Who
from appliance.language.phrases import Match

UtteranceKey = tuple[Literal["agent", "caller"], int]
"""Whose utterance, and its number on that side."""

MAX_EVIDENCE: Final = 8
"""More than a person reads while an alert blinks; the newest are kept."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the rule, in the newest hypothesis of an utterance; it counts from `heard_sample`."""

    utterance: UtteranceKey
    match: Match
    heard_sample: int
    final: bool


class Watch:
    """A rule with its state. `alert` is the number of its newest alert, taken from `numbers` when it is raised."""

    def __init__(self, rule: Rule, numbers: Iterator[int]) -> None:
        self.rule = rule
        self.state: State = "normal"
        self.alert = 0
        self._numbers = numbers
        self._within = _samples(rule.within_s)
        self._hits: list[Hit] = []
        self._met_sample = 0
        self._last_held_sample = 0
        self._raised_sample = 0
        self._borne_from_sample = 0
        self._tentative = False
        self._who: Who = "both"

    @property
    def is_active(self) -> bool:
        """Say whether an alert stands."""
        return self.state in ("unacknowledged", "acknowledged", "latched")

    @property
    def is_blinking(self) -> bool:
        """Say whether an alert stands that nobody has seen."""
        return self.state in ("unacknowledged", "latched")

    def receive_hits(
        self, utterance: UtteranceKey, hits: Sequence[Hit], now_sample: int, *, final: bool
    ) -> list[Alert | AlertChanged]:
        """Take this rule's hits in the newest hypothesis of `utterance`, and give what changed.

        Words that come and go within partial hypotheses do not count twice; only the final one takes a hit back.
        """
        changed = self.receive_time(now_sample)
        known = [hit for hit in self._hits if hit.utterance == utterance]
        if final:
            known = [replace(hit, final=True) for hit in known[: len(hits)]]
        others = [hit for hit in self._hits if hit.utterance != utterance]
        self._hits = [*others, *known, *hits[len(known) :]]
        return [*changed, *self._settle(now_sample), *self.receive_time(now_sample)]

    def receive_time(self, now_sample: int) -> list[Alert | AlertChanged]:
        """Take the time, and give what it has raised or cleared."""
        changed: list[Alert | AlertChanged] = []
        holds = self._note_condition(now_sample)
        if holds and self.state in ("normal", "latched"):
            self._met_sample = now_sample
            self._move("met", now_sample)
        if self.state == "pending" and self._last_held_sample - self._met_sample >= _samples(self.rule.on_delay_s):
            self._move("held", now_sample)
            changed.append(self._raise(now_sample))
        if not holds:
            self._move("lost", now_sample)
            # Counted from the raising too: after a jump in time an alert stays for people to see.
            gone_samples = now_sample - max(self._last_held_sample, self._raised_sample)
            if gone_samples >= _samples(self.rule.off_delay_s):
                changed += self._move("gone_latched" if self.rule.latch else "gone", now_sample)
        self._forget(now_sample)
        return changed

    def acknowledge(self, now_sample: int) -> list[AlertChanged]:
        """Take that a person has seen the alert."""
        return self._move("acknowledged", now_sample)

    def end_call(self, now_sample: int) -> list[AlertChanged]:
        """Clear the alert if it stands."""
        return self._move("call_ended", now_sample)

    def _note_condition(self, now_sample: int) -> bool:
        """Remember until when the condition has held, and say whether it holds now."""
        if len(self._hits) < self.rule.count:
            return False
        heard = sorted((hit.heard_sample for hit in self._hits), reverse=True)
        until = heard[self.rule.count - 1] + self._within
        self._last_held_sample = max(self._last_held_sample, min(now_sample, until))
        return now_sample <= until

    def _settle(self, now_sample: int) -> list[AlertChanged]:
        """Confirm or withdraw a tentative alert as soon as final words decide it."""
        if not self._tentative:
            return []
        bearing = self._bearing()
        if len(bearing) < self.rule.count:
            return self._move("taken_back", now_sample)
        if not _enough_final(bearing, self.rule.count):
            return []
        self._tentative = False
        return self._move("confirmed", now_sample)

    def _bearing(self) -> list[Hit]:
        """Give the hits that the alert stands on: those that raised it, and all since."""
        return [hit for hit in self._hits if hit.heard_sample >= self._borne_from_sample]

    def _raise(self, now_sample: int) -> Alert:
        self.alert = next(self._numbers)
        self._raised_sample = now_sample
        self._borne_from_sample = self._last_held_sample - self._within
        bearing = self._bearing()
        self._tentative = not _enough_final(bearing, self.rule.count)
        evidence = tuple(_evidence(hit) for hit in bearing[-MAX_EVIDENCE:])
        speakers = {item.who for item in evidence}
        self._who = speakers.pop() if len(speakers) == 1 else "both"
        return Alert(
            who=self._who,
            start_sample=min(item.start_sample for item in evidence),
            end_sample=max(item.end_sample for item in evidence),
            alert=self.alert,
            rule=self.rule.name,
            level=self.rule.level,
            evidence=evidence,
            suggest=self.rule.suggest,
            tentative=self._tentative,
        )

    def _move(self, happening: Happening, now_sample: int) -> list[AlertChanged]:
        """Go where the table says, and give the changes that it says; "raised" is an event of its own."""
        self.state, outputs = TRANSITIONS.get((self.state, happening), (self.state, ()))
        self._tentative = self._tentative and self.is_active
        return [
            AlertChanged(
                who=self._who,
                start_sample=now_sample,
                end_sample=now_sample,
                alert=self.alert,
                rule=self.rule.name,
                change=output,
                level=self.rule.level,
            )
            for output in outputs
            if output != "raised"
        ]

    def _forget(self, now_sample: int) -> None:
        """Drop the hits that can no longer count, so that an hour of talk keeps as little as a minute."""
        needed_from = now_sample - self._within
        if self._tentative:
            needed_from = min(needed_from, self._borne_from_sample)
        self._hits = [hit for hit in self._hits if not hit.final or hit.heard_sample >= needed_from]


def _enough_final(hits: Sequence[Hit], count: int) -> bool:
    return sum(hit.final for hit in hits) >= count


def _evidence(hit: Hit) -> Evidence:
    match = hit.match
    return Evidence(
        who=hit.utterance[0],
        phrase=match.phrase,
        text=match.text,
        start_sample=match.start_sample,
        end_sample=match.end_sample,
    )


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
