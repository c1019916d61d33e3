"""Which digits in an utterance belong to one number that is read out, and which of them must not be kept.

five five five five, no sorry, five five five six        one reading of two runs
it is four four                                          half a number, or all of it: the utterance ends
eleven thirty                                            a time, unless a number was asked for
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from appliance.language.digit_words import FILLER, pieces
from appliance.language.marks import DigitsKind, digits_mark
from appliance.language.normalise import token_texts
from appliance.language.prompts import Asked
from appliance.language.spoken_digits import (
    CORRECTS,
    LEADS_IN,
    LINKS,
    MIN_SECRET_DIGITS,
    UNITS,
    DigitRun,
    digit_runs,
    digits_may_begin,
)

MIN_ASKED_DIGITS: Final = 3
"""Where a number was asked for, so many are a part of one."""

CARD_DIGITS: Final = range(13, 20)
"""Of payment cards, ISO/IEC 7812."""

CODE_DIGITS: Final = range(3, 5)
"""Of the code on a card."""

_LONE: Final = frozenset(["oh", "o"])
_CORRECTS: Final = CORRECTS | _LONE
_LINKS: Final = LINKS | _LONE
_LEADS_IN: Final = LEADS_IN | _LONE
_COUNTED: Final = UNITS | frozenset(
    ["moment", "second", "minute", "sec", "more", "thing", "time", "times", "of", "other", "day", "hour", "week"]
)
_NUMBERS: Final[tuple[Asked, ...]] = ("number", "card")


@dataclass(frozen=True, slots=True)
class Readings:
    """What digits do in one utterance.

    `marks`: first and last word of each run that must go, and its mark. `held_from`: the word from which on digits may
    become a secret if more words follow, or how many words there are. `goes_on`: digits were hidden, and the utterance
    ends in them. `gave_code`: as many as a code has were hidden.
    """

    marks: tuple[tuple[int, int, str], ...]
    held_from: int
    goes_on: bool
    gave_code: bool


def find_readings(texts: Sequence[str], active: Mapping[Asked, int], *, continues: bool, partial: bool) -> Readings:
    """Find what is read out in an utterance.

    `active`: what was asked for, and after which word. `continues`: the same voice was reading digits just before.
    """
    wanted = continues or any(kind in active for kind in (*_NUMBERS, "code"))
    chains = _chains(texts, digit_runs(texts, eager=wanted), eager=wanted)
    marks: list[tuple[int, int, str]] = []
    open_from, hidden_last, gave_code = len(texts), False, False
    for number, runs in enumerate(chains):
        is_open = number == len(chains) - 1 and _is_open(texts, runs[-1])
        begins = continues and _only(texts[: runs[0].first], _LEADS_IN | _CORRECTS)
        chain = _Chain.of(runs, continues=begins, is_open=is_open)
        hide = [run for run in runs if _must_go(texts, run, chain, active)]
        if is_open and not hide and not partial and _is_bare(texts, chain, active):
            hide = list(runs)
        kind = _kind(chain, active)
        marks += [(run.first, run.last, digits_mark(run.count, kind)) for run in hide]
        gave_code = gave_code or sum(run.count for run in hide) >= CODE_DIGITS[0]
        if is_open:
            open_from, hidden_last = runs[0].reach, bool(hide)
    goes_on = hidden_last or (continues and _only(texts, _CORRECTS | _LINKS))
    return Readings(tuple(marks), min(open_from, digits_may_begin(texts)), goes_on, gave_code)


def passes_luhn(digits: str) -> bool:
    """Say whether the last digit checks the others, as on payment cards (ISO/IEC 7812, annex B)."""
    doubled = [int(char) * (1 + place % 2) for place, char in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


@dataclass(frozen=True, slots=True)
class _Chain:
    """One reading: runs between which somebody only corrects himself or says yes."""

    runs: tuple[DigitRun, ...]
    digits: str
    is_quantity: bool
    continues: bool
    is_open: bool

    @classmethod
    def of(cls, runs: Sequence[DigitRun], *, continues: bool, is_open: bool) -> "_Chain":
        digits = "".join(run.digits for run in runs)
        return cls(tuple(runs), digits, all(run.is_quantity for run in runs), continues, is_open)


def _chains(texts: Sequence[str], runs: Sequence[DigitRun], *, eager: bool) -> list[list[DigitRun]]:
    chains: list[list[DigitRun]] = []
    for run in runs:
        if chains and _is_linked(texts, chains[-1][-1], run, eager=eager):
            chains[-1].append(run)
        else:
            chains.append([run])
    return chains


def _is_linked(texts: Sequence[str], one: DigitRun, two: DigitRun, *, eager: bool) -> bool:
    between = texts[one.last + 1 : two.first]
    if not _only(between, _CORRECTS | _LINKS) or one.is_measured:
        return False
    return eager or _only(between, _CORRECTS) or max(one.count, two.count) >= MIN_ASKED_DIGITS


def _only(texts: Sequence[str], of: AbstractSet[str]) -> bool:
    """Say whether there are only these words, and such as a run of digits goes over anyhow."""
    return all(pieces(text) == (FILLER,) or all(token in of for token in token_texts(text)) for text in texts)


def _is_open(texts: Sequence[str], run: DigitRun) -> bool:
    after = texts[run.last + 1 : digits_may_begin(texts)]
    return _only(after, _CORRECTS | _LINKS) and not run.is_measured


def _must_go(texts: Sequence[str], run: DigitRun, chain: _Chain, active: Mapping[Asked, int]) -> bool:
    """Say whether a run of a reading must not be kept."""
    wanted = any(kind in active and run.first > active[kind] for kind in (*_NUMBERS, "code"))
    if run.is_measured:
        return False
    if len(chain.digits) >= MIN_SECRET_DIGITS and (wanted or not chain.is_quantity):
        return True
    if not (wanted or chain.continues) or _is_counted(texts, run):
        return False
    coded = "code" in active and run.first > active["code"]
    return coded or chain.is_open or chain.continues or len(chain.digits) >= MIN_ASKED_DIGITS


def _is_counted(texts: Sequence[str], run: DigitRun) -> bool:
    """Tell "one moment" and "two days"."""
    following = token_texts(texts[run.last + 1])[:1] if run.last + 1 < len(texts) else ()
    return run.count <= 2 and bool(following) and following[0] in _COUNTED


def _is_bare(texts: Sequence[str], chain: _Chain, active: Mapping[Asked, int]) -> bool:
    """Say whether nothing but digits was said, so that they may be a part of a number that is read in small groups."""
    return "quantity" not in active and _only(texts[: chain.runs[0].first], _LEADS_IN | _CORRECTS)


def _kind(chain: _Chain, active: Mapping[Asked, int]) -> DigitsKind:
    asked = {kind for kind, word in active.items() if chain.runs[0].first > word}
    count = len(chain.digits)
    if count in CARD_DIGITS and (passes_luhn(chain.digits) or "card" in asked):
        return "card"
    if "code" in asked and count <= CODE_DIGITS[-1]:
        return "code"
    return "card" if "card" in asked and count >= MIN_SECRET_DIGITS else ""
