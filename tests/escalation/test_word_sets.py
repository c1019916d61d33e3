"""Lists of words that a rule pack names once and uses in many patterns."""

import pytest

from appliance.errors import BadInputError
from appliance.escalation.rules import parse_rules
from tests.language.tables import spoken

PACK = """name = "test"
version = "1"
language = "en"

[words]
boss = ["supervisor", "team leader"]

[phrases.boss]
any = ["speak to your ({boss}|owner)", "{boss} now"]

[rules.boss]
level = "urgent"
phrase = "boss"
"""


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("let me speak to your team leader", True),
        ("let me speak to your owner", True),
        ("supervisor now", True),
        ("let me speak to your wife", False),
        ("now", False),
    ],
)
def test_the_name_of_a_set_stands_for_each_of_its_words(text: str, is_found: bool) -> None:
    assert bool(parse_rules(PACK, "p").index.find("caller", spoken(text))) is is_found


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "mend"),
    [
        ("{boss} now", "{bos} now", 9, "the unknown set `{bos}`", "take one of: boss"),
        ('"team leader"]', '"team (leader"]', 6, '`words.boss` holds "team (leader"', "plain words"),
        ('["supervisor", "team leader"]', "[]", 6, "`words.boss` is empty", "at least one"),
        ('["supervisor", "team leader"]', '"supervisor"', 6, '`words.boss` is "supervisor"', "a list of texts"),
        ("{boss} now", "{boss now", 9, "the pattern", "mend the pattern"),
    ],
)
def test_a_mistake_in_a_set_is_named_with_its_line_and_its_mend(
    old: str, new: str, line: int, what: str, mend: str
) -> None:
    with pytest.raises(BadInputError) as error:
        parse_rules(PACK.replace(old, new), "p.toml")
    told = f"{error.value} {error.value.mend}"
    assert f"p.toml, line {line}" in told
    assert what in told
    assert mend in told


def test_a_set_may_be_as_long_as_a_pattern_may_be_and_no_longer() -> None:
    words = ", ".join(f'"word{number}"' for number in range(500))
    with pytest.raises(BadInputError, match=r"longer than|more than 400 words"):
        parse_rules(PACK.replace('"supervisor", "team leader"', words), "p")
