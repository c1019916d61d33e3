"""One rule at a time is told in seconds."""

from appliance.escalation.ladder import Ladder, Showing
from appliance.escalation.rules import Rule
from appliance.events import Alert, Evidence

from ..language.steps import calls
from .ladder_calls import LATCHED, PERSISTS, REPEATS, SUPERVISOR, WAITS, Call, at, hit, one, told


def test_a_phrase_in_final_words_raises_at_once_with_its_evidence() -> None:
    ladder = Ladder([SUPERVISOR])
    (alert,) = ladder.receive_hits("caller", 1, [hit("supervisor", 3)], final=True, now_sample=at(5))
    assert alert == Alert(
        who="caller",
        start_sample=at(3),
        end_sample=at(3) + 100,
        alert=1,
        rule="wants_supervisor",
        level="urgent",
        evidence=(Evidence("caller", "supervisor", "supervisor words", at(3), at(3) + 100),),
        suggest="Offer it.",
        since_sample=at(5),
        reason="Supervisor",
        explanation='Words: "supervisor words".',
    )
    assert ladder.showing == Showing("urgent", True, "Supervisor", 1, "wants_supervisor")


def test_a_partial_raises_tentatively_and_the_final_confirms() -> None:
    call = Call(SUPERVISOR)
    assert call.partial(1, "supervisor") == ["1 wants_supervisor tentative"]
    assert call.partial(2, "supervisor") == []
    assert call.final(3, "supervisor") == ["1 wants_supervisor confirmed"]


def test_a_final_without_the_phrase_withdraws_and_the_light_falls_back_at_once() -> None:
    call = Call(SUPERVISOR, WAITS)
    call.final(0, "hold", utterance=1)
    assert call.partial(1, "supervisor", utterance=2) == ["2 wants_supervisor tentative"]
    assert call.ladder.showing.level == "urgent"
    assert call.final(2, utterance=2) == ["2 wants_supervisor withdrawn"]
    assert call.ladder.showing == Showing("attention", True, "Waits", 1, "waits")


def test_words_that_flicker_in_partials_raise_once() -> None:
    call = Call(SUPERVISOR)
    steps = [call.partial(1, "supervisor"), call.partial(2), call.partial(3, "supervisor"), call.final(4, "supervisor")]
    assert steps == [["1 wants_supervisor tentative"], [], [], ["1 wants_supervisor confirmed"]]


def test_a_long_utterance_does_not_raise_again_after_its_alert_was_cleared() -> None:
    call = Call(WAITS)
    assert call.partial(1, "hold") == ["1 waits tentative"]
    assert call.wait(12) == ["1 waits cleared"]
    assert call.partial(13, "hold") == []
    assert call.final(14, "hold") == []


def test_another_phrase_of_the_same_rule_confirms_as_well() -> None:
    call = Call(Rule("either", "urgent", one("supervisor", "manager")))
    call.partial(1, "supervisor")
    assert call.final(2, "manager") == ["1 either confirmed"]


def test_saying_it_again_adds_no_alert_but_restarts_the_off_delay() -> None:
    call = Call(SUPERVISOR)
    call.final(0, "supervisor", utterance=1)
    assert call.final(20, "supervisor", utterance=2) == []
    assert call.wait(49) == []
    assert call.wait(50) == ["1 wants_supervisor cleared"]
    assert call.ladder.showing == Showing()


def test_after_it_was_cleared_saying_it_again_is_a_new_alert() -> None:
    call = Call(SUPERVISOR)
    call.final(0, "supervisor", utterance=1)
    assert call.final(40, "supervisor", utterance=2) == ["1 wants_supervisor cleared", "2 wants_supervisor raised"]


def test_an_acknowledged_alert_is_steady_also_when_it_is_said_again() -> None:
    call = Call(SUPERVISOR)
    call.final(0, "supervisor", utterance=1)
    assert call.acknowledge(1) == ["1 wants_supervisor acknowledged"]
    assert call.ladder.showing.blinking is False
    assert call.final(5, "supervisor", utterance=2) == []
    assert call.ladder.showing.blinking is False
    assert call.wait(35) == ["1 wants_supervisor cleared"]


def test_acknowledging_twice_or_what_never_was_changes_nothing() -> None:
    call = Call(SUPERVISOR)
    assert call.acknowledge(0) == []
    call.final(0, "supervisor")
    assert call.acknowledge(1, alert=7) == []
    assert call.acknowledge(1) == ["1 wants_supervisor acknowledged"]
    assert call.acknowledge(2) == []
    call.wait(60)
    assert call.acknowledge(61) == []


def test_a_latched_alert_stays_until_somebody_has_seen_it() -> None:
    call = Call(LATCHED)
    call.final(0, "cancel")
    assert call.wait(3000) == []
    assert call.ladder.showing == Showing("urgent", True, "Cancels", 1, "cancels")
    assert call.acknowledge(3001) == ["1 cancels acknowledged", "1 cancels cleared"]
    assert call.ladder.showing == Showing()


def test_a_latched_alert_that_was_seen_early_goes_after_its_off_delay() -> None:
    call = Call(LATCHED)
    call.final(0, "cancel")
    call.acknowledge(1)
    assert call.wait(29) == []
    assert call.wait(30) == ["1 cancels cleared"]


