import itertools
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import Level
from appliance.indicator.patterns import (
    FAULT_WORDS,
    LOOKS,
    MARKS,
    MAX_TEXT_CHARACTERS,
    RGB,
    Fault,
    LightState,
    Look,
    pattern,
)

URGENT = LightState("urgent", blinking=True, reason="Asks for a supervisor", in_call=True)


@pytest.mark.parametrize(
    ("state", "look", "mark", "text"),
    [
        (LightState(), "idle", None, "Ready"),
        (LightState(in_call=True), "calm", None, "Call in progress"),
        (LightState(in_call=True, link_online=False), "calm", "offline", "Call in progress · offline"),
        (URGENT, "urgent", None, "Asks for a supervisor"),
        (LightState("urgent", reason="Wants to cancel"), "urgent_seen", None, "Wants to cancel"),
        (LightState("attention", blinking=True, reason="Tired"), "attention", None, "Tired"),
        (LightState("attention", reason="Tired", link_online=False), "attention_seen", "offline", "Tired · offline"),
        (
            LightState(
                "urgent", blinking=True, reason="Cancels", faults=frozenset({"recognizer_lost"}), link_online=False
            ),
            "urgent",
            "fault",
            "Cancels · Speech recognition stopped, starting it again",
        ),
        (LightState(faults=frozenset({"line_deaf"}), in_call=True), "fault", None, "No sound from the phone line"),
        (
            LightState(faults=frozenset({"outbox_full"}), link_online=False),
            "fault",
            "offline",
            "No space left: this call may not be kept · offline",
        ),
        (
            LightState(faults=frozenset({"link_refused"}), link_online=False),
            "fault",
            None,
            "The central server refuses this box",
        ),
        (LightState(muted=True, in_call=True), "muted", None, "Muted: not listening"),
        (
            LightState("urgent", blinking=True, reason="Cancels", muted=True, link_online=False),
            "muted",
            "urgent",
            "Muted: not listening · Cancels",
        ),
        (LightState(muted=True, link_online=False), "muted", "offline", "Muted: not listening · offline"),
    ],
)
def test_what_a_person_must_know_first_comes_first(state: LightState, look: str, mark: str | None, text: str) -> None:
    shown = pattern(state)
    assert shown.look == LOOKS[look]  # type: ignore[index] # a table of texts
    assert shown.mark == (MARKS[mark] if mark else None)  # type: ignore[index] # a table of texts
    assert shown.text == text


def test_of_several_faults_the_first_in_the_table_is_named() -> None:
    assert pattern(LightState(faults=frozenset(get_args(Fault)))).text == FAULT_WORDS["line_lost"]
    assert list(FAULT_WORDS) == list(get_args(Fault))


STATES = st.builds(
    LightState,
    level=st.sampled_from(get_args(Level)),
    blinking=st.booleans(),
    reason=st.text(max_size=200),
    link_online=st.booleans(),
    faults=st.frozensets(st.sampled_from(get_args(Fault))),
    muted=st.booleans(),
    in_call=st.booleans(),
)


@given(STATES)
def test_nothing_but_mute_hides_an_alert_and_mute_marks_it(state: LightState) -> None:
    shown = pattern(state)
    if state.level != "normal":
        colour = "red" if state.level == "urgent" else "yellow"
        assert colour == (shown.mark.colour if state.muted and shown.mark else shown.look.colour)
    if state.muted:
        assert shown.look == LOOKS["muted"]


@given(STATES)
def test_a_lost_link_or_a_fault_is_never_silent(state: LightState) -> None:
    shown = pattern(state)
    alone = state.level == "normal" or not state.muted
    if alone and (state.faults or not state.link_online):
        assert shown.mark or shown.look == LOOKS["fault"]


@given(STATES)
def test_the_words_fit_on_one_line(state: LightState) -> None:
    assert len(pattern(state).text) <= MAX_TEXT_CHARACTERS


def test_nothing_flashes_more_than_three_times_a_second() -> None:
    assert all(look.blink_period_ms == 0 or look.blink_period_ms >= 334 for look in LOOKS.values())
    assert all(mark.period_ms >= 334 for mark in MARKS.values())


# Viénot, Brettel and Mollon, "Digital video colourmaps for checking the legibility of displays by dichromats" (1999):
# what linear red, green and blue become for eyes without the long-wave or the middle-wave cones.
PROTANOPE = ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0))
DEUTERANOPE = ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0))
TRICHROMAT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def seen(look: Look, eye: tuple[tuple[float, ...], ...]) -> list[float]:
    linear = [look.brightness * (channel / 255) ** 2.2 for channel in RGB[look.colour]]
    return [sum(weight * channel for weight, channel in zip(row, linear, strict=True)) for row in eye]


@pytest.mark.parametrize("eye", [TRICHROMAT, PROTANOPE, DEUTERANOPE], ids=["trichromat", "protanope", "deuteranope"])
def test_any_two_looks_differ_in_rhythm_or_clearly_in_what_every_eye_sees(eye: tuple[tuple[float, ...], ...]) -> None:
    for one, two in itertools.combinations(LOOKS.values(), 2):
        if (one.blink_period_ms, one.blink_duty) == (two.blink_period_ms, two.blink_duty):
            distance = max(abs(a - b) for a, b in zip(seen(one, eye), seen(two, eye), strict=True))
            assert distance > 0.1, (one, two)
