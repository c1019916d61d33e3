import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.patterns import MAX_PATTERN_STATES, PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "no word that must be said"),
        ("   ", "no word that must be said"),
        ("[right] [now]", "no word that must be said"),
        ("... cancel", "needs a word that must be said before it and after it"),
        ("[please] ... cancel", "needs a word that must be said before it and after it"),
        ("cancel ...", "needs a word that must be said before it and after it"),
        ("cancel ... [now]", "needs a word that must be said before it and after it"),
        ("speak to (supervisor", "`(` is never closed by `)`"),
        ("speak to [your", "`[` is never closed by `]`"),
        ("speak to supervisor)", "`)` stands outside a group"),
        ("speak | talk", "`|` stands outside a group"),
        ("(a|(b|c))", "inside another group"),
        ("(a|[b])", "inside another group"),
        ("(a|)", "an alternative is empty"),
        ("()", "an alternative is empty"),
        ("can*cel", "only at the end of a word"),
        ("want cancel...now", "between words"),
        ("(want ... cancel)", "between words"),
        ("*", "needs the beginning of a word"),
        ("cancel !", "`!` holds no word"),
        ("a" * 2001, "longer than 2000 characters"),
    ],
)
def test_a_bad_pattern_is_refused_and_says_why(pattern: str, why: str) -> None:
    with pytest.raises(PatternError) as error:
        compile_pattern(pattern)
    assert why in str(error.value)


def test_the_automaton_has_one_state_for_each_word_of_the_pattern() -> None:
    automaton = compile_pattern("speak to [your] (supervisor|team leader)")
    assert [state.text for state in automaton.states] == ["speak", "to", "your", "supervisor", "team", "leader"]
    assert automaton.first == {0}
    assert automaton.last == {3, 5}


def test_many_optional_words_do_not_multiply() -> None:
    assert len(compile_pattern("a " + "[b|c] " * 40 + "d").states) == 82


def test_a_pattern_of_too_many_words_is_refused() -> None:
    with pytest.raises(PatternError, match=f"more than {MAX_PATTERN_STATES}"):
        compile_pattern("a " + "be~ " * 60)


@given(st.text(alphabet="ab*.()[]| '-\u2026", max_size=60))
def test_any_text_compiles_or_is_refused(pattern: str) -> None:
    with contextlib.suppress(PatternError):
        automaton = compile_pattern(pattern)
        assert automaton.first
        assert automaton.last
        assert all(state.gap or state.text for state in automaton.states)
