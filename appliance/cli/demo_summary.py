"""What the demo tells after the call, from the events as the central server has stored them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

Stored = dict[str, Any]
"""One event as `GET /api/calls/{device}/{call}` gives it: the envelope's fields, `stored_at`, and `event`."""


def summarise(stored: Sequence[Stored], commit_ms: float, delivered: dict[str, int], pace: str) -> dict[str, Any]:
    """Give the summary of one call.

    `commit_ms` is what the server's commit takes, added to `stored_at`; `delivered` holds the device's own counts
    (`committed`, `acknowledged`). With the `pace` "fast" the delays are those of the computing alone: nobody speaks.
    """
    started = _first(stored, "call_started")
    ended = _first(stored, "call_ended")
    return {
        "call": stored[0]["call"],
        "engine": started["engine"],
        "model": started["model"],
        "language": started["language"],
        "band": started["band"],
        "rules": started["rules"],
        "duration_s": ended["end_s"],
        "pace": pace,
        "transcript": transcript(stored),
        "alerts": alerts(stored),
        "stress": stress(stored),
        "talk": talk(stored),
        "gaps": [pick(event, "who", "start_s", "end_s", "reason") for event in _events(stored, "gap")],
        "notices": [event["text"] for event in _events(stored, "notice")],
        "delays_ms": {
            "final": spread(final_delays_ms(stored, commit_ms)),
            "light": spread(light_delays_ms(stored)),
        },
        "events": {**delivered, "stored": len(stored)},
    }


def transcript(stored: Sequence[Stored]) -> list[dict[str, Any]]:
    """Give who said what, in the order of speaking."""
    said = [pick(event, "who", "start_s", "end_s", "text") for event in _events(stored, "utterance")]
    return sorted(said, key=lambda turn: float(turn["start_s"]))


def alerts(stored: Sequence[Stored]) -> list[dict[str, Any]]:
    """Give the alerts that stood, in order; one that the final words took back is not among them."""
    withdrawn = {event["alert"] for event in _events(stored, "alert_changed") if event["change"] == "withdrawn"}
    return [
        pick(event, "rule", "level", "reason", "explanation")
        | {"at_s": event["end_s"]}
        | pick(event, "since_s", "evidence", "who", "alert", "suggest", "call_for", "missing")
        for event in _events(stored, "alert")
        if event["alert"] not in withdrawn
    ]


def stress(stored: Sequence[Stored]) -> dict[str, Any]:
    """Give how tense the caller's voice was: the highest measure with its reasons, and where each level began."""
    found = [event for event in _events(stored, "stress") if event["who"] == "caller"]
    known = [event for event in found if event["score"] is not None]
    changed = [
        {"at_s": event["end_s"], "level": event["level"]}
        for before, event in zip([{"level": "calm"}, *found], found, strict=False)
        if event["level"] != before["level"]
    ]
    highest = max(known, key=lambda event: float(event["score"]), default=None)
    return {
        "measures": len(known),
        "highest": highest and pick(highest, "end_s", "score", "level", "drivers"),
        "levels": changed,
    }


def talk(stored: Sequence[Stored]) -> dict[str, Any]:
    """Give how each side has spoken, by its newest facts."""
    newest = {event["who"]: event for event in _events(stored, "talk")}
    names = ("speech_s", "talk_share", "overtalk_s", "interruptions", "longest_silence_s", "words_per_min")
    return {who: pick(event, *names) for who, event in newest.items()}


def final_delays_ms(stored: Sequence[Stored], commit_ms: float) -> list[float]:
    """Give, for each utterance, the time from the end of speech to its final words being safe at the server."""
    return [
        _between_ms(item["heard_at"], item["stored_at"]) + commit_ms
        for item in stored
        if item["event"]["type"] == "utterance" and item["heard_at"]
    ]


def light_delays_ms(stored: Sequence[Stored]) -> list[float]:
    """Give, for each alert, the time from the end of the phrase's last word to the light showing it.

    The word's time is taken from the final words, so that a guess made on the partial does not count.
    """
    delays = []
    for alert in (item for item in stored if item["event"]["type"] == "alert" and item["shown_at"]):
        phrases = {evidence["phrase"] for evidence in alert["event"]["evidence"]}
        later = [item for item in stored if item["event"]["type"] == "phrase" and item["event"]["phrase"] in phrases]
        near = [item for item in later if _overlap(item["event"], alert["event"]) and item["heard_at"]]
        if near:
            delays.append(_between_ms(near[-1]["heard_at"], alert["shown_at"]))
    return delays


def spread(values: Iterable[float]) -> dict[str, float | None]:
    """Give the median and the 95th percentile (the nearest value), None without values."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p95": None}
    return {name: round(ordered[int((len(ordered) - 1) * part)], 1) for name, part in (("p50", 0.5), ("p95", 0.95))}


def pick(event: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give these fields of an event, in this order."""
    return {name: event[name] for name in names}


def _events(stored: Sequence[Stored], kind: str) -> list[dict[str, Any]]:
    return [item["event"] for item in stored if item["event"]["type"] == kind]


def _first(stored: Sequence[Stored], kind: str) -> dict[str, Any]:
    return next(iter(_events(stored, kind)))


def _overlap(phrase: dict[str, Any], alert: dict[str, Any]) -> bool:
    """Compare loosely: the times of a partial's words are estimates, and may lie a word or two beside."""
    slack_s = 2.0
    return bool(phrase["start_s"] < alert["end_s"] + slack_s and alert["start_s"] < phrase["end_s"] + slack_s)


def _between_ms(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() * 1000
