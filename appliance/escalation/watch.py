"""One rule being watched: its condition, and the alert it has raised."""

from collections.abc import Iterator, Sequence
from typing import Final

from appliance.escalation.conditions import Condition, OneOf, Said
from appliance.escalation.cues import Reading
from appliance.escalation.explanation import Known, explanation
from appliance.escalation.measured import MeasuredPart, OneOfPart
from appliance.escalation.rules import Rule
from appliance.escalation.said import Hit, Near, SaidPart, UtteranceKey, Verdict
from appliance.escalation.states import TRANSITIONS, Happening, State
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged, Who

MAX_EVIDENCE: Final = 8
"""More than a person reads while an alert blinks; the newest are kept."""

Part = SaidPart | MeasuredPart | OneOfPart


class Watch:
    """A rule with its state; `alert` is the number of its newest alert, from `numbers`, `raised` how many it raised."""

    def __init__(self, rule: Rule, numbers: Iterator[int]) -> None:
        self.rule = rule
        self.state: State = "normal"
        self.alert = 0
        self.raised = 0
        self._numbers = numbers
        self._all = [_part(condition) for condition in rule.all]
        self._any = [_part(condition) for condition in rule.any]
        self._parts: list[Part] = [*self._all, *self._any]
        self._met_sample = 0
        self._held_sample = 0
        self._raised_sample: int | None = None
        self._withdrawn = False
        self._shelved_until = 0
        self._tentative = False
        self._who: Who = "both"

    @property
    def is_active(self) -> bool:
        """Say whether an alert stands."""
        return self.state in ("unacknowledged", "acknowledged", "latched", "shelved")

    @property
    def is_shown(self) -> bool:
        """Say whether an alert stands that the light must show."""
        return self.is_active and self.state != "shelved"

    @property
    def is_blinking(self) -> bool:
        """Say whether an alert stands that nobody has seen."""
        return self.state in ("unacknowledged", "latched")

    @property
    def nearest(self) -> tuple[Near, ...]:
        """Give how near each condition ever came."""
        return tuple(part.nearest for part in self._parts)

    def receive_hits(
        self, utterance: UtteranceKey, hits: Sequence[Hit], known: Known, *, final: bool
    ) -> list[Alert | AlertChanged]:
        """Take every hit in the newest hypothesis of `utterance`, and give what changed."""
        changed = self.receive_time(known)
        for part in self._parts:
            if isinstance(part, SaidPart):
                part.receive_hits(utterance, hits, final=final)
        return [*changed, *self._settle(known.now_sample), *self.receive_time(known)]

    def receive_reading(self, reading: Reading) -> None:
        """Take a new reading; it counts from the next `receive_time`."""
        for part in self._parts:
            if not isinstance(part, SaidPart):
                part.receive_reading(reading)

    def receive_time(self, known: Known) -> list[Alert | AlertChanged]:
        """Take the time, and give what it has raised or cleared."""
        if self.state == "normal" and all(isinstance(part, SaidPart) and part.is_idle for part in self._parts):
            return []  # most rules, most of the time
        now = known.now_sample
        changed: list[Alert | AlertChanged] = []
        if self.state == "shelved" and now >= self._shelved_until:
            changed += self._move("returned", now)
        if self._holds(now):
            self._held_sample = now
            if self.state in ("normal", "latched"):
                self._met_sample = now
                self._move("met", now)
            if self.state == "pending" and self._may_raise(now):
                self._move("held", now)
                changed.append(self._raise(known))
        else:
            self._move("lost", now)
            gone_samples = now - max(self._held_sample, self._raised_sample or 0)
            if gone_samples >= _samples(self.rule.off_delay_s):
                changed += self._move("gone_latched" if self.rule.latch else "gone", now)
        for part in self._parts:
            part.forget(now, keep_bearing=self._tentative)
        return changed

    def acknowledge(self, now_sample: int) -> list[AlertChanged]:
        """Take that a person has seen the alert."""
        return self._move("acknowledged", now_sample)

    def snooze(self, now_sample: int) -> list[AlertChanged]:
        """Take that a person has put the alert off; nothing happens where the rule does not allow it."""
        if not self.rule.snooze_s:
            return []
        self._shelved_until = now_sample + _samples(self.rule.snooze_s)
        return self._move("snoozed", now_sample)

    def end_call(self, now_sample: int) -> list[AlertChanged]:
        """Clear the alert if it stands."""
        return self._move("call_ended", now_sample)

    def _holds(self, now_sample: int) -> bool:
        # Each is asked, though one may settle it: they note for how long they have held.
        every = [part.holds(now_sample) for part in self._all]
        some = [part.holds(now_sample) for part in self._any]
        return all(every) and (not some or any(some))

    def _may_raise(self, now_sample: int) -> bool:
        """Say whether the condition has held for its on-delay, and the rule has been quiet for its repeat time.

        An alert that was withdrawn was none: final words may raise it anew at once, a guess may not.
        """
        if now_sample - self._met_sample < _samples(self.rule.on_delay_s):
            return False
        if self._raised_sample is None or now_sample - self._raised_sample >= _samples(self.rule.min_repeat_s):
            return True
        if not self._withdrawn:
            return False
        self._bear(now_sample)
        return self._verdict() == "borne"

    def _settle(self, now_sample: int) -> list[AlertChanged]:
        """Confirm or withdraw a tentative alert as soon as final words decide it."""
        verdict = self._verdict() if self._tentative else "open"
        if verdict == "open":
            return []
        self._tentative, self._withdrawn = False, verdict == "denied"
        return self._move("taken_back" if self._withdrawn else "confirmed", now_sample)

    def _bear(self, now_sample: int) -> None:
        for part in self._parts:
            part.bear(now_sample)

    def _verdict(self) -> Verdict:
        """Say what the final words have made of the alert: all must be borne out, and one of any."""
        verdicts = {part.verdict() for part in self._all}
        if self._any:
            verdicts.add(max((part.verdict() for part in self._any), key=_CERTAINTY.index))
        return min(verdicts, key=_CERTAINTY.index)

    def _raise(self, known: Known) -> Alert:
        now = known.now_sample
        self.alert, self.raised = next(self._numbers), self.raised + 1
        self._raised_sample, self._withdrawn = now, False
        self._bear(now)
        self._tentative = self._verdict() == "open"
        evidence = [item for part in self._parts for item in part.evidence(now)]
        evidence = sorted(evidence, key=lambda item: item.start_sample)[-MAX_EVIDENCE:]
        speakers = {item.who for item in evidence if item.channel != "call"}
        self._who = speakers.pop() if len(speakers) == 1 else "both"
        return Alert(
            who=self._who,
            start_sample=min(item.start_sample for item in evidence),
            end_sample=max(item.end_sample for item in evidence),
            alert=self.alert,
            rule=self.rule.name,
            level=self.rule.level,
            evidence=tuple(evidence),
            suggest=self.rule.suggest,
            tentative=self._tentative,
            since_sample=self._met_sample,
            reason=self.rule.reason,
            explanation=explanation(evidence, known),
            call_for=self.rule.call_for,
            missing=("words",) if known.words_missing else (),
            snooze_s=self.rule.snooze_s,
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


_CERTAINTY: Final[tuple[Verdict, ...]] = ("denied", "open", "borne")


def _part(condition: Condition) -> Part:
    if isinstance(condition, Said):
        return SaidPart(condition)
    return OneOfPart(condition) if isinstance(condition, OneOf) else MeasuredPart(condition)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
