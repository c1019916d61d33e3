"""The ladder: which alerts stand, from what was said and measured and the time that has passed.

What becomes of an alert is said by the table in `states.py`; here is only what makes its happenings happen.

Time is media time in samples, and never goes back. A phrase counts from the moment it was first heard of, so an
alert that comes from a partial hypothesis comes as soon as the words do. When the utterance's final hypothesis does
not have the phrase, it never was: the alert it raised is withdrawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, NamedTuple

from appliance.escalation.cues import Reading
from appliance.escalation.explanation import Known
from appliance.escalation.rules import Rule
from appliance.escalation.said import Hit, Near
from appliance.escalation.watch import Watch
from appliance.events import Alert, AlertChanged, Level, Who
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


class Outlook(NamedTuple):
    """How near a rule came to raise an alert: each of its conditions at its best, and how often it has raised one."""

    rule: Rule
    raised: int
    nearest: tuple[Near, ...]

    @property
    def fraction(self) -> float:
        """How near the whole rule came, 0 to 1, as far as each condition tells alone; 1: each held, maybe apart."""
        split = len(self.rule.all)
        of_any = [max(near.fraction for near in self.nearest[split:])] if self.rule.any else []
        return min([*(near.fraction for near in self.nearest[:split]), *of_any])


class Ladder:
    """The alerts of one call. Alerts are numbered from 1 in the order in which they were raised."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._numbers = count(1)
        self._readings: dict[tuple[str, Who], Reading] = {}
        self._watches = [Watch(rule, self._numbers) for rule in rules]

    @property
    def showing(self) -> Showing:
        """Give what the light must show now."""
        shown = [watch for watch in self._watches if watch.is_shown]
        if not shown:
            return Showing()
        newest = max(shown, key=lambda watch: (RANK[watch.rule.level], watch.alert))
        level = newest.rule.level
        blinking = any(watch.is_blinking for watch in shown if watch.rule.level == level)
        return Showing(level, blinking, newest.rule.reason, newest.alert, newest.rule.name)

    @property
    def outlooks(self) -> list[Outlook]:
        """Give for every rule how near it came."""
        return [Outlook(watch.rule, watch.raised, watch.nearest) for watch in self._watches]

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
        key, known = (who, utterance), self._known(now_sample)
        mine = [Hit(key, match, now_sample, final) for match in hits]
        return [change for watch in self._watches for change in watch.receive_hits(key, mine, known, final=final)]

    def receive_reading(self, reading: Reading) -> None:
        """Take a new reading of a cue; what it changes comes with the next `receive_time`."""
        self._readings[reading.cue, reading.who] = reading
        for watch in self._watches:
            watch.receive_reading(reading)

    def receive_time(self, now_sample: int) -> list[Alert | AlertChanged]:
        """Take the time, at least a few times a second, and give what it has raised and cleared."""
        known = self._known(now_sample)
        return [change for watch in self._watches for change in watch.receive_time(known)]

    def acknowledge(self, alert: int, now_sample: int) -> list[AlertChanged]:
        """Take that a person has seen an alert; nothing happens when it is over, seen already, or never was."""
        return [change for watch in self._standing(alert) for change in watch.acknowledge(now_sample)]

    def snooze(self, alert: int, now_sample: int) -> list[AlertChanged]:
        """Take that a person has put an alert off for a while; nothing happens where its rule does not allow it."""
        return [change for watch in self._standing(alert) for change in watch.snooze(now_sample)]

    def replace_rules(self, rules: Iterable[Rule], now_sample: int) -> list[AlertChanged]:
        """Go on by other rules. A rule that stays as it was keeps its state; the alerts of all others are cleared."""
        old = {watch.rule: watch for watch in self._watches}
        self._watches = [old.pop(rule) if rule in old else self._new_watch(rule) for rule in rules]
        return [change for watch in old.values() for change in watch.end_call(now_sample)]

    def end_call(self, now_sample: int) -> list[AlertChanged]:
        """Clear what still stands. Nothing may be received afterwards."""
        return [change for watch in self._watches for change in watch.end_call(now_sample)]

    def _standing(self, alert: int) -> list[Watch]:
        return [watch for watch in self._watches if watch.is_active and watch.alert == alert]

    def _new_watch(self, rule: Rule) -> Watch:
        watch = Watch(rule, self._numbers)
        for reading in self._readings.values():
            watch.receive_reading(reading)
        return watch

    def _known(self, now_sample: int) -> Known:
        return Known(now_sample, self._readings, (self._value("words_missing_s", now_sample) or 0) > 0)

    def _value(self, cue: str, now_sample: int) -> float | None:
        reading = self._readings.get((cue, "both"))
        return None if reading is None else reading.value_at(now_sample)
