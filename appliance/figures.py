"""What the box counts of itself since it started: events, words, alerts, holes. Numbers only, never a word."""

from collections import Counter

import msgspec

from appliance.events import SAMPLE_RATE_HZ, Alert, Event, Gap, Utterance


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Totals since the start; `missing_s` is media time that is not known, by reason."""

    events: dict[str, int]
    words: dict[str, int]
    alerts: dict[str, int]
    missing_s: dict[str, float]


class Figures:
    """Takes each event once and keeps the totals."""

    def __init__(self) -> None:
        self._events = Counter[str]()
        self._words = Counter[str]()
        self._alerts = Counter[str]()
        self._missing_samples = Counter[str]()

    def receive(self, event: Event) -> None:
        """Count the next event of any call."""
        self._events[str(event.__struct_config__.tag)] += 1
        match event:
            case Utterance():
                self._words[event.who] += len(event.words)
            case Alert():
                self._alerts[event.level] += 1
            case Gap():
                self._missing_samples[event.reason] += event.end_sample - event.start_sample

    def counts(self) -> Counts:
        """Give the totals so far."""
        return Counts(
            events=dict(self._events),
            words=dict(self._words),
            alerts=dict(self._alerts),
            missing_s={reason: count / SAMPLE_RATE_HZ for reason, count in self._missing_samples.items()},
        )
