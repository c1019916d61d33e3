"""`undertone rules`: tools for those who write rule packs."""

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from appliance.adapters.rule_file import load_rules
from appliance.cli.replay import add_speech_arguments
from appliance.cli.rules_try import try_rules
from appliance.errors import BadInputError
from appliance.escalation.conditions import Condition, Measured, OneOf, Said
from appliance.escalation.cues import CUES, TEXT_CUES
from appliance.escalation.measured import wanted
from appliance.escalation.rules import Rule, RulePack
from appliance.language.phrases import Phrase

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_BAD_INPUT: Final = 2

SHOWN_WAYS: Final = 3
"""Of a phrase, as examples; the file has them all."""

LEXICONS: Final = ("en", "ko")
"""Languages of which `appliance/language/sentiment.py` knows the sentiment."""

EPILOG = """examples:
  undertone rules check my.toml                    read it, or say the line and the mend
  undertone rules try my.toml --call call.wav      what would have fired, when and why, and what nearly did
  undertone rules explain wants_supervisor         a rule of the shipped pack in words
  undertone rules explain furious --rules my.toml  one of your own

How packs are written is told in appliance/escalation/README.md and at the head of appliance/escalation/rules.py.
exit codes: 0 done; 2 bad input (check: a file that cannot be used)"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "rules",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="read packs, or say what is wrong on which line and how to mend it",
        description="Reads each pack as the device would. Notes are no errors: what looks like a mistake, and is not.",
    )
    check.add_argument("file", type=Path, nargs="+", metavar="FILE.toml")
    check.add_argument("--json", action="store_true", help="one JSON object per file")
    check.set_defaults(run=_check)
    trial = actions.add_parser(
        "try",
        help="run a recorded call against a pack: what fires, when, why, and what nearly does",
        description="Runs the recording through the whole pipeline, as `undertone replay` does.",
    )
    trial.add_argument("file", type=Path, metavar="FILE.toml")
    trial.add_argument("--call", type=Path, required=True, metavar="FILE.wav", help="left agent, right caller")
    trial.add_argument("--json", action="store_true", help="one JSON object")
    add_speech_arguments(trial)
    trial.set_defaults(run=_try)
    explain = actions.add_parser(
        "explain",
        help="say in words what a rule or a phrase waits for",
        description="Without --rules, of the pack that ships for the language.",
    )
    explain.add_argument("name", metavar="NAME", help="of a rule, a phrase or a cue")
    explain.add_argument("--rules", type=Path, metavar="FILE.toml", help="the pack; default: the shipped one")
    explain.add_argument("--language", default="en", help="whose shipped pack; default: en")
    explain.add_argument("--json", action="store_true", help="one JSON object")
    explain.set_defaults(run=_explain)


def _check(arguments: argparse.Namespace) -> int:
    code = 0
    for file in arguments.file:
        try:
            pack = load_rules(file, "")
        except BadInputError as error:
            code = EXIT_BAD_INPUT
            _tell_refused(file, error, as_json=arguments.json)
        else:
            _tell_read(file, pack, as_json=arguments.json)
    return code


def _tell_refused(file: Path, error: BadInputError, *, as_json: bool) -> None:
    if as_json:
        told = {"file": str(file), "ok": False, "error": error.what, "where": error.where, "mend": error.mend}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"undertone: {error}\n  mend: {error.mend}\n")


def _tell_read(file: Path, pack: RulePack, *, as_json: bool) -> None:
    names = [f"{rule.name} ({rule.level})" for rule in pack.rules]
    found = notes(pack)
    if as_json:
        told = {"file": str(file), "ok": True, "name": pack.name, "version": pack.version, "language": pack.language}
        told |= {"phrases": [phrase.name for phrase in pack.phrases], "rules": names, "notes": found}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    counts = f"{len(pack.rules)} rules, {len(pack.phrases)} phrases"
    sys.stdout.write(f"{file}: good; {pack.name} {pack.version} ({pack.language}), {counts}\n")
    for note in found:
        sys.stdout.write(f"  note: {note}\n")


def notes(pack: RulePack) -> list[str]:
    """Give what the device accepts, and whoever wrote it may not have meant."""
    used = {name for rule in pack.rules for name in rule.phrases}
    unused = [phrase.name for phrase in pack.phrases if phrase.name not in used]
    return [
        *(f"no rule uses the phrase {name}; it is told as an event and raises nothing" for name in unused),
        *(note for rule in pack.rules for one in (*rule.all, *rule.any) for note in _notes_of(pack, rule, one)),
    ]


def _notes_of(pack: RulePack, rule: Rule, one: Condition) -> Iterator[str]:
    if not isinstance(one, Measured):
        return
    if one.who == "agent" and CUES[one.cue].channel in ("voice", "words"):
        yield f"{rule.name} judges the agent's {one.cue}, which is not measured unless `[privacy] feelings` says so"
    if one.cue.startswith("sentiment") and pack.language.partition("-")[0] not in LEXICONS:
        yield f"{rule.name} judges {one.cue}, which is not known in the language {pack.language!r}"


def _try(arguments: argparse.Namespace) -> int:
    return try_rules(arguments.file, arguments.call, arguments.language, arguments.engine, as_json=arguments.json)


def _explain(arguments: argparse.Namespace) -> int:
    pack = load_rules(arguments.rules, arguments.language)
    found: list[dict[str, Any]] = [
        *({"rule": rule.name, "text": of_rule(rule, pack)} for rule in pack.rules if rule.name == arguments.name),
        *({"phrase": each.name, "text": of_phrase(each)} for each in pack.phrases if each.name == arguments.name),
        *({"cue": name, "text": text} for name, text in _cues() if name == arguments.name),
    ]
    if not found:
        _refuse_unknown(arguments.name, pack)
    if arguments.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n\n".join("\n".join(each["text"]) for each in found) + "\n")
    return 0


def _refuse_unknown(name: str, pack: RulePack) -> None:
    known = [*(rule.name for rule in pack.rules), *(phrase.name for phrase in pack.phrases), *CUES, *TEXT_CUES]
    like = difflib.get_close_matches(name, known, 1)
    rules = ", ".join(dict.fromkeys(rule.name for rule in pack.rules))
    mend = f"did you mean {like[0]}?" if like else f"rules there: {rules or 'none'}"
    raise BadInputError(f"{pack.name} has no rule, phrase or cue {name!r}", mend=mend)


def of_rule(rule: Rule, pack: RulePack) -> list[str]:
    """Say in words what a rule waits for and what becomes of its alert."""
    lines = [f"{rule.name} ({rule.level}): {rule.reason}"]
    lines += _group("raised when" if len(rule.all) < 2 else "raised when all of this holds:", rule.all, pack)
    lines += _group("and one of:" if rule.all else "raised when one of this holds:", rule.any, pack)
    if rule.on_delay_s:
        lines.append(f"  and it has held for {rule.on_delay_s:g} s")
    seen = ", and a person has acknowledged it" if rule.latch else ""
    lines.append(f"  cleared {rule.off_delay_s:g} s after that is gone{seen}")
    lines.append(f"  raised again after {rule.min_repeat_s:g} s at the soonest")
    if rule.snooze_s:
        lines.append(f"  may be snoozed for {rule.snooze_s:g} s")
    for word, text in (("the agent is told", rule.suggest), ("call", rule.call_for)):
        lines += [f"  {word}: {text}"] if text else []
    return lines


def of_phrase(phrase: Phrase) -> list[str]:
    """Say in words who says what."""
    return [f"{phrase.name}: said by {_speaker(phrase)}", *(f"  {pattern}" for pattern in phrase.patterns)]


def _group(head: str, conditions: Sequence[Condition], pack: RulePack) -> list[str]:
    return [f"  {head}", *(f"    {_words(one, pack)}" for one in conditions)] if conditions else []


def _words(one: Condition, pack: RulePack) -> str:
    match one:
        case Said():
            return " or ".join(_said(phrase) for phrase in pack.phrases if phrase.name in one.phrases) + _often(one)
        case Measured():
            whose = "" if one.who == "both" else f" of the {one.who}"
            ends = f", until it is {one.deadband:g} back" if one.deadband else ""
            return f"{one.cue}{whose} ({CUES[one.cue].meaning}) is {wanted(one)}{ends}"
        case OneOf():
            return f"{one.cue} ({TEXT_CUES[one.cue]}) is {wanted(one)}"


def _said(phrase: Phrase) -> str:
    ways = ", ".join(f'"{pattern}"' for pattern in phrase.patterns[:SHOWN_WAYS])
    more = f", and {len(phrase.patterns) - SHOWN_WAYS} more ways" if len(phrase.patterns) > SHOWN_WAYS else ""
    return f"{_speaker(phrase)} says {phrase.name}: {ways}{more}"


def _often(one: Said) -> str:
    often = f", {one.count} times" if one.count > 1 else ""
    return f"{often}; it counts for {one.within_s:g} s" if one.within_s else often


def _speaker(phrase: Phrase) -> str:
    return "either side" if phrase.who == "both" else f"the {phrase.who}"


def _cues() -> Iterator[tuple[str, list[str]]]:
    for name, cue in CUES.items():
        yield name, [f"{name}: {cue.meaning}; {cue.low:g} to {cue.high:g}{cue.unit}"]
    for name, meaning in TEXT_CUES.items():
        yield name, [f"{name}: {meaning}"]
