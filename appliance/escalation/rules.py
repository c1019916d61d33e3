"""The rule pack: which phrases to listen for, and which alerts they raise.

    name = "contact-centre-en"
    version = "1"
    language = "en"
    unless_before = ["not", "never"]        # a phrase that follows one of these does not count

    [phrases.supervisor_demand]
    who = "caller"                          # or "agent", "both"
    any = ["speak to [your] (supervisor|manager)"]

    [rules.wants_supervisor]
    level = "urgent"                        # or "attention"
    phrase = "supervisor_demand"            # or phrases = ["a", "b"]
    count = 1                               # so many times
    within_s = 0                            # within so many seconds: how long one time counts
    on_delay_s = 0                          # the condition must have held so long before the alert
    off_delay_s = 30                        # and must have been gone so long before the alert goes
    latch = true                            # and the alert stays until a person has acknowledged it
    reason = "Asks for a supervisor"
    suggest = "Offer the supervisor yourself; say how long it takes."

How patterns are written is said in `appliance/language/patterns.py`.
"""

from dataclasses import dataclass
from typing import Final, Literal, cast

from appliance.events import Who
from appliance.language.normalise import Units, token_texts, units_of
from appliance.language.patterns import PatternError, compile_pattern
from appliance.language.phrases import GUARD_WINDOW_WORDS, Phrase
from appliance.toml_table import Table, read_table

MAX_DELAY_S: Final = 3600.0
"""Longer than nearly every call."""

MAX_COUNT: Final = 100
"""Nobody says a thing more often."""

MAX_PHRASES: Final = 500
MAX_PATTERNS: Final = 200
"""With the limits of a pattern these bound the work for one utterance."""

DEFAULT_OFF_DELAY_S: Final = 30.0
"""Long enough to be seen from across a desk."""


@dataclass(frozen=True)
class Rule:
    """Which phrases raise which alert, and how it comes and goes; the module's head says what each field does."""

    name: str
    level: Literal["attention", "urgent"]
    phrases: tuple[str, ...]
    count: int = 1
    within_s: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = DEFAULT_OFF_DELAY_S
    latch: bool = False
    reason: str = ""
    suggest: str = ""


@dataclass(frozen=True)
class RulePack:
    """One file of rules, checked."""

    name: str
    version: str
    language: str
    phrases: tuple[Phrase, ...]
    rules: tuple[Rule, ...]


def parse_rules(text: str | bytes, source: str) -> RulePack:
    """Read a rule pack from the text of a TOML file; `source` names the file in errors.

    Raises `BadInputError` with file, line, key and mend for anything that is not as the module's head says.
    """
    table = read_table(text, source)
    table.allow_only("name", "version", "language", "unless_before", "unless_before_words", "phrases", "rules")
    name, version, language = table.text("name"), table.text("version"), table.text("language")
    units = units_of(language)
    unless_before = _guards(table, units, frozenset())
    window = table.whole_number("unless_before_words", GUARD_WINDOW_WORDS, at_least=1, at_most=20)
    given = table.tables("phrases")
    if len(given) > MAX_PHRASES:
        table.refuse("phrases", f"holds more than {MAX_PHRASES} phrases", "split the pack")
    phrases = tuple(_phrase(one, units, unless_before, window) for one in given)
    known = {phrase.name for phrase in phrases}
    return RulePack(name, version, language, phrases, tuple(_rule(one, known) for one in table.tables("rules")))


def _phrase(table: Table, units: Units, unless_before: frozenset[str], window: int) -> Phrase:
    table.allow_only("who", "any", "unless_before")
    patterns = table.texts("any")
    if len(patterns) > MAX_PATTERNS:
        table.refuse("any", f"holds more than {MAX_PATTERNS} patterns", "split the phrase")
    for pattern in patterns:
        _check_pattern(table, pattern, units)
    return Phrase(
        name=table.name,
        who=cast("Who", table.text("who", "caller", of=("caller", "agent", "both"))),
        patterns=patterns,
        units=units,
        unless_before=_guards(table, units, unless_before),
        guard_window=window,
    )


def _check_pattern(table: Table, pattern: str, units: Units) -> None:
    try:
        compile_pattern(pattern, units)
    except PatternError as error:
        shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
        mend = "mend the pattern; it is made of words, (one|another), [perhaps], begin* and ..."
        table.refuse("any", f'holds the pattern "{shown}": {error}', mend, near=pattern)


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


def _rule(table: Table, known: set[str]) -> Rule:
    table.allow_only(
        "level", "phrase", "phrases", "count", "within_s", "on_delay_s", "off_delay_s", "latch", "reason", "suggest"
    )
    rule = Rule(
        name=table.name,
        level=cast("Literal['attention', 'urgent']", table.text("level", of=("attention", "urgent"))),
        phrases=_phrase_names(table, known),
        count=table.whole_number("count", 1, at_least=1, at_most=MAX_COUNT),
        within_s=table.number("within_s", 0, at_least=0, at_most=MAX_DELAY_S),
        on_delay_s=table.number("on_delay_s", 0, at_least=0, at_most=MAX_DELAY_S),
        off_delay_s=table.number("off_delay_s", DEFAULT_OFF_DELAY_S, at_least=0, at_most=MAX_DELAY_S),
        latch=table.flag("latch", default=False),
        reason=table.text("reason", table.name.replace("_", " ").capitalize()),
        suggest=table.text("suggest", ""),
    )
    if rule.count > 1 and not rule.within_s:
        table.refuse("count", f"is {rule.count}, but no `within_s` says within what time", "add `within_s = 60`")
    if rule.on_delay_s > rule.within_s:
        mend = f"add `within_s = {rule.on_delay_s:g}` or more: so long does a phrase count after it was said"
        table.refuse("on_delay_s", "is longer than `within_s`, so the alert would never come", mend)
    return rule


def _phrase_names(table: Table, known: set[str]) -> tuple[str, ...]:
    if table.has("phrase") == table.has("phrases"):
        what = "has both `phrase` and `phrases`" if table.has("phrase") else "names no phrase"
        table.refuse("", what, 'write `phrase = "name"` or `phrases = ["name", "other"]`')
    key = "phrase" if table.has("phrase") else "phrases"
    names = (table.text("phrase"),) if key == "phrase" else table.texts("phrases")
    for name in names:
        if name not in known:
            table.refuse(key, f'names "{name}", which is no phrase of this file', _known_phrases(known), near=name)
    return names


def _known_phrases(known: set[str]) -> str:
    return f"add [phrases.NAME], or use one of: {', '.join(sorted(known))}" if known else "add [phrases.NAME]"
