"""What a rule waits for: phrases that were said, cues that passed a threshold, texts that the server gave.

    { phrase = "supervisor_demand", count = 2, within_s = 60 }      # or phrases = ["a", "b"]
    { cue = "stress", at_least = 0.7, deadband = 0.1, for_s = 2 }   # or at_most; who = "caller" is the default
    { cue = "tier", of = ["gold", "platinum"] }

A phrase counts for `within_s` after it was said. A cue holds once it has been past its threshold for `for_s`, and until
it has come back by more than `deadband` (ANSI/ISA-18.2: deadband, on-delay). The names of the cues are in `cues.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, cast

from appliance.escalation.cues import CUES, TEXT_CUES
from appliance.events import Who
from appliance.toml_table import Table

MAX_DELAY_S: Final = 3600.0
"""Longer than nearly every call."""

MAX_COUNT: Final = 100
"""Nobody says a thing more often."""

MAX_CONDITIONS: Final = 16
"""Nobody could say why an alert of more has come."""


@dataclass(frozen=True)
class Said:
    """`count` of these phrases within `within_s`."""

    phrases: tuple[str, ...]
    count: int = 1
    within_s: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A cue of `who` at `at_least`, or at `at_most`, for `for_s`; it ends `deadband` beyond."""

    cue: str
    who: Who = "both"
    at_least: float | None = None
    at_most: float | None = None
    deadband: float = 0.0
    for_s: float = 0.0

    def is_past(self, value: float, *, leaving: bool = False) -> bool:
        """Say whether a value is past the threshold; with `leaving`, whether it still is by the deadband."""
        slack = self.deadband if leaving else 0.0
        above = self.at_least is None or value >= self.at_least - slack
        return above and (self.at_most is None or value <= self.at_most + slack)


@dataclass(frozen=True)
class OneOf:
    """A text cue that is one of these, whatever its case."""

    cue: str
    texts: tuple[str, ...]


Condition = Said | Measured | OneOf


def conditions(table: Table, key: str, known: Collection[str]) -> tuple[Condition, ...]:
    """Read the list of conditions under `key`, none if it is absent; `known` are the phrases of the file."""
    if not table.has(key):
        return ()
    given = table.list_of_tables(key)
    if not given:
        table.refuse(key, "is empty", f"write a condition, or leave `{key}` out")
    if len(given) > MAX_CONDITIONS:
        table.refuse(key, f"holds more than {MAX_CONDITIONS} conditions", "make several rules of it")
    return tuple(_condition(one, known) for one in given)


def said(table: Table, known: Collection[str]) -> Said:
    """Read the keys of a condition on phrases from a table that may hold others as well."""
    condition = Said(
        phrases=_phrase_names(table, known),
        count=table.whole_number("count", 1, at_least=1, at_most=MAX_COUNT),
        within_s=table.number("within_s", 0, at_least=0, at_most=MAX_DELAY_S),
    )
    if condition.count > 1 and not condition.within_s:
        table.refuse("count", f"is {condition.count}, but no `within_s` says within what time", "add `within_s = 60`")
    return condition


def check_agreement(table: Table, key: str, found: Sequence[Condition]) -> None:
    """Refuse conditions that can never hold together; `key` is where they stand."""
    measured = [one for one in found if isinstance(one, Measured)]
    for cue, who in {(one.cue, one.who) for one in measured}:
        same = [one for one in measured if (one.cue, one.who) == (cue, who)]
        floor = max((one.at_least for one in same if one.at_least is not None), default=None)
        ceiling = min((one.at_most for one in same if one.at_most is not None), default=None)
        if floor is not None and ceiling is not None and floor > ceiling:
            what = f"wants `{cue}` at least {floor:g} and at most {ceiling:g} at the same time"
            table.refuse(key, what, "let `at_least` be below `at_most`, or make two rules of it", near=cue)


def _condition(table: Table, known: Collection[str]) -> Condition:
    if not table.has("cue"):
        table.allow_only("phrase", "phrases", "count", "within_s")
        return said(table, known)
    cue = table.text("cue", of=(*CUES, *TEXT_CUES))
    if cue in TEXT_CUES:
        table.allow_only("cue", "of")
        return OneOf(cue, tuple(text.strip().casefold() for text in table.texts("of")))
    return _measured(table, cue)


def _measured(table: Table, cue: str) -> Measured:
    table.allow_only("cue", "who", "at_least", "at_most", "deadband", "for_s")
    kind = CUES[cue]
    one_sided = kind.of == "one"
    if table.has("who") and not one_sided:
        table.refuse("who", "is given, but this cue is of the call as a whole", "leave `who` out")
    if not (table.has("at_least") or table.has("at_most")):
        table.refuse("", "has no threshold", "add `at_least` or `at_most`")
    found = Measured(
        cue=cue,
        who=cast("Who", table.text("who", "caller", of=("caller", "agent"))) if one_sided else "both",
        at_least=_threshold(table, "at_least", kind.low, kind.high),
        at_most=_threshold(table, "at_most", kind.low, kind.high),
        deadband=table.number("deadband", 0, at_least=0, at_most=kind.high - kind.low),
        for_s=table.number("for_s", 0, at_least=0, at_most=MAX_DELAY_S),
    )
    check_agreement(table, "at_least", [found])
    _check_deadband(table, found)
    return found


def _threshold(table: Table, key: str, low: float, high: float) -> float | None:
    return table.number(key, low, at_least=low, at_most=high) if table.has(key) else None


def _check_deadband(table: Table, found: Measured) -> None:
    """Refuse a deadband that reaches beyond the scale: what has begun would never end."""
    kind = CUES[found.cue]
    below = found.at_least is None or found.at_least - found.deadband <= kind.low
    above = found.at_most is None or found.at_most + found.deadband >= kind.high
    if found.deadband and below and above:
        _refuse_endless(table, found, kind.low, kind.high)


def _refuse_endless(table: Table, found: Measured, low: float, high: float) -> NoReturn:
    room = max(
        0.0 if found.at_least is None else found.at_least - low, 0.0 if found.at_most is None else high - found.at_most
    )
    what = f"reaches beyond the scale of `{found.cue}` ({low:g} to {high:g}), so what has begun would never end"
    table.refuse("deadband", what, f"write less than {room:g}" if room else "leave it out")


def _phrase_names(table: Table, known: Collection[str]) -> tuple[str, ...]:
    if table.has("phrase") == table.has("phrases"):
        what = "has both `phrase` and `phrases`" if table.has("phrase") else "names no phrase"
        table.refuse("", what, 'write `phrase = "name"` or `phrases = ["name", "other"]`')
    key = "phrase" if table.has("phrase") else "phrases"
    names = (table.text("phrase"),) if key == "phrase" else table.texts("phrases")
    for name in names:
        if name not in known:
            table.refuse(key, f'names "{name}", which is no phrase of this file', _known_phrases(known), near=name)
    return names


def _known_phrases(known: Collection[str]) -> str:
    return f"add [phrases.NAME], or use one of: {', '.join(sorted(known))}" if known else "add [phrases.NAME]"
