import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import Word
from appliance.language.matching import Heard, longest_match
from appliance.language.normalise import Units, tokens
from appliance.language.patterns import Automaton
from appliance.language.phrases import Match, Phrase, PhraseIndex

from .steps import calls
from .tables import shipped_index


def spoken(text: str) -> list[Word]:
    return [Word(word, 100 * index, 100 * index + 90) for index, word in enumerate(text.split())]


def heard(pattern: str, text: str, *, units: Units = "words", unless: str = "") -> list[str]:
    phrase = Phrase("p", "caller", (pattern,), units, frozenset(unless.split()))
    return [match.text for match in PhraseIndex([phrase]).find("caller", spoken(text))]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("my lawyer", "I will call my lawyer!", ["my lawyer!"]),
        ("my lawyer", "my new lawyer", []),
        ("my [new] lawyer", "my new lawyer and my lawyer", ["my new lawyer", "my lawyer"]),
        ("speak to (supervisor|team leader)", "speak to team leader", ["speak to team leader"]),
        ("cancel*", "Cancelling, cancelled, cancer", ["Cancelling,", "cancelled,"]),
        ("want ... cancel", "want cancel", ["want cancel"]),
        ("want ... cancel", "want to just really cancel", ["want to just really cancel"]),
        ("want ... cancel", "want to go and then to cancel", ["want to go and then to cancel"]),
        ("want ... cancel", "want to go away and then to cancel", []),
        ("want ... cancel", "want one. Cancel", ["want one. Cancel"]),
        ("want ... cancel", "want one. To cancel", []),
        ("my lawyer", "my my just really lawyer", ["my my just really lawyer"]),
        ("call~ me", "he called me and calls me", ["called me", "calls me"]),
        ("(speak~|talk~) to", "I spoke to him, talking to her", ["spoke to", "talking to"]),
        ("i am leaving", "I'm leaving", ["I'm leaving"]),
        ("can't wait", "I cannot wait", ["cannot wait"]),
        ("a [b] c", "a b a b c", ["a b c"]),
        ("go [right there]", "go right there go", ["go right there", "go"]),
        ("good bye", "Good-bye. goodbye", ["Good-bye.", "goodbye"]),
    ],
)
def test_the_pattern_language(pattern: str, text: str, found: list[str]) -> None:
    assert heard(pattern, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I want to cancel", ["want to cancel"]),
        ("I do not want to cancel", []),
        ("I don't want to cancel", []),
        ("I don't really want to cancel", []),
        ("I do not want to wait any more I want to cancel", ["want to cancel"]),
        ("That's not it. Want to cancel.", ["Want to cancel."]),
        ("I want it not to cancel", []),
    ],
)
def test_a_negation_before_a_phrase_or_in_its_gap_takes_it_away(text: str, found: list[str]) -> None:
    assert heard("want ... to cancel", text, unless="not never") == found


def test_what_a_negation_took_away_is_passed_over_as_a_whole() -> None:
    phrase = Phrase("p", "caller", ("want to cancel my account", "cancel my account"), "words", frozenset({"not"}))
    assert PhraseIndex([phrase]).find("caller", spoken("I do not really want to cancel my account")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("계약을 해지하겠습니다!", ["해지하겠습니다!"]),
        ("계약을 해 지 하겠 습니다", ["해 지 하겠"]),
        ("케이 가 헤지 하겠습니다", ["헤지 하겠습니다"]),
        ("해지하지 않겠습니다", []),
    ],
)
def test_korean_is_found_whatever_the_spaces(text: str, found: list[str]) -> None:
    assert heard("(해지|헤지) 하겠", text, units="syllables") == found


def test_a_match_tells_its_words_and_their_time() -> None:
    phrase = Phrase("legal", "caller", ("my lawyer",))
    reason = 'found by "my lawyer"'
    assert PhraseIndex([phrase]).find("caller", spoken("call my lawyer now")) == [
        Match("legal", "my lawyer", 1, 2, 100, 290, 1.0, reason)
    ]


