"""What stands where a secret was: enough to understand the conversation, nothing to misuse.

[7 digits]  [card 16 digits]  [code 3 digits]  [email]  [date of birth]  [name]
"""

import re
from typing import Final, Literal

DigitsKind = Literal["", "card", "code"]
"""What digits were, as far as that is known."""

EMAIL_MARK: Final = "[email]"
BIRTH_MARK: Final = "[date of birth]"
NAME_MARK: Final = "[name]"

_MARK: Final = re.compile(r"\[(?:(?:card |code )?\d+ digits?|email|date of birth|name)\]")


def digits_mark(count: int, kind: DigitsKind = "") -> str:
    """Give the mark that stands for a run of `count` digits."""
    return f"[{kind + ' ' if kind else ''}{count} digit{'s' if count != 1 else ''}]"


def is_redacted(text: str) -> bool:
    """Say whether a word's text is one of the marks that redaction leaves."""
    return text.startswith("[") and _MARK.fullmatch(text) is not None
