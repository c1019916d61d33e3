import io
import json
import os

import pytest

from appliance.adapters.light import LinesLight, TerminalLight, painted
from appliance.adapters.lights import Lights
from appliance.indicator.looks import Look
from appliance.indicator.patterns import LOOKS, LightState, pattern
from appliance.light_settings import LightKind, LightSettings

URGENT = pattern(LightState("urgent", blinking=True, reason="Wants to cancel", in_call=True))
CALM = pattern(LightState(in_call=True, link_online=False))


def test_a_terminal_that_is_a_file_gets_words_alone() -> None:
    out = io.StringIO()
    shown = TerminalLight(out)
    shown.show(URGENT)
    shown.show(CALM)
    assert out.getvalue().splitlines() == [
        "[red, blinking] Wants to cancel",
        "[blue, steady] Call in progress · offline",
    ]


def test_a_real_terminal_gets_the_colour_too() -> None:
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8", closefd=True) as terminal:  # noqa: PTH123 - a descriptor, not a path
        TerminalLight(terminal).show(URGENT)
        said = os.read(ours, 1000).decode()
    os.close(ours)
    assert said.startswith("\x1b[38;2;255;40;0m●\x1b[0m red, blinking")
    assert said.rstrip().endswith("Wants to cancel")


def test_a_program_gets_one_object_per_change_with_its_time() -> None:
    out = io.StringIO()
    shown = LinesLight(out)
    shown.show(URGENT)
    shown.show(CALM)
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first["light"]["look"]["colour"] == "red"
    assert first["light"]["text"] == "Wants to cancel"
    assert second["light"]["mark"]["colour"] == "white"
    assert first["at"].endswith("Z")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_whoever_sees_no_colours_reads_them(look: Look) -> None:
    assert painted(look, in_colour=False) == f"[{look.colour}, {'blinking' if look.blink_period_ms else 'steady'}]"


def test_the_configured_lights_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    each: tuple[tuple[LightKind, ...], ...] = (("none",), ("terminal", "lines"))
    for kinds in each:
        lights = Lights(LightSettings(kinds=kinds), lambda: None, lambda: None)
        lights.show(URGENT)
        lights.stop()
    said = capsys.readouterr()
    assert said.err == "[red, blinking] Wants to cancel\n"
    assert json.loads(said.out)["light"]["text"] == "Wants to cancel"
