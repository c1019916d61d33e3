"""What is kept of each call as sums over its events: worked out for a whole transaction, then written once a call."""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from appliance.central import bulk
from appliance.delivery.messages import Envelope

MAX_WHOLE: Final = 2**53 - 1
"""The largest whole number that a browser keeps exact; at a thousand events a second it lasts 285,000 years."""

_ADD: Final = """
INSERT INTO calls (device, call, first_seq, started_at, clock_synchronised, newest_stored_at, end_sample, ended_at,
    end_reason, line, language, engine, model, events, utterances, gaps)
"""
_TO_WHAT_IS_THERE: Final = """
ON CONFLICT (device, call) DO UPDATE SET first_seq=min(first_seq, excluded.first_seq),
    started_at=iif(excluded.line IS NULL, started_at, excluded.started_at),
    newest_stored_at=excluded.newest_stored_at, end_sample=max(end_sample, excluded.end_sample),
    ended_at=coalesce(excluded.ended_at, ended_at), end_reason=coalesce(excluded.end_reason, end_reason),
    line=coalesce(excluded.line, line), language=coalesce(excluded.language, language),
    engine=coalesce(excluded.engine, engine), model=coalesce(excluded.model, model),
    events=events+excluded.events, utterances=utterances+excluded.utterances, gaps=gaps+excluded.gaps
"""

_ALERT: Final = """
ON CONFLICT (device, call, alert) DO UPDATE
SET level=iif(excluded.withdrawn, level, excluded.level), withdrawn=max(withdrawn, excluded.withdrawn)
"""


class CallSums(msgspec.Struct):
    """The sums over some events of one call; `line` is None while its `call_started` is not among them."""

    first_seq: int
    started_at: str
    clock_synchronised: bool
    stored_at: str
    end_sample: int = 0
    ended_at: str | None = None
    end_reason: str | None = None
    line: str | None = None
    language: str | None = None
    engine: str | None = None
    model: str | None = None
    events: int = 0
    utterances: int = 0
    gaps: int = 0


class Sums:
    """The sums over the events that one transaction stores, at `stored_at`; `calls` by device and call."""

    def __init__(self, stored_at: str) -> None:
        self.calls: dict[tuple[str, str], CallSums] = {}
        self._stored_at = stored_at
        self._alerts: list[tuple[str, str, int, str, bool]] = []

    def add(self, device: str, envelope: Envelope) -> None:
        """Take in an event that was not stored before."""
        key, event = (device, envelope.call), envelope.event
        sums = self.calls.get(key)
        if sums is None:
            sums = CallSums(envelope.seq, envelope.occurred_at, envelope.clock_synchronised, self._stored_at)
            self.calls[key] = sums
        sums.events += 1
        sums.first_seq = min(sums.first_seq, envelope.seq)
        sums.end_sample = max(sums.end_sample, _whole(event, "end_sample"))
        match event.get("type"):
            case "utterance":
                sums.utterances += 1
            case "gap":
                sums.gaps += 1
            case "call_started":
                sums.started_at = envelope.occurred_at
                sums.line, sums.language = _text(event, "line"), _text(event, "language")
                sums.engine, sums.model = _text(event, "engine"), _text(event, "model")
            case "call_ended":
                sums.ended_at, sums.end_reason = envelope.occurred_at, _text(event, "reason")
            case "alert":
                self._alerts.append((*key, _whole(event, "alert"), _text(event, "level"), False))
            case "alert_changed" if event.get("change") == "withdrawn":
                self._alerts.append((*key, _whole(event, "alert"), _text(event, "level"), True))

    def write(self, connection: sqlite3.Connection) -> None:
        """Add the sums to what is stored."""
        bulk.insert(connection, _ADD, [_row(key, sums) for key, sums in self.calls.items()], _TO_WHAT_IS_THERE)
        bulk.insert(connection, "INSERT INTO alerts", self._alerts, _ALERT)


def _row(key: tuple[str, str], sums: CallSums) -> tuple[Any, ...]:
    return (
        *key, sums.first_seq, sums.started_at, sums.clock_synchronised, sums.stored_at, sums.end_sample,
        sums.ended_at, sums.end_reason, sums.line, sums.language, sums.engine, sums.model, sums.events,
        sums.utterances, sums.gaps,
    )  # fmt: skip


def _whole(event: Mapping[str, Any], name: str) -> int:
    # An event is stored as it is, whatever it holds; only the sums need numbers of the right kind.
    value = event.get(name)
    return value if isinstance(value, int) and 0 <= value <= MAX_WHOLE else 0


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
