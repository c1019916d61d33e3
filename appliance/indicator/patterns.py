"""What the light shows: from the state of the box to a colour, a rhythm and a few words.

The light has one place for the main thing and a short pulse in another colour, the mark, for the next. First comes
what a person must know first:

1. *muted*, by hand, then *paused*, by the server: the box does not listen. Nothing hides that; an alert that still
   stands becomes the mark.
2. *urgent*, then *attention*: blinking until somebody has seen it, then steady. Faults and a lost link become the mark.
3. a *fault* of the box, in the order of `FAULT_WORDS`.
4. *calm*: a call is on and all is well; *idle*: no call.

A lost link to the central server is only ever a mark: the box goes on without it.

Nobody needs to tell colours apart: what asks for action blinks, each kind with a rhythm of its own, and the colours are
chosen to differ in brightness and on the blue-yellow axis, which nearly all colour-blind people see (after Okabe and
Ito, "Color universal design", 2008). Nothing flashes more than three times a second (WCAG 2.2, criterion 2.3.1).
"""

from dataclasses import dataclass
from typing import Final, Literal

from appliance.events import Level

MAX_TEXT_CHARACTERS: Final = 80
"""One line of a terminal or of a small display."""

Colour = Literal["white", "red", "yellow", "purple", "blue"]

RGB: Final[dict[Colour, tuple[int, int, int]]] = {
    "white": (255, 255, 255),
    "red": (255, 40, 0),
    "yellow": (255, 190, 0),
    "purple": (150, 0, 255),
    "blue": (0, 110, 255),
}

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
    "link_address",
    "link_refused",
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
    "link_address": "No central server at the address in the settings",
    "link_refused": "The central server refuses this box",
}
"""Most important first: what keeps the box from hearing comes before what keeps it from telling."""

LINK_FAULTS: Final[frozenset[Fault]] = frozenset(
    {
        "clock_wrong",
        "link_revoked",
        "link_expired",
        "link_not_enrolled",
        "link_untrusted",
        "link_address",
        "link_refused",
    }
)
"""What is wrong with the way to the central server, one at a time; each keeps the box offline."""


@dataclass(frozen=True, slots=True)
class LightState:
    """All that the light depends on. `level`, `blinking` and `reason` are what the ladder shows."""

    level: Level = "normal"
    blinking: bool = False
    reason: str = ""
    link_online: bool = True
    faults: frozenset[Fault] = frozenset()
    muted: bool = False
    paused: bool = False
    in_call: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A short pulse in another colour, once in each period, over whatever else is shown."""

    colour: Colour
    period_ms: int
    pulse_ms: int = 120


@dataclass(frozen=True, slots=True)
class Look:
    """A colour at a brightness from 0 to 1, lit for `duty` of each period; period 0 is steady light."""

    colour: Colour
    brightness: float
    blink_period_ms: int = 0
    blink_duty: float = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the light does until the next pattern, and the words that say why."""

    look: Look
    mark: Mark | None
    text: str


Situation = Literal["muted", "paused", "urgent", "urgent_seen", "attention", "attention_seen", "fault", "calm", "idle"]

LOOKS: Final[dict[Situation, Look]] = {
    "muted": Look("white", 0.6, blink_period_ms=6000, blink_duty=0.9),
    "paused": Look("white", 0.3, blink_period_ms=2000, blink_duty=0.5),
    "urgent": Look("red", 1.0, blink_period_ms=500, blink_duty=0.5),
    "urgent_seen": Look("red", 1.0),
    "attention": Look("yellow", 0.8, blink_period_ms=1400, blink_duty=0.6),
    "attention_seen": Look("yellow", 0.8),
    "fault": Look("purple", 0.7, blink_period_ms=3000, blink_duty=0.3),
    "calm": Look("blue", 0.3),
    "idle": Look("blue", 0.05),
}

MARKS: Final[dict[Literal["urgent", "attention", "fault", "offline"], Mark]] = {
    "urgent": Mark("red", 1000),
    "attention": Mark("yellow", 2000),
    "fault": Mark("purple", 3000),
    "offline": Mark("white", 4000),
}

_WORDS: Final[dict[Situation, str]] = {
    "muted": "Muted: not listening",
    "paused": "Paused by the server: not listening",
    "calm": "Call in progress",
    "idle": "Ready",
}
_OFFLINE_WORDS: Final = "offline"


def pattern(state: LightState) -> Pattern:
    """Give what the light must show in this state."""
    situation = _situation(state)
    mark = _mark(state, situation)
    words = [_words(state, situation)]
    if mark:
        words.append({"offline": _OFFLINE_WORDS, "fault": _fault_words(state)}.get(mark, state.reason))
    text = " · ".join(part for part in words if part)
    if len(text) > MAX_TEXT_CHARACTERS:
        text = text[: MAX_TEXT_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return Pattern(LOOKS[situation], MARKS[mark] if mark else None, text)


def _situation(state: LightState) -> Situation:
    if state.muted:
        return "muted"
    if state.paused:
        return "paused"
    if state.level == "urgent":
        return "urgent" if state.blinking else "urgent_seen"
    if state.level == "attention":
        return "attention" if state.blinking else "attention_seen"
    if state.faults:
        return "fault"
    return "calm" if state.in_call else "idle"


def _mark(state: LightState, situation: Situation) -> Literal["urgent", "attention", "fault", "offline"] | None:
    """Give the most important thing that the main look does not show."""
    if situation in {"muted", "paused"} and state.level != "normal":
        return state.level
    if situation != "fault" and state.faults:
        return "fault"
    return None if state.link_online or state.faults & LINK_FAULTS else "offline"


def _words(state: LightState, situation: Situation) -> str:
    if situation == "fault":
        return _fault_words(state)
    return _WORDS.get(situation, state.reason)


def _fault_words(state: LightState) -> str:
    return next((words for fault, words in FAULT_WORDS.items() if fault in state.faults), "")
