"""The ladder: which alerts stand, from the phrases that were said and the time that has passed.

What becomes of an alert is said by the table in `states.py`; here is only what makes its happenings happen.

Time is media time in samples, and never goes back. A phrase counts from the moment it was first heard of, so an
alert that comes from a partial hypothesis comes as soon as the words do. When the utterance's final hypothesis does
not have the phrase, it never was: the alert it raised is withdrawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

from appliance.escalation.rules import Rule
from appliance.escalation.watch import Hit, Watch
from appliance.events import Alert, AlertChanged, Level
from appliance.language.phrases import Match

RANK: Final[dict[Level, int]] = {"normal": 0, "attention": 1, "urgent": 2}
"""The rungs, lowest first."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What the light must show now: the highest level that stands, and the newest alert of that level.

    `blinking`: some alert of this level has not been acknowledged. `alert` is 0 and the texts are empty at "normal".
    """

    level: Level = "normal"
    blinking: bool = False
    reason: str = ""
    alert: int = 0
    rule: str = ""


class Ladder:
    """The alerts of one call. Alerts are numbered from 1 in the order in which they were raised."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        numbers = count(1)
        self._watches = [Watch(rule, numbers) for rule in rules]

    @property
    def showing(self) -> Showing:
        """Give what the light must show now."""
        active = [watch for watch in self._watches if watch.is_active]
        if not active:
            return Showing()
        newest = max(active, key=lambda watch: (RANK[watch.rule.level], watch.alert))
        level = newest.rule.level
        blinking = any(watch.is_blinking for watch in active if watch.rule.level == level)
        return Showing(level, blinking, newest.rule.reason, newest.alert, newest.rule.name)

    def receive_hits(
        self,
        who: Literal["agent", "caller"],
        utterance: int,
        hits: Sequence[Match],
        *,
        final: bool,
        now_sample: int,
    ) -> list[Alert | AlertChanged]:
        """Take every phrase found in the newest hypothesis of an utterance, partial or final, and give what changed.

        Each utterance must come to an end with `final`; with no hits, if it was lost.
        """
        key = (who, utterance)
        changed: list[Alert | AlertChanged] = []
        for watch in self._watches:
            mine = [Hit(key, match, now_sample, final) for match in hits if match.phrase in watch.rule.phrases]
            changed += watch.receive_hits(key, mine, now_sample, final=final)
        return changed

    def receive_time(self, now_sample: int) -> list[Alert | AlertChanged]:
        """Take the time, at least a few times a second, and give what it has raised and cleared."""
        return [change for watch in self._watches for change in watch.receive_time(now_sample)]

    def acknowledge(self, alert: int, now_sample: int) -> list[AlertChanged]:
        """Take that a person has seen an alert; nothing happens when it is over, seen already, or never was."""
        found = [watch for watch in self._watches if watch.is_active and watch.alert == alert]
        return [change for watch in found for change in watch.acknowledge(now_sample)]

    def end_call(self, now_sample: int) -> list[AlertChanged]:
        """Clear what still stands. Nothing may be received afterwards."""
        return [change for watch in self._watches for change in watch.end_call(now_sample)]
