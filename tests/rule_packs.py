"""The text of small rule packs."""

LAWYER = """\
[phrases.lawyer]
any = ["my lawyer"]

[rules.legal]
level = "urgent"
phrase = "lawyer"
"""
"""One phrase and one rule; more lines go on with the rule."""


def pack(content: str = LAWYER, *, name: str = "test", version: str = "1", language: str = "en") -> str:
    """Give the text of a pack; its content begins in line 5."""
    return f'name = "{name}"\nversion = "{version}"\nlanguage = "{language}"\n\n{content}'