def test_a_latched_alert_goes_when_its_words_are_taken_back() -> None:
    call = Call(LATCHED)
    call.partial(0, "cancel")
    assert call.wait(40) == []
    assert call.final(41) == ["1 cancels withdrawn"]


def test_a_latched_alert_whose_phrase_is_said_again_begins_anew() -> None:
    call = Call(LATCHED)
    call.final(0, "cancel", utterance=1)
    assert call.wait(40) == []
    assert call.final(41, "cancel", utterance=2) == []
    assert call.acknowledge(42) == ["1 cancels acknowledged"]
    assert call.wait(70) == []
    assert call.wait(71) == ["1 cancels cleared"]


def test_a_latched_alert_can_still_be_confirmed() -> None:
    call = Call(LATCHED)
    call.partial(0, "cancel")
    assert call.wait(40) == []
    assert call.final(41, "cancel") == ["1 cancels confirmed"]


def test_a_rule_may_need_its_phrase_several_times_within_a_time() -> None:
    call = Call(REPEATS)
    assert call.final(0, "again", utterance=1) == []
    assert call.final(61, "again", utterance=2) == []
    assert call.final(100, "again", utterance=3) == ["1 repeats raised"]
    assert call.wait(121) == []
    assert call.wait(126) == ["1 repeats cleared"]


def test_of_two_tentative_hits_each_must_be_borne_out() -> None:
    call = Call(REPEATS)
    assert call.partial(0, "again", "again") == ["1 repeats tentative"]
    assert call.final(1, "again") == ["1 repeats withdrawn"]
    assert call.final(2, "again", utterance=2) == ["2 repeats raised"]


def test_the_final_words_may_come_after_the_time_within_which_a_phrase_counts() -> None:
    call = Call(REPEATS)
    call.final(0, "again", utterance=1)
    assert call.partial(30, "again", utterance=2) == ["1 repeats tentative"]
    assert call.wait(60) == []
    assert call.wait(64) == []
    assert call.final(64, "again", utterance=2) == ["1 repeats confirmed"]


def test_an_old_hit_of_an_utterance_that_has_not_ended_bears_no_alert() -> None:
    call = Call(REPEATS)
    call.partial(0, "again", utterance=1)
    call.final(100, "again", utterance=2)
    assert call.partial(120, "again", utterance=3) == ["1 repeats tentative"]
    assert call.final(121, utterance=3) == ["1 repeats withdrawn"]


def test_a_long_call_costs_no_more_than_a_short_one() -> None:
    call = Call(SUPERVISOR, LATCHED, WAITS, REPEATS, PERSISTS)
    costs = [
        calls(call.final, 20 * number, "hold", "again", "cancel", "supervisor", utterance=number)
        for number in range(1, 500)
    ]
    assert max(costs[-20:]) <= max(costs[10:30])


def test_an_on_delay_holds_the_alert_back_and_a_final_without_the_phrase_forgets_it() -> None:
    call = Call(PERSISTS)
    assert call.partial(0, "hold", utterance=1) == []
    assert call.final(5, utterance=1) == []
    assert call.wait(19) == []
    assert call.final(30, "hold", utterance=2) == []
    assert call.wait(39.9) == []
    assert call.wait(40) == ["1 persists raised"]


def test_an_alert_stays_for_its_off_delay_however_short_its_condition_held() -> None:
    call = Call(PERSISTS)
    call.final(0, "hold")
    assert call.wait(20) == ["1 persists raised"]
    assert call.wait(24.9) == []
    assert call.wait(25) == ["1 persists cleared"]


def test_evidence_of_both_sides_makes_an_alert_of_the_whole_call() -> None:
    ladder = Ladder([REPEATS])
    ladder.receive_hits("agent", 1, [hit("again", 1)], final=True, now_sample=at(2))
    (alert,) = ladder.receive_hits("caller", 1, [hit("again", 3)], final=True, now_sample=at(4))
    assert isinstance(alert, Alert)
    assert alert.who == "both"
    assert [(item.who, item.start_sample) for item in alert.evidence] == [("agent", at(1)), ("caller", at(3))]
    assert (alert.start_sample, alert.end_sample) == (at(1), at(3) + 100)


def test_the_light_shows_the_newest_alert_of_the_highest_level_and_blinks_for_any_of_them() -> None:
    call = Call(SUPERVISOR, LATCHED, WAITS)
    assert call.final(0, "supervisor", "cancel", "hold") == [
        "1 wants_supervisor raised",
        "2 cancels raised",
        "3 waits raised",
    ]
    assert call.ladder.showing == Showing("urgent", True, "Cancels", 2, "cancels")
    call.acknowledge(1, alert=2)
    assert call.ladder.showing == Showing("urgent", True, "Cancels", 2, "cancels")
    call.acknowledge(1, alert=1)
    assert call.ladder.showing == Showing("urgent", False, "Cancels", 2, "cancels")
    call.wait(30)
    assert call.ladder.showing == Showing()


def test_the_end_of_the_call_clears_what_stands() -> None:
    call = Call(SUPERVISOR, LATCHED, WAITS)
    call.final(0, "supervisor", "cancel")
    call.acknowledge(1)
    assert told(call.ladder.end_call(at(2))) == ["1 wants_supervisor cleared", "2 cancels cleared"]
    assert call.ladder.end_call(at(3)) == []
    assert call.ladder.showing == Showing()
