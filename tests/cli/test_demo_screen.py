"""What the demo's terminal shows of a call: the head with its gauges, and the lines below."""

import io
import re
from collections.abc import Sequence
from typing import Any

from appliance.cli.demo_gauges import Gauges, mark_redactions
from appliance.cli.demo_screen import PlainScreen, TerminalScreen
from appliance.cli.demo_summary import stress as stress_summary
from appliance.cli.demo_summary import talk as talk_summary
from appliance.event_json import to_builtins
from appliance.events import Event, Utterance

from ..central.script import measured, span, spoken, stress, talk


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def stored(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [{"event": to_builtins(event)} for event in events]


def test_the_voice_is_drawn_over_time_with_the_newest_score_and_its_reasons() -> None:
    gauges = Gauges()
    assert gauges.lines == []
    for event in (
        stress(1, None, reason="too little speech"),
        stress(2, 0.1),
        stress(3, 0.64, "raised", "faster"),
        stress(4, 0.9, "high", "pitch +4.1 semitones above own start"),
    ):
        assert gauges.show_event(event)
    (line,) = gauges.lines
    assert plain(line) == "  voice   ·▁▆█ 0.90 high: pitch +4.1 semitones above own start"


def test_what_is_not_known_says_why() -> None:
    gauges = Gauges()
    gauges.show_event(stress(1, None, reason="too little speech"))
    assert plain(gauges.lines[0]) == "  voice   · not known: too little speech"


def test_talk_share_over_talk_and_the_mood_of_the_words_stand_on_one_line() -> None:
    gauges = Gauges()
    for event in (talk("agent", 0.42, 140), talk("caller", 0.58, 180), spoken("bad news", 1, "caller", 1, 2, -0.36)):
        gauges.show_event(event)
    assert plain(gauges.lines[0]) == f"  talk    agent {'█' * 20} 42%, 1.6 s at once; words lately -0.36"


def test_what_was_taken_out_is_shown_in_inverse() -> None:
    assert mark_redactions("it is [card 16 digits] thanks") == "it is \x1b[7m[card 16 digits]\x1b[27m thanks"


def test_the_terminal_shows_the_gauges_above_the_words_and_no_line_for_each_measure() -> None:
    stream = io.StringIO()
    screen = TerminalScreen(stream, "http://127.0.0.1:1")
    for event in [*measured(), spoken("my card is [card 16 digits]", 1, "caller", 1, 2)]:
        screen.show_event(event)
    screen.refresh()
    screen.close()
    shown = plain(stream.getvalue())
    assert shown.count("voice ") == 1
    assert shown.index("voice ") < shown.index("talk ") < shown.index("my card is")
    assert "[stress" not in shown


def test_plain_lines_tell_of_the_voice_only_where_its_level_changes() -> None:
    stream = io.StringIO()
    screen = PlainScreen(stream)
    for event in measured():
        screen.show_event(event)
    told = [line for line in stream.getvalue().splitlines() if "[stress" in line]
    assert [re.sub(r".*\[stress (\S+ \w+).*", r"\1", line) for line in told] == [
        "0.64 raised",
        "0.83 high",
        "0.30 calm",
    ]


def test_the_summary_tells_the_highest_stress_and_each_change_of_its_level() -> None:
    found = stress_summary(stored(measured()))
    assert found["measures"] == 19
    assert (found["highest"]["score"], found["highest"]["end_s"]) == (0.9, 60.0)
    assert [(change["at_s"], change["level"]) for change in found["levels"]] == [
        (50.0, "raised"),
        (51.0, "high"),
        (67.0, "calm"),
    ]


def test_a_call_without_a_voice_has_no_highest_stress() -> None:
    silent = [Utterance(who="caller", number=1, text="x", words=(), **span(0, 1))]
    assert stress_summary(stored(silent)) == {"measures": 0, "highest": None, "levels": []}
    assert talk_summary(stored(silent)) == {}


def test_the_summary_tells_the_newest_facts_of_each_side() -> None:
    found = talk_summary(stored([talk("agent", 0.1, 90), talk("agent", 0.42, 142), talk("caller", 0.58, 181)]))
    assert {who: facts["talk_share"] for who, facts in found.items()} == {"agent": 0.42, "caller": 0.58}
