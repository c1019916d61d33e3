"""A rule's conditions on what was measured or told, while a call runs.

A measured value is never taken back, as words may be: an alert that stands on it needs no confirmation.
"""

from typing import Final

from appliance.escalation.conditions import Measured, OneOf
from appliance.escalation.cues import CUES, Reading, shown
from appliance.escalation.said import Near, Verdict
from appliance.events import SAMPLE_RATE_HZ, Evidence

PAST_THRESHOLD: Final = 0.9
"""How near to holding a value counts that is past its threshold, and not yet for long enough."""


class MeasuredPart:
    """A cue against its threshold, with deadband, and for how long it has been past it."""

    def __init__(self, condition: Measured) -> None:
        self._condition = condition
        self._for = round(condition.for_s * SAMPLE_RATE_HZ)
        self._reading: Reading | None = None
        self._past_since: int | None = None
        self._bears = False
        self.nearest = Near(0.0, f"{condition.cue} was never known", 0)

    def receive_reading(self, reading: Reading) -> None:
        """Take a reading if it is of this cue and this side."""
        if reading.cue == self._condition.cue and reading.who == self._condition.who:
            self._reading = reading

    def holds(self, now_sample: int) -> bool:
        """Say whether the cue has been past its threshold for so long."""
        value = self._value(now_sample)
        if value is None or not self._condition.is_past(value, leaving=self._past_since is not None):
            self._past_since = None
        elif self._past_since is None:
            self._past_since = now_sample
        if value is not None and self.nearest.fraction < 1:
            self._note(value, now_sample)
        return self._past_since is not None and now_sample - self._past_since >= self._for

    def bear(self, now_sample: int) -> None:
        """Remember whether the alert stands on this value too."""
        self._bears = self.holds(now_sample)

    def verdict(self) -> Verdict:
        """See the module's head."""
        return "borne" if self._bears else "denied"

    def evidence(self, now_sample: int) -> list[Evidence]:
        """Give the value, for how long, and what drove it."""
        reading, since, value = self._reading, self._past_since, self._value(now_sample)
        if not self._bears or reading is None or since is None or value is None:
            return []
        condition, name = self._condition, self._condition.cue
        lasting = f" for {(now_sample - since) / SAMPLE_RATE_HZ:.1f} s" if condition.for_s else ""
        note = f" ({reading.note})" if reading.note else ""
        found = Evidence(
            who=reading.who,
            phrase=name,
            text=f"{CUES[name].label} {shown(name, value)}{lasting}{note}",
            start_sample=since if reading.counts_from is None else reading.counts_from,
            end_sample=now_sample,
            channel=CUES[name].channel,
            value=round(value, 3),
            limit=condition.at_most if condition.at_least is None else condition.at_least,
        )
        return [found]

    def forget(self, now_sample: int, *, keep_bearing: bool) -> None:
        """One reading is all that is kept."""

    def _value(self, now_sample: int) -> float | None:
        return None if self._reading is None else self._reading.value_at(now_sample)

    def _note(self, value: float, now_sample: int) -> None:
        """Keep the nearest that the cue has come: first by its value, past the threshold by how long."""
        fraction, lasting = PAST_THRESHOLD * self._closeness(value), ""
        if self._past_since is not None:
            lasted = now_sample - self._past_since
            fraction = 1.0 if lasted >= self._for else PAST_THRESHOLD + (1 - PAST_THRESHOLD) * lasted / self._for
            lasting = f" for {lasted / SAMPLE_RATE_HZ:.1f} s"
        if fraction > self.nearest.fraction:
            name = self._condition.cue
            text = f"{name} was {shown(name, value)}{lasting}, wanted {wanted(self._condition)}"
            self.nearest = Near(fraction, text, now_sample)

    def _closeness(self, value: float) -> float:
        """Give how much of the way from the far end of the scale to the threshold the value has gone, 0 to 1."""
        condition, scale = self._condition, CUES[self._condition.cue]
        ways = [1.0]
        if condition.at_least is not None and condition.at_least > scale.low:
            ways.append((value - scale.low) / (condition.at_least - scale.low))
        if condition.at_most is not None and condition.at_most < scale.high:
            ways.append((scale.high - value) / (scale.high - condition.at_most))
        return max(0.0, min(ways))


class OneOfPart:
    """A text that the server gave, or not."""

    def __init__(self, condition: OneOf) -> None:
        self._condition = condition
        self._reading: Reading | None = None
        self.nearest = Near(0.0, f"{condition.cue} was never told", 0)

    def receive_reading(self, reading: Reading) -> None:
        """Take a reading if it is of this cue."""
        if reading.cue == self._condition.cue:
            self._reading = reading
            text = f"{reading.cue} was {reading.text or 'unknown'}, wanted {wanted(self._condition)}"
            self.nearest = Near(float(self.holds(reading.at_sample)), text, reading.at_sample)

    def holds(self, _now_sample: int) -> bool:
        """Say whether the text is one of those wanted."""
        text = None if self._reading is None else self._reading.text
        return text is not None and text.strip().casefold() in self._condition.texts

    def bear(self, now_sample: int) -> None:
        """Do nothing: what the server said stands."""

    def verdict(self) -> Verdict:
        """See the module's head."""
        return "borne" if self.holds(0) else "denied"

    def evidence(self, now_sample: int) -> list[Evidence]:
        """Give the text."""
        reading, name = self._reading, self._condition.cue
        if reading is None or not self.holds(now_sample):
            return []
        return [Evidence(reading.who, name, f"{name} {reading.text}", reading.at_sample, now_sample, channel="call")]

    def forget(self, now_sample: int, *, keep_bearing: bool) -> None:
        """One reading is all that is kept."""


def wanted(condition: Measured | OneOf) -> str:
    """Say what a condition waits for, for people."""
    if isinstance(condition, OneOf):
        return " or ".join(condition.texts)
    bounds = (("at least", condition.at_least), ("at most", condition.at_most))
    told = " and ".join(f"{word} {shown(condition.cue, bound)}" for word, bound in bounds if bound is not None)
    return f"{told} for {condition.for_s:g} s" if condition.for_s else told
