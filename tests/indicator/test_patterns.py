import itertools
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import Level
from appliance.indicator.looks import RGB, SHAPE_PIXELS, Look
from appliance.indicator.patterns import (
    FAULT_WORDS,
    HOST_LOST,
    LOOKS,
    MARKS,
    MAX_TEXT_CHARACTERS,
    ROWS,
    Fault,
    LightState,
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
        (LightState(faults=frozenset({"line_deaf"}), in_call=True), "deaf", None, "No sound from the phone line"),
        (
            LightState(faults=frozenset({"line_lost", "outbox_full"}), link_online=False),
            "deaf",
            "offline",
            "The phone line is gone · offline",
        ),
        (
            LightState(faults=frozenset({"too_slow"}), in_call=True),
            "slow",
            None,
            "Too much for this box: words come late or are missing",
        ),
        (LightState(starting=True), "starting", None, "Starting"),
        (LightState(updating=True, starting=True), "updating", None, "Updating: do not unplug"),
        (LightState(identifying=True, in_call=True), "identify", None, "This is the box"),
        (LightState(identifying=True, muted=True), "identify", "muted", "This is the box · Muted: not listening"),
        (LightState(paused=True, in_call=True), "paused", None, "Paused by the server: not listening"),
        (
            LightState("urgent", reason="Cancels", paused=True),
            "paused",
            "urgent",
            "Paused by the server: not listening · Cancels",
        ),
        (
            LightState(muted=True, paused=True),
            "muted",
            "paused",
            "Muted: not listening · Paused by the server: not listening",
        ),
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
    paused=st.booleans(),
    in_call=st.booleans(),
    identifying=st.booleans(),
    starting=st.booleans(),
    updating=st.booleans(),
)


@given(STATES)
def test_an_alert_or_that_the_box_does_not_listen_is_always_to_be_seen(state: LightState) -> None:
    shown = pattern(state)
    seen = {shown.look, shown.mark}
    covers = sum((state.identifying, state.muted, state.paused))
    if state.muted and not state.identifying:
        assert shown.look == LOOKS["muted"]
    if state.muted and state.identifying:
        assert shown.mark == MARKS["muted"]
    if state.level != "normal" and covers <= 1:
        assert seen & {LOOKS[state.level], LOOKS["urgent_seen"], LOOKS["attention_seen"], MARKS[state.level]}


@given(STATES)
def test_a_lost_link_or_a_fault_is_never_silent(state: LightState) -> None:
    shown = pattern(state)
    if state.faults or not state.link_online:
        assert shown.mark or shown.look in {LOOKS["deaf"], LOOKS["fault"], LOOKS["slow"]}


def test_every_row_can_be_the_one_that_is_shown_and_the_last_always_applies() -> None:
    assert [row.situation for row in ROWS if not row.look] == ["offline"]
    assert ROWS[-1].applies(LightState())


def test_every_shape_is_drawn_on_as_many_pixels() -> None:
    shapes = [shape for look in (*LOOKS.values(), HOST_LOST) for shape in (look.pixels, look.rest)]
    assert all(
        len(shape) == SHAPE_PIXELS and set(shape) <= {"#", "."}
        for shape in (*shapes, *(mark.pixels for mark in MARKS.values()))
    )


def test_on_a_light_of_several_pixels_no_two_looks_share_both_shape_and_rhythm() -> None:
    looks = (*LOOKS.values(), HOST_LOST)
    assert len({(look.pixels, look.rest, look.blink_period_ms, look.blink_duty) for look in looks}) == len(looks)


@given(STATES)
def test_the_words_fit_on_one_line(state: LightState) -> None:
    assert len(pattern(state).text) <= MAX_TEXT_CHARACTERS


def test_nothing_flashes_more_than_three_times_a_second() -> None:
    assert all(look.blink_period_ms == 0 or look.blink_period_ms >= 334 for look in (*LOOKS.values(), HOST_LOST))
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
    for one, two in itertools.combinations((*LOOKS.values(), HOST_LOST), 2):
        if (one.blink_period_ms, one.blink_duty) == (two.blink_period_ms, two.blink_duty):
            distance = max(abs(a - b) for a, b in zip(seen(one, eye), seen(two, eye), strict=True))
            assert distance > 0.1, (one, two)
