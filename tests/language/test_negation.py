import pytest

from appliance.events import Word
from appliance.language.negation import is_negated
from appliance.language.normalise import tokens

NOT = frozenset({"not", "never"})


@pytest.mark.parametrize(
    ("before", "negated"),
    [
        ("I do not want to", True),
        ("I don't really want to", True),
        ("I do not think I want to", True),
        ("I never said that I want to", True),
        ("I am not happy and", False),
        ("I am not happy I want to", False),
        ("That's not it. I want to", False),
        ("can I not", True),
        ("why don't you", False),
        ("I want to", False),
        ("", False),
    ],
)
def test_a_negation_reaches_as_far_as_its_clause(before: str, negated: bool) -> None:
    words = [Word(text, 0, 1) for text in [*before.split(), "cancel"]]
    found = tokens(words)
    assert is_negated(found, len(found) - 1, NOT, 6) == negated