@pytest.mark.parametrize(("who", "count"), [("caller", 1), ("agent", 0), ("both", 1)])
def test_only_the_speaker_of_the_phrase_counts(who: str, count: int) -> None:
    phrase = Phrase("p", who, ("hello",))  # type: ignore[arg-type] # a table of texts
    assert len(PhraseIndex([phrase]).find("caller", spoken("hello"))) == count


def test_matches_of_several_phrases_come_in_the_order_of_speaking() -> None:
    phrases = [Phrase("b", "caller", ("two",)), Phrase("a", "caller", ("one",))]
    assert [match.phrase for match in PhraseIndex(phrases).find("caller", spoken("one two one"))] == ["a", "b", "a"]


def test_what_was_redacted_is_never_part_of_a_match() -> None:
    words = [Word("number", 0, 1), Word("[16 digits]", 2, 3), Word("digits", 4, 5)]
    phrase = Phrase("p", "caller", ("number 16", "number digits"))
    assert PhraseIndex([phrase]).find("caller", words) == []


VOCABULARY = st.lists(st.sampled_from(["want", "to", "cancel", "not", "my", "account", "um"]), max_size=40)
CANCEL = Phrase(
    "p", "caller", ("(want|going) ... cancel* [my account]", "cancel my account"), "words", frozenset({"not"})
)


@given(VOCABULARY, st.data())
def test_case_and_punctuation_change_nothing(texts: list[str], data: st.DataObject) -> None:
    dressed = [
        getattr(text, data.draw(st.sampled_from(["lower", "upper", "title"])))()
        + data.draw(st.sampled_from(["", ",", " -"]))
        for text in texts
    ]
    plain, other = ([Word(text, 0, 0) for text in version] for version in (texts, dressed))
    places = [
        [(m.first_word, m.last_word) for m in PhraseIndex([CANCEL]).find("caller", words)] for words in (plain, other)
    ]
    assert places[0] == places[1]


@given(st.lists(st.text(max_size=8), max_size=30))
def test_any_words_give_ordered_matches_that_do_not_overlap(texts: list[str]) -> None:
    words = [Word(text, index, index + 1) for index, text in enumerate(texts)]
    for phrase in (CANCEL, Phrase("s", "both", ("(a|b) ... c",), "syllables")):
        found = PhraseIndex([phrase]).find("caller", words)
        assert found == PhraseIndex([phrase]).find("caller", words)
        assert all(0 <= m.first_word <= m.last_word < len(words) for m in found)
        assert all(one.last_word <= two.first_word for one, two in itertools.pairwise(found))


def test_a_word_is_tried_as_itself_and_as_the_beginning_of_others() -> None:
    phrase = Phrase("p", "caller", ("cancel now", "canc* it", "stop"))
    assert [match.text for match in PhraseIndex([phrase]).find("caller", spoken("cancel it cancel now stop"))] == [
        "cancel it",
        "cancel now",
        "stop",
    ]


@pytest.mark.parametrize("text", ["a ", "a b ", "x a x ", "b "])
def test_the_cost_is_linear_in_the_words(text: str) -> None:
    """A backtracking matcher would take 2**30 steps and more here."""
    phrase = Phrase("p", "caller", ("a " + "[a] " * 30 + "... ... b", "a* ... c"))
    few, many = (calls(PhraseIndex([phrase]).find, "caller", spoken(text * times)) for times in (200, 400))
    assert many <= 2.1 * few


def test_a_word_that_sounds_alike_stands_for_another_and_counts_less() -> None:
    (match,) = PhraseIndex([Phrase("p", "caller", ("cancel my account",))]).find("caller", spoken("council my account"))
    assert match.confidence == 0.8
    assert match.reason == 'found by "cancel my account"; "council" stands for "cancel"'


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("speak to (supervisor|manager)", "speak to super visor", ["speak to super visor"]),
        ("the ombudsman", "the on buds man", []),
        ("the ombudsman", "the ombuds man", ["the ombuds man"]),
        ("my attorney", "my a tourney", ["my a tourney"]),
        ("cancel", "council", []),
        ("writing back", "reading back", []),
        ("cancel account manager", "council account manger", []),
    ],
)
def test_a_broken_word_is_mended_where_the_rest_is_exact(pattern: str, text: str, found: list[str]) -> None:
    assert heard(pattern, text) == found


