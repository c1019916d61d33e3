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
    all = [{ cue = "stress", at_least = 0.7, deadband = 0.1, for_s = 2 }]   # and every one of these
    any = [{ phrase = "a", within_s = 20 }, { cue = "tier", of = ["gold"] }] # and one of these at least
    on_delay_s = 0                          # the condition must have held so long before the alert
    off_delay_s = 30                        # and must have been gone so long before the alert goes
    latch = true                            # and the alert stays until a person has acknowledged it
    min_repeat_s = 30                       # the soonest that the rule raises again; default: its off-delay
    snooze_s = 0                            # for how long a person may put the alert off; 0: not at all
    reason = "Asks for a supervisor"
    suggest = "Offer the supervisor yourself; say how long it takes."
    call_for = "the supervisor on duty"     # whom to call

A rule needs a phrase, `all` or `any`; what conditions look like is told in `conditions.py`. One with both levels has a
table for each, which takes what it leaves out from the rule:

    [rules.upset]
    reason = "Sounds upset"
    attention.all = [{ cue = "stress", at_least = 0.6, for_s = 4 }]
    urgent.all = [{ cue = "stress", at_least = 0.8, for_s = 2 }]

The keys of a phrase are in `phrase_tables.py`; how patterns are written is said in `appliance/language/patterns.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, cast

from appliance.escalation.conditions import (
    MAX_DELAY_S,
    Condition,
    Measured,
    Said,
    check_agreement,
    conditions,
    said,
)
from appliance.escalation.phrase_tables import read_phrases
from appliance.language.normalise import units_of
from appliance.language.phrases import Phrase, PhraseIndex
from appliance.toml_table import Table, read_table

MAX_RULES: Final = 200
"""With the limits of a pattern these bound the work for one utterance."""

DEFAULT_OFF_DELAY_S: Final = 30.0
"""Long enough to be seen from across a desk."""

MAX_SNOOZE_S: Final = 600.0
"""Who does not want to hear of it for longer means to acknowledge it."""

LEVELS: Final = ("attention", "urgent")

RULE_KEYS: Final = (
    *("level", "phrase", "phrases", "count", "within_s", "all", "any", "on_delay_s"),
    *("off_delay_s", "latch", "min_repeat_s", "snooze_s", "reason", "suggest", "call_for"),
)


@dataclass(frozen=True)
class Rule:
    """Which conditions raise which alert, and how it comes and goes; the module's head says what each field does."""

    name: str
    level: Literal["attention", "urgent"]
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    on_delay_s: float = 0.0
    off_delay_s: float = DEFAULT_OFF_DELAY_S
    latch: bool = False
    min_repeat_s: float = 0.0
    snooze_s: float = 0.0
    reason: str = ""
    suggest: str = ""
    call_for: str = ""

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every phrase that the rule names."""
        named = (one.phrases for one in (*self.all, *self.any) if isinstance(one, Said))
        return tuple(dict.fromkeys(phrase for phrases in named for phrase in phrases))


@dataclass(frozen=True)
class RulePack:
    """One file of rules, checked."""

    name: str
    version: str
    language: str
    phrases: tuple[Phrase, ...]
    rules: tuple[Rule, ...]

    @cached_property
    def index(self) -> PhraseIndex:
        """The phrases, ready to be found; made at the first use, which takes a while."""
        return PhraseIndex(self.phrases)

    @cached_property
    def urgent_phrases(self) -> frozenset[str]:
        """The phrases that may raise an urgent alert."""
        return frozenset(phrase for rule in self.rules if rule.level == "urgent" for phrase in rule.phrases)


def parse_rules(text: str | bytes, source: str) -> RulePack:
    """Read a rule pack from the text of a TOML file; `source` names the file in errors.

    Raises `BadInputError` with file, line, key and mend for anything that is not as the module's head says.
    """
    table = read_table(text, source)
    table.allow_only("name", "version", "language", "unless_before", "unless_before_words", "words", "phrases", "rules")
    name, version, language = table.text("name"), table.text("version"), table.text("language")
    units = units_of(language)
    phrases = read_phrases(table, units)
    known = {phrase.name for phrase in phrases}
    rules = table.tables("rules")
    if len(rules) > MAX_RULES:
        table.refuse("rules", f"holds more than {MAX_RULES} rules", "split the pack")
    return RulePack(name, version, language, phrases, tuple(rule for one in rules for rule in _rules(one, known)))


def _rules(table: Table, known: Collection[str]) -> list[Rule]:
    """Give the rule of a table, or the two of one that has both levels."""
    table.allow_only(*RULE_KEYS, *LEVELS)
    levels = [level for level in LEVELS if table.has(level)]
    if not levels:
        return [_rule(table, table.name, table.text("level", of=LEVELS), known)]
    if table.has("level"):
        table.refuse("level", f"is given, and `{levels[0]}` as well", "leave `level` out")
    base = table.without(*LEVELS)
    found = [_rule(table.table(level).over(base), table.name, level, known) for level in levels]
    if len(found) == len(LEVELS):
        _check_levels(table, found[0], found[1])
    return found


def _rule(table: Table, name: str, level: str, known: Collection[str]) -> Rule:
    table.allow_only(*RULE_KEYS)
    off_delay_s = table.number("off_delay_s", DEFAULT_OFF_DELAY_S, at_least=0, at_most=MAX_DELAY_S)
    rule = Rule(
        name=name,
        level=cast("Literal['attention', 'urgent']", level),
        all=(*_said(table, known), *conditions(table, "all", known)),
        any=conditions(table, "any", known),
        on_delay_s=table.number("on_delay_s", 0, at_least=0, at_most=MAX_DELAY_S),
        off_delay_s=off_delay_s,
        latch=table.flag("latch", default=False),
        min_repeat_s=table.number("min_repeat_s", off_delay_s, at_least=0, at_most=MAX_DELAY_S),
        snooze_s=table.number("snooze_s", 0, at_least=0, at_most=MAX_SNOOZE_S),
        reason=table.text("reason", name.replace("_", " ").capitalize()),
        suggest=table.text("suggest", ""),
        call_for=table.text("call_for", ""),
    )
    _check(table, rule)
    return rule


def _said(table: Table, known: Collection[str]) -> tuple[Said, ...]:
    """Give the condition on phrases that stands in the rule itself."""
    if table.has("phrase") or table.has("phrases"):
        return (said(table, known),)
    if not (table.has("all") or table.has("any")):
        mend = 'write `phrase = "name"`, `phrases = ["name", "other"]`, or conditions in `all = [...]` or `any = [...]`'
        table.refuse("", "names no phrase and no condition", mend)
    for key in ("count", "within_s"):
        if table.has(key):
            table.refuse(key, "is given, but no phrase", "write it into the condition that it belongs to")
    return ()


def _check(table: Table, rule: Rule) -> None:
    """Refuse conditions that can never hold together, or never for so long."""
    check_agreement(table, "all", rule.all)
    phrases = [one for one in (*rule.all, *rule.any) if isinstance(one, Said)]
    for one in phrases:
        if rule.on_delay_s > one.within_s:
            mend = f"add `within_s = {rule.on_delay_s:g}` or more: so long does a phrase count after it was said"
            table.refuse("on_delay_s", "is longer than `within_s`, so the alert would never come", mend)
    together = len(rule.all) + bool(rule.any)
    if together > 1 and any(not one.within_s for one in phrases):
        what = "needs a phrase and something else at the same moment, and a phrase is over as soon as it is said"
        table.refuse("", what, "add `within_s = 20` to the phrase: so long does it count")


def _check_levels(table: Table, attention: Rule, urgent: Rule) -> None:
    """Refuse thresholds by which the urgent level would come before the other one."""
    for low, high in _same_cue(attention.all, urgent.all):
        lower = low.at_least is not None and high.at_least is not None and high.at_least < low.at_least
        higher = low.at_most is not None and high.at_most is not None and high.at_most > low.at_most
        if lower or higher:
            what = f"has a threshold for `{high.cue}` that is passed before the one of `attention`"
            table.refuse("urgent", what, "exchange the two thresholds", near=high.cue)


def _same_cue(some: Sequence[Condition], others: Sequence[Condition]) -> list[tuple[Measured, Measured]]:
    measured = [[one for one in each if isinstance(one, Measured)] for each in (some, others)]
    return [
        (one, other) for one in measured[0] for other in measured[1] if (one.cue, one.who) == (other.cue, other.who)
    ]
