"""The states of an alert, and the one table of what moves it from one to the next.

Everything that affects an alert's state stands in `TRANSITIONS`, in the terms of alarm management (ANSI/ISA-18.2):

- *normal*: nothing is wrong.
- *pending*: the rule's condition holds, but not yet for its on-delay.
- *unacknowledged*: raised; nobody has seen it; the light blinks.
- *acknowledged*: a person has seen it; the light is steady.
- *latched*: the condition is gone, but nobody has seen the alert, and its rule says that somebody must.
- *shelved*: a person has put the alert off for a while (snoozed it); the light does not show it.

A rule's condition is what `conditions.py` tells: phrases said within the last seconds, cues past their thresholds, all
or any of them. What puts a state in motion:

- *met*, *lost*: the condition begins to hold; it no longer does, before the alert was raised.
- *held*: it has held for the on-delay, and the rule has not raised within its minimum repeat time.
- *gone*: it has not held for the off-delay. *gone_latched*: the same, under a rule that latches.
- *confirmed*, *taken_back*: the alert stood on words of an unfinished utterance; the final words still bear it, or no
  longer do.
- *acknowledged*: a person pressed the button. *snoozed*: a person wants to be reminded; *returned*: that time is over.
- *call_ended*: the line went on hook.

What is not in the table cannot happen, or changes nothing.
"""

from typing import Final, Literal

State = Literal["normal", "pending", "unacknowledged", "acknowledged", "latched", "shelved"]
Happening = Literal[
    "met",
    "lost",
    "held",
    "gone",
    "gone_latched",
    "confirmed",
    "taken_back",
    "acknowledged",
    "snoozed",
    "returned",
    "call_ended",
]
Output = Literal["raised", "confirmed", "withdrawn", "acknowledged", "snoozed", "returned", "cleared"]

TRANSITIONS: Final[dict[tuple[State, Happening], tuple[State, tuple[Output, ...]]]] = {
    ("normal", "met"): ("pending", ()),
    ("pending", "lost"): ("normal", ()),
    ("pending", "held"): ("unacknowledged", ("raised",)),
    ("pending", "call_ended"): ("normal", ()),
    ("unacknowledged", "acknowledged"): ("acknowledged", ("acknowledged",)),
    ("unacknowledged", "snoozed"): ("shelved", ("snoozed",)),
    ("unacknowledged", "confirmed"): ("unacknowledged", ("confirmed",)),
    ("unacknowledged", "taken_back"): ("normal", ("withdrawn",)),
    ("unacknowledged", "gone"): ("normal", ("cleared",)),
    ("unacknowledged", "gone_latched"): ("latched", ()),
    ("unacknowledged", "call_ended"): ("normal", ("cleared",)),
    ("acknowledged", "snoozed"): ("shelved", ("snoozed",)),
    ("acknowledged", "confirmed"): ("acknowledged", ("confirmed",)),
    ("acknowledged", "taken_back"): ("normal", ("withdrawn",)),
    ("acknowledged", "gone"): ("normal", ("cleared",)),
    ("acknowledged", "gone_latched"): ("normal", ("cleared",)),
    ("acknowledged", "call_ended"): ("normal", ("cleared",)),
    ("latched", "met"): ("unacknowledged", ()),
    ("latched", "acknowledged"): ("normal", ("acknowledged", "cleared")),
    ("latched", "snoozed"): ("normal", ("acknowledged", "cleared")),
    ("latched", "confirmed"): ("latched", ("confirmed",)),
    ("latched", "taken_back"): ("normal", ("withdrawn",)),
    ("latched", "call_ended"): ("normal", ("cleared",)),
    ("shelved", "returned"): ("unacknowledged", ("returned",)),
    ("shelved", "acknowledged"): ("acknowledged", ("acknowledged",)),
    ("shelved", "confirmed"): ("shelved", ("confirmed",)),
    ("shelved", "taken_back"): ("normal", ("withdrawn",)),
    ("shelved", "gone"): ("normal", ("cleared",)),
    ("shelved", "gone_latched"): ("normal", ("cleared",)),
    ("shelved", "call_ended"): ("normal", ("cleared",)),
}


def mermaid() -> str:
    """Draw the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> normal"]
    for (state, happening), (following, outputs) in TRANSITIONS.items():
        label = happening + (f" / {', '.join(outputs)}" if outputs else "")
        lines.append(f"    {state} --> {following} : {label}")
    return "\n".join(lines) + "\n"