@pytest.mark.parametrize(
    ("text", "found"), [("변오사 선임", ["변오사 선임"]), ("변가사 선임", []), ("벼노사 서님", [])]
)
def test_a_korean_word_may_differ_in_one_blurred_letter(text: str, found: list[str]) -> None:
    assert heard("변호사 선임", text, units="syllables") == found


def test_the_confidence_is_that_of_the_words_that_carry_the_meaning() -> None:
    words = [Word("call", 0, 1, 0.9), Word("my", 2, 3, 0.1), Word("lawyer", 4, 5, 0.3)]
    phrase = Phrase("p", "caller", ("call my lawyer",), min_confidence=0.5)
    (match,) = PhraseIndex([phrase]).find("caller", words)
    assert match.confidence == pytest.approx(0.6)
    assert PhraseIndex([Phrase("p", "caller", ("my lawyer",), min_confidence=0.5)]).find("caller", words) == []


def test_an_exception_takes_away_what_it_touches_and_nothing_else() -> None:
    phrase = Phrase("p", "caller", ("to a manager",), but_not=("spoke to a manager",))
    texts = "I spoke to a manager and I want to talk to a manager"
    assert [match.first_word for match in PhraseIndex([phrase]).find("caller", spoken(texts))] == [10]


PATTERNS = [(one, phrase) for pack in ("en", "ko") for phrase in shipped_index(pack).phrases for one in phrase.automata]


@given(st.sampled_from(PATTERNS), st.data())
def test_the_index_hides_no_match(one: tuple[Automaton, Phrase], data: st.DataObject) -> None:
    """What walks along a pattern, with slips in between, is found by the index where it is found by trying."""
    automaton, phrase = one
    texts: list[str] = []
    number = data.draw(st.sampled_from(sorted(automaton.first)))
    for _ in range(10):
        texts += data.draw(st.sampled_from([[], [], [], ["really"], ["진짜"]]))
        texts.append(automaton.states[number].text or "x")
        if not automaton.follow[number]:
            break
        number = data.draw(st.sampled_from(sorted(automaton.follow[number])))
    words = [Word(text, index, index + 1) for index, text in enumerate(texts)]
    said = Heard(tokens(words, phrase.units), phrase.units)
    tried = any(longest_match(automaton, said, start, frozenset()) for start in range(len(said.tokens)))
    bare = Phrase("p", "both", (automaton.pattern,), phrase.units)
    assert bool(PhraseIndex([bare]).find("caller", words)) == tried


def test_five_thousand_phrases_cost_no_more_than_those_of_which_a_word_was_said() -> None:
    def pack(count: int) -> PhraseIndex:
        return PhraseIndex([Phrase(f"p{n}", "caller", (f"speak to [your] ... word{n}",)) for n in range(count)])

    words = spoken("i want to speak to your word7 or speak to word3 " * 3)
    few, many = (calls(pack(count).find, "caller", words) for count in (50, 5000))
    assert many <= 1.1 * few


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("supervisor", False),
        ("my supervisor please", True),
        ("my supervisor please coal", True),
        ("my supervisor please said it", False),
        ("my", False),
        ("hello", False),
        ("", False),
    ],
)
def test_a_phrase_is_expected_where_a_word_is_missing_from_it(text: str, begun: bool) -> None:
    index = PhraseIndex([Phrase("p", "caller", ("supervisor please [do] call",)), Phrase("q", "caller", ("hello",))])
    assert index.expects("caller", spoken(text), {"p"}) is begun
    assert not index.expects("agent", spoken(text), {"p"})
    assert not index.expects("caller", spoken(text), {"q"})


@pytest.mark.parametrize(
    ("text", "begun"),
    [("책", False), ("책임자", True), ("책임지", True), ("책임자 오늘 아침에 다", False)],
)
def test_of_syllables_a_phrase_is_expected_also_where_the_last_one_is_another(text: str, begun: bool) -> None:
    index = PhraseIndex([Phrase("p", "caller", ("책임자 ... 바꿔",), units="syllables")])
    assert index.expects("caller", spoken(text), {"p"}) is begun
