"""What the light shows: from the state of the box to a colour, a rhythm, a shape and a few words.

All of it stands in one table, `ROWS`, most important first. The first row that applies is shown; the next one that has
a mark, a short pulse in another colour, is shown with it. So what a person must know first comes first:

1. *identify*: somebody asked "which box is it?", for a few seconds.
2. *muted*, then *paused* by the server: the box does not listen. An alert that still stands becomes the mark.
3. *urgent*, then *attention*: blinking until somebody has seen it, then steady. Faults and a lost link are the mark.
4. *deaf*: the line is dead; any other *fault* of the box, in the order of `FAULT_WORDS`; *slow*: it falls behind.
5. *updating*, *starting*.
6. *calm*: a call is on and all is well; *idle*: no call.

A lost link to the central server is only ever a mark: the box goes on without it. *host lost* is what a light board
shows by itself when the box no longer speaks to it.

Nobody needs to tell colours apart: each row has a rhythm or a shape of its own, what asks for action blinks, and the
colours are chosen to differ in brightness and on the blue-yellow axis, which nearly all colour-blind people see (after
Okabe and Ito, "Color universal design", 2008). Nothing flashes more than three times a second (WCAG 2.2, criterion
2.3.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from appliance.events import Level
from appliance.indicator.looks import ALL_LIT, Look, Mark, Pattern

MAX_TEXT_CHARACTERS: Final = 80
"""One line of a terminal or of a small display."""

Fault = Literal[
    "line_lost",
    "line_deaf",
    "no_model",
    "recognizer_lost",
    "outbox_broken",
    "outbox_full",
    "line_poor",
    "mute_not_saved",
    "clock_wrong",
    "link_revoked",
    "link_expired",
    "link_not_enrolled",
    "link_untrusted",
    "link_portal",
    "link_version",
    "link_address",
    "link_refused",
    "light_lost",
    "too_slow",
]

FAULT_WORDS: Final[dict[Fault, str]] = {
    "line_lost": "The phone line is gone",
    "line_deaf": "No sound from the phone line",
    "no_model": "No speech model hears this line: no words, no phrases",
    "recognizer_lost": "Speech recognition stopped, starting it again",
    "outbox_broken": "The disk fails: this call may not be kept",
    "outbox_full": "No space left: this call may not be kept",
    "line_poor": "The phone line sounds bad: undertone line check",
    "mute_not_saved": "The disk does not take the mute switch",
    "clock_wrong": "The clock is wrong, so the central server cannot be checked",
    "link_revoked": "The central server has revoked this box",
    "link_expired": "This box's certificate has expired: undertone enrol",
    "link_not_enrolled": "This box is not enrolled: undertone enrol",
    "link_untrusted": "The central server is not one that this box trusts",
    "link_portal": "A page answers for the central server: sign in to this network?",
    "link_version": "Box and central server do not understand each other: update",
    "link_address": "No central server at the address in the settings",
    "link_refused": "The central server refuses this box",
    "light_lost": "A light does not answer: undertone light list",
    "too_slow": "Too much for this box: words come late or are missing",
}
"""Most important first: what keeps the box from hearing comes before what keeps it from telling."""

LINK_FAULTS: Final[frozenset[Fault]] = frozenset(
    {
        "clock_wrong",
        "link_revoked",
        "link_expired",
        "link_not_enrolled",
        "link_untrusted",
        "link_portal",
        "link_version",
        "link_address",
        "link_refused",
    }
)
"""What is wrong with the way to the central server, one at a time; each keeps the box offline."""

DEAF: Final[frozenset[Fault]] = frozenset({"line_lost", "line_deaf"})
SLOW: Final[frozenset[Fault]] = frozenset({"too_slow"})


@dataclass(frozen=True, slots=True)
class LightState:
    """All that the light depends on. `level`, `blinking` and `reason` are what the ladder shows.

    `guidance` is a short text for the agent, which stands before all others.
    """

    level: Level = "normal"
    blinking: bool = False
    reason: str = ""
    link_online: bool = True
    faults: frozenset[Fault] = frozenset()
    muted: bool = False
    paused: bool = False
    in_call: bool = False
    identifying: bool = False
    guidance: str = ""
    starting: bool = False
    updating: bool = False


Situation = Literal[
    "identify",
    "muted",
    "paused",
    "urgent",
    "urgent_seen",
    "attention",
    "attention_seen",
    "deaf",
    "fault",
    "slow",
    "updating",
    "starting",
    "offline",
    "calm",
    "idle",
]


@dataclass(frozen=True, slots=True)
class Row:
    """When a situation applies, how it looks, how it is marked while another one is shown, and what it says.

    A row without a look is only ever a mark. `words` are a text, or made from the state.
    """

    situation: Situation
    applies: Callable[[LightState], bool]
    look: Look | None
    mark: Mark | None
    words: str | Callable[[LightState], str]


def _reason(state: LightState) -> str:
    return state.reason


def _fault_words(state: LightState) -> str:
    return next((words for fault, words in FAULT_WORDS.items() if fault in state.faults), "")


_URGENT: Final = Mark("red", 1000, ALL_LIT)
_ATTENTION: Final = Mark("yellow", 2000, "..####..")
_FAULT: Final = Mark("purple", 3000, "#.#..#.#")

ROWS: Final = (
    Row(
        "identify",
        lambda state: state.identifying,
        Look("white", 1.0, 400, 0.5, "####....", "....####"),
        None,
        "This is the box",
    ),
    Row(
        "muted",
        lambda state: state.muted,
        Look("white", 0.6, 6000, 0.9, "##....##"),
        Mark("white", 1500, "##....##"),
        "Muted: not listening",
    ),
    Row(
        "paused",
        lambda state: state.paused,
        Look("white", 0.6, 2000, 0.5, ".##..##."),
        Mark("white", 1500, ".##..##."),
        "Paused by the server: not listening",
    ),
    Row(
        "urgent",
        lambda state: state.level == "urgent" and state.blinking,
        Look("red", 1.0, 500, 0.5, ALL_LIT),
        _URGENT,
        _reason,
    ),
    Row("urgent_seen", lambda state: state.level == "urgent", Look("red", 1.0, pixels=ALL_LIT), _URGENT, _reason),
    Row(
        "attention",
        lambda state: state.level == "attention" and state.blinking,
        Look("yellow", 0.8, 1400, 0.6, "..####.."),
        _ATTENTION,
        _reason,
    ),
    Row(
        "attention_seen",
        lambda state: state.level == "attention",
        Look("yellow", 0.8, pixels="..####.."),
        _ATTENTION,
        _reason,
    ),
    Row(
        "deaf",
        lambda state: bool(state.faults & DEAF),
        Look("purple", 0.7, 1500, 0.3, "#......#"),
        _FAULT,
        _fault_words,
    ),
    Row(
        "fault",
        lambda state: bool(state.faults - DEAF - SLOW),
        Look("purple", 0.7, 3000, 0.3, "#.#..#.#"),
        _FAULT,
        _fault_words,
    ),
    Row(
        "slow",
        lambda state: bool(state.faults & SLOW),
        Look("purple", 0.7, 4000, 0.5, "###....."),
        _FAULT,
        _fault_words,
    ),
    Row(
        "updating",
        lambda state: state.updating,
        Look("blue", 0.3, 2000, 0.5, "#.#.#.#.", ".#.#.#.#"),
        None,
        "Updating: do not unplug",
    ),
    Row(
        "starting",
        lambda state: state.starting,
        Look("blue", 0.3, 1000, 0.5, "##......", "......##"),
        None,
        "Starting",
    ),
    Row(
        "offline",
        lambda state: not state.link_online and not state.faults & LINK_FAULTS,
        None,
        Mark("white", 4000, "......##"),
        "offline",
    ),
    Row("calm", lambda state: state.in_call, Look("blue", 0.3, pixels="..#..#.."), None, "Call in progress"),
    Row("idle", lambda _state: True, Look("blue", 0.05, pixels="...#...."), None, "Ready"),
)
"""The table: most important first."""

LOOKS: Final[dict[Situation, Look]] = {row.situation: row.look for row in ROWS if row.look}
MARKS: Final[dict[Situation, Mark]] = {row.situation: row.mark for row in ROWS if row.mark}

HOST_LOST: Final = Look("purple", 0.7, 2500, 0.5, "#..##..#")
"""What a light board shows by itself after `indicator.board_packets.HOST_LOST_MS` without a word from the box."""


def pattern(state: LightState) -> Pattern:
    """Give what the light must show in this state."""
    rows = [row for row in ROWS if row.applies(state)]
    shown, look = next((row, row.look) for row in rows if row.look)
    marked = next((row for row in rows if row is not shown and row.mark and row.mark != shown.mark), None)
    words = " · ".join(filter(None, (state.guidance, *(_words(row, state) for row in (shown, marked) if row))))
    if len(words) > MAX_TEXT_CHARACTERS:
        words = words[: MAX_TEXT_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return Pattern(look, marked.mark if marked else None, words)


def _words(row: Row, state: LightState) -> str:
    return row.words if isinstance(row.words, str) else row.words(state)
