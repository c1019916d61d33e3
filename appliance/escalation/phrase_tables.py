"""The `[phrases.*]` tables of a rule pack.

    [phrases.cancellation]
    who = "caller"                          # or "agent", "both"
    any = ["(want|like) to cancel"]         # the ways to say it
    but_not = ["want to cancel the alarm"]  # what touches one of these does not count
    unless_before = ["not"]                 # in place of the pack's own
    min_confidence = 0.45                   # what the recognizer is less sure of does not count

How patterns are written is said in `appliance/language/patterns.py`.
"""

from typing import Final, cast

from appliance.events import Who
from appliance.language.negation import GUARD_WINDOW_WORDS
from appliance.language.normalise import Units, token_texts
from appliance.language.patterns import PatternError, compile_pattern
from appliance.language.phrases import MIN_CONFIDENCE, Phrase
from appliance.toml_table import Table

MAX_PHRASES: Final = 10_000
"""Such a pack is read in a few seconds, and costs nothing to speak of afterwards: see `bench cues`."""

MAX_PATTERNS: Final = 400
"""More in one phrase is a list of its own; with the limits of a pattern this bounds the work for one utterance."""


def read_phrases(pack: Table, units: Units) -> tuple[Phrase, ...]:
    """Read every phrase of a pack, whose own keys `unless_before` and `unless_before_words` hold for all of them.

    Raises `BadInputError` with file, line, key and mend.
    """
    unless_before = _guards(pack, units, frozenset())
    window = pack.whole_number("unless_before_words", GUARD_WINDOW_WORDS, at_least=1, at_most=20)
    given = pack.tables("phrases")
    if len(given) > MAX_PHRASES:
        pack.refuse("phrases", f"holds more than {MAX_PHRASES} phrases", "split the pack")
    return tuple(_phrase(table, units, unless_before, window) for table in given)


def _phrase(table: Table, units: Units, unless_before: frozenset[str], window: int) -> Phrase:
    table.allow_only("who", "any", "but_not", "unless_before", "min_confidence")
    return Phrase(
        name=table.name,
        who=cast("Who", table.text("who", "caller", of=("caller", "agent", "both"))),
        patterns=_patterns(table, "any", table.texts("any"), units),
        units=units,
        unless_before=_guards(table, units, unless_before),
        guard_window=window,
        but_not=_patterns(table, "but_not", table.texts("but_not", ()), units),
        min_confidence=table.number("min_confidence", MIN_CONFIDENCE, at_least=0, at_most=1),
    )


def _patterns(table: Table, key: str, patterns: tuple[str, ...], units: Units) -> tuple[str, ...]:
    if len(patterns) > MAX_PATTERNS:
        table.refuse(key, f"holds more than {MAX_PATTERNS} patterns", "split the phrase")
    for pattern in patterns:
        try:
            compile_pattern(pattern, units)
        except PatternError as error:
            shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
            mend = "mend the pattern; it is made of words, (one|another), [perhaps], begin*, form~ and ..."
            table.refuse(key, f'holds the pattern "{shown}": {error}', mend, near=pattern)
    return patterns


def _guards(table: Table, units: Units, default: frozenset[str]) -> frozenset[str]:
    if not table.has("unless_before"):
        return default
    guards = set()
    for guard in table.texts("unless_before", ()):
        pieces = token_texts(guard, units)
        if len(pieces) != 1:
            table.refuse("unless_before", f'holds "{guard}"', "write single words; don't, isn't and the like are not")
        guards.add(pieces[0])
    return frozenset(guards)
