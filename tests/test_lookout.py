"""When a look ahead is taken: soon where a phrase has begun, and never more often than it may cost."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from appliance.lookout import LOOK_EACH, LOOK_EVERY, LOOKS_AT_WORDS, SAVED_LOOKS, Lookout

Steps = list[tuple[int, list[str], bool]]

steps = st.lists(st.tuples(st.integers(1, LOOK_EACH), st.lists(st.sampled_from("ab"), max_size=2), st.booleans()))


def looks(given: Steps) -> list[int]:
    """Give the positions of the looks that are taken; the steps say how much time passes before each hypothesis."""
    lookout, at, taken = Lookout(), 0, []
    for passes, words, expecting in given:
        at += passes
        lookout.receive(words, expecting=expecting)
        if lookout.look(at):
            taken.append(at)
    return taken


def test_a_begun_phrase_is_looked_at_at_once_and_the_same_words_only_so_often() -> None:
    same = looks([(LOOK_EVERY, ["speak", "to"], True)] * 5)
    assert same == [LOOK_EVERY * number for number in range(1, LOOKS_AT_WORDS + 1)]


def test_words_that_go_on_are_looked_at_again_until_the_looks_are_spent() -> None:
    more = [(LOOK_EVERY, [str(number)], True) for number in range(100)]
    assert len(looks(more)) == SAVED_LOOKS + 100 * LOOK_EVERY // LOOK_EACH


@given(steps)
def test_nothing_is_looked_at_that_is_not_expected(given: Steps) -> None:
    assert not looks([(passes, words, False) for passes, words, _ in given])


@given(steps)
def test_looks_are_apart_and_in_any_time_no_more_than_are_saved_and_earned(given: Steps) -> None:
    taken = looks(given)
    for first, start in enumerate(taken):
        for count, end in enumerate(taken[first:], 1):
            assert count <= SAVED_LOOKS + (end - start) // LOOK_EACH + 1
    assert all(after - before >= LOOK_EVERY for before, after in itertools.pairwise(taken))
