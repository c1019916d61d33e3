"""The picture of the box that the light and the server get."""

import pytest

from appliance.device_state import DeviceState
from appliance.escalation.ladder import Showing
from appliance.events import BandMeasured, CallEnded, CallStarted, Event, Gap, Level, Utterance
from appliance.indicator.patterns import pattern
from appliance.session import Partial
from appliance.speech.frames import Side

SIDES: tuple[Side, ...] = ("agent", "caller")
LOST = Gap(who="caller", start_sample=0, end_sample=1, reason="recognizer_lost")
BEHIND = Gap(who="caller", start_sample=0, end_sample=1, reason="recognizer_behind")
WORDS = Utterance(who="caller", start_sample=0, end_sample=1, number=1, text="", words=())
HANG_UP = CallEnded(who="both", start_sample=1, end_sample=1, reason="on_hook")


def started(model: str) -> CallStarted:
    return CallStarted(
        who="both",
        start_sample=0,
        end_sample=0,
        line="siprec",
        language="en",
        band="wide",
        engine="",
        model=model,
        rules="",
    )


def measured(who: Side, model: str) -> BandMeasured:
    return BandMeasured(who=who, start_sample=0, end_sample=0, band="narrow", model=model)


def with_calls(*shown: tuple[str, Level, bool]) -> DeviceState:
    state = DeviceState(has_model=True)
    state.show_calls({name: Showing(level, blinking, f"why {name}", 7) for name, level, blinking in shown})
    return state


def test_of_several_calls_the_light_shows_the_one_that_needs_somebody_most() -> None:
    state = with_calls(("a", "attention", True), ("b", "urgent", False), ("c", "urgent", True), ("d", "urgent", True))
    assert (state.light().level, state.light().blinking, state.light().reason) == ("urgent", True, "why c")


def test_the_server_is_told_of_each_call_oldest_first_and_which_one_is_shown() -> None:
    status = with_calls(("a", "normal", False), ("b", "attention", True)).status()
    assert (status.call, status.level, status.alert) == ("b", "attention", 7)
    assert [(each.call, each.level) for each in status.calls] == [("a", "normal"), ("b", "attention")]


def test_without_a_call_the_box_is_ready() -> None:
    state = DeviceState(has_model=True)
    assert not state.light().in_call
    assert state.status().call is None
    assert state.status().calls == ()


def test_without_a_model_that_is_a_fault_before_any_call_too() -> None:
    assert DeviceState(has_model=False).faults == {"no_model"}


@pytest.mark.parametrize(
    ("told", "faults"),
    [
        ([("a", LOST)], {"recognizer_lost"}),
        ([("a", LOST), ("b", WORDS)], {"recognizer_lost"}),
        ([("a", LOST), ("a", WORDS)], set[str]()),
        ([("a", LOST), ("a", Partial("caller", 1, "x", 0, 1))], set[str]()),
        ([("a", LOST), ("a", HANG_UP)], set[str]()),
        ([("a", BEHIND)], {"too_slow"}),
        ([("a", BEHIND), ("b", WORDS)], {"too_slow"}),
        ([("a", BEHIND), ("a", WORDS)], set[str]()),
        ([("a", BEHIND), ("a", HANG_UP)], set[str]()),
        ([("a", started(""))], {"no_model"}),
        ([("a", started("")), ("b", started("m"))], {"no_model"}),
        ([("a", started("")), ("a", measured("agent", "m"))], {"no_model"}),
        ([("a", started("")), ("a", measured("agent", "m")), ("a", measured("caller", "m"))], set[str]()),
        ([("a", started("m")), ("a", measured("caller", ""))], {"no_model"}),
        ([("a", started("m")), ("a", measured("caller", "")), ("a", HANG_UP)], set[str]()),
    ],
)
def test_what_one_call_lacks_stays_shown_until_that_very_call_has_it(
    told: list[tuple[str, Event | Partial]], faults: set[str]
) -> None:
    state = with_calls(("a", "normal", False), ("b", "normal", False))
    for name, output in told:
        state.receive(name, SIDES, output)
    assert state.faults == faults


def test_the_line_s_faults_are_replaced_as_a_whole_and_the_others_stay() -> None:
    state = DeviceState(has_model=True)
    state.set_fault("outbox_full", present=True)
    state.set_line_faults(("line_lost", "line_deaf"))
    state.set_line_faults(("line_deaf",))
    assert state.faults == {"outbox_full", "line_deaf"}
    state.set_fault("outbox_full", present=False)
    state.set_line_faults(())
    assert state.faults == set()


def test_of_the_link_one_fault_stands_at_a_time_and_goes_with_the_next_news() -> None:
    state = DeviceState(has_model=True)
    state.set_link(online=False, fault="link_revoked")
    state.set_link(online=False, fault="clock_wrong")
    assert state.faults == {"clock_wrong"}
    assert pattern(state.light()).text == "The clock is wrong, so the central server cannot be checked"
    state.set_link(online=True, fault=None)
    assert (state.link_online, state.faults) == (True, frozenset())
