"""What the box counts of itself since it started: events, words, alerts, holes. Numbers only, never a word."""

from collections import Counter, deque
from typing import Final

import msgspec

from appliance.events import SAMPLE_RATE_HZ, Alert, Event, Gap, Utterance


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Totals since the start; `missing_s` is media time that is not known, by reason."""

    events: dict[str, int]
    words: dict[str, int]
    alerts: dict[str, int]
    missing_s: dict[str, float]


WORD_RATE_S: Final = 60.0


class WordRate:
    """How many words of all sides were recognised in the last minute; nothing where no call was on in it."""

    def __init__(self) -> None:
        self._looks = deque[tuple[float, int]]()
        self._in_call_s = -WORD_RATE_S

    def receive_look(self, now_s: float, words: int, calls: int) -> float | None:
        """Take how many words there have been in all, and how many calls are on; give the words a minute."""
        if calls:
            self._in_call_s = now_s
        self._looks.append((now_s, words))
        while now_s - self._looks[0][0] > WORD_RATE_S:
            self._looks.popleft()
        begun_s, before = self._looks[0]
        if now_s - self._in_call_s > WORD_RATE_S or now_s == begun_s:
            return None
        return (words - before) / (now_s - begun_s) * 60


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
