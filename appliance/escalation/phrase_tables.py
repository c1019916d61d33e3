"""The `[phrases.*]` tables of a rule pack.

    [phrases.cancellation]
    who = "caller"                          # or "agent", "both"
    any = ["(want|like) to cancel"]         # the ways to say it
    but_not = ["want to cancel the alarm"]  # what touches one of these does not count
    unless_before = ["not"]                 # in place of the pack's own
    min_confidence = 0.45                   # what the recognizer is less sure of does not count

Words that belong together are named once, and `{boss}` stands for all of them in any pattern:

    [words]
    boss = ["supervisor", "manager", "team leader"]

How patterns are written is said in `appliance/language/patterns.py`.
"""

import re
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
    sets = _word_sets(pack)
    given = pack.tables("phrases")
    if len(given) > MAX_PHRASES:
        pack.refuse("phrases", f"holds more than {MAX_PHRASES} phrases", "split the pack")
    return tuple(_phrase(table, units, unless_before, window, sets) for table in given)


_WordSets = dict[str, str]
"""By name, the words of a set as the alternatives of a group: "supervisor|manager"."""


def _word_sets(pack: Table) -> _WordSets:
    table = pack.table("words", optional=True)
    sets: _WordSets = {}
    for name in table.keys:
        words = table.texts(name)
        for word in words:
            if any(mark in word for mark in "()[]{}|") or "..." in word:
                table.refuse(name, f'holds "{word}"', "write plain words, each in quotes of its own", near=word)
        sets[name] = "|".join(words)
    return sets


def _phrase(table: Table, units: Units, unless_before: frozenset[str], window: int, sets: _WordSets) -> Phrase:
    table.allow_only("who", "any", "but_not", "unless_before", "min_confidence")
    return Phrase(
        name=table.name,
        who=cast("Who", table.text("who", "caller", of=("caller", "agent", "both"))),
        patterns=_patterns(table, "any", table.texts("any"), units, sets),
        units=units,
        unless_before=_guards(table, units, unless_before),
        guard_window=window,
        but_not=_patterns(table, "but_not", table.texts("but_not", ()), units, sets),
        min_confidence=table.number("min_confidence", MIN_CONFIDENCE, at_least=0, at_most=1),
    )


def _patterns(table: Table, key: str, given: tuple[str, ...], units: Units, sets: _WordSets) -> tuple[str, ...]:
    if len(given) > MAX_PATTERNS:
        table.refuse(key, f"holds more than {MAX_PATTERNS} patterns", "split the phrase")
    return tuple(_pattern(table, key, pattern, units, sets) for pattern in given)


def _pattern(table: Table, key: str, given: str, units: Units, sets: _WordSets) -> str:
    shown = given if len(given) <= 60 else given[:57] + "..."
    for name in _SET.findall(given):
        if name not in sets:
            mend = f"name it in `[words]`, or take one of: {', '.join(sets) or 'none is named yet'}"
            table.refuse(key, f'holds the pattern "{shown}" with the unknown set `{{{name}}}`', mend, near=given)
    pattern = _SET.sub(lambda found: _as_choices(sets[found[1]], given[: found.start()]), given)
    try:
        compile_pattern(pattern, units)
    except PatternError as error:
        mend = "mend the pattern; it is made of words, (one|another), [perhaps], {set}, begin*, form~ and ..."
        table.refuse(key, f'holds the pattern "{shown}": {error}', mend, near=given)
    return pattern


_SET: Final = re.compile(r"\{(\w+)\}")


def _as_choices(words: str, before: str) -> str:
    """Give the words of a set as they must stand behind `before`: bare in a group, as a group of their own outside."""
    inside = before.count("(") + before.count("[") > before.count(")") + before.count("]")
    return words if inside else f"({words})"


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
