from typing import get_args

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.update.plan import State, Trial, Verdict, begun, confirmed, judged, staged

from .releases import NEXT, TRUSTED, release


def on_trial(number: int) -> State:
    return staged(State(), release(number))


def test_each_verdict_has_its_case() -> None:
    failed = State(good=5, failed=(7,))
    assert {
        judged(failed, release(6), "box"),
        judged(failed, release(5), "box"),
        judged(failed, release(4), "box"),
        judged(failed, release(7), "box"),
        judged(on_trial(6), release(7), "box"),
        judged(failed, release(6, percent=0), "box"),
    } == set(get_args(Verdict))


def test_a_trial_that_is_confirmed_is_good() -> None:
    assert confirmed(begun(on_trial(3))) == State(good=3, version="0.3")


def test_a_trial_that_is_not_confirmed_has_failed_at_the_next_start() -> None:
    after = begun(begun(on_trial(3)))
    assert (after.running, after.trial, after.failed) == (0, None, (3,))


def test_what_was_not_started_cannot_be_confirmed() -> None:
    assert confirmed(on_trial(3)) == on_trial(3)


def test_new_keys_count_from_the_confirmation_on_and_stay() -> None:
    rotating = staged(State(keys=TRUSTED), release(1, keys=NEXT))
    assert rotating.keys == begun(rotating).keys == TRUSTED
    after = confirmed(begun(rotating))
    assert after.keys == NEXT
    assert confirmed(begun(staged(after, release(2)))).keys == NEXT


def test_the_keys_of_a_release_that_failed_are_never_trusted() -> None:
    assert begun(begun(staged(State(keys=TRUSTED), release(1, keys=NEXT)))).keys == TRUSTED


class Life(RuleBasedStateMachine):
    """A box that is offered anything, starts at any time, and works or does not."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.starts: dict[int, int] = {}
        self.good = [0]

    @rule(number=st.integers(1, 12), percent=st.sampled_from([0, 50, 100]))
    def offer(self, number: int, percent: float) -> None:
        offered = release(number, percent=percent)
        if judged(self.state, offered, "box") == "take":
            assert number not in self.starts, "a release that had its start came back"
            self.state = staged(self.state, offered)

    @rule(works=st.booleans())
    def start(self, *, works: bool) -> None:
        self.state = begun(self.state)
        if self.state.trial:
            number = self.state.trial.number
            self.starts[number] = self.starts.get(number, 0) + 1
        if works:
            self.state = confirmed(self.state)
            self.good.append(self.state.good)

    @rule()
    def keep(self) -> None:
        """Write the state and read it again."""
        self.state = msgspec.json.decode(msgspec.json.encode(self.state), type=State)

    @invariant()
    def what_is_good_never_gets_older(self) -> None:
        assert self.good == sorted(self.good)
        assert self.state.good == self.good[-1]

    @invariant()
    def a_trial_gets_one_start(self) -> None:
        assert all(times == 1 for times in self.starts.values())

    @invariant()
    def what_runs_is_kept_and_never_failed(self) -> None:
        assert self.state.running in self.state.kept
        assert self.state.running not in self.state.failed
        assert not isinstance(self.state.trial, Trial) or self.state.trial.number > self.state.good


TestLife = Life.TestCase
