"""The two lines at the head of the demo's terminal: the caller's voice over time, and who talks how much."""

import re
from collections import deque
from typing import Final

from appliance.events import Event, StressMeasured, TalkMeasured, Utterance

BARS: Final = "▁▂▃▄▅▆▇█"
COLOURS: Final = {"calm": "\x1b[32m", "raised": "\x1b[33m", "high": "\x1b[31m"}
RESET: Final = "\x1b[0m"
INVERSE_ON: Final = "\x1b[7m"
INVERSE_OFF: Final = "\x1b[27m"

KEPT: Final = 40
"""Measures of the voice that are drawn: about as many seconds of its speech."""

SHARE_CELLS: Final = 20
"""Of the bar that says who talks how much."""

_REDACTED: Final = re.compile(r"\[[^\]]+\]")


class Gauges:
    """Keeps what the two lines show; `lines` is empty before anything was measured."""

    def __init__(self) -> None:
        self._stress = deque[StressMeasured](maxlen=KEPT)
        self._share: float | None = None
        self._overtalk_s = 0.0
        self._mood: float | None = None

    def show_event(self, event: Event) -> bool:
        """Take an event; say whether these lines show it, so that it needs none of its own."""
        match event:
            case StressMeasured(who="caller"):
                self._stress.append(event)
            case TalkMeasured(who="agent"):
                self._share, self._overtalk_s = event.talk_share, event.overtalk_s
            case Utterance(who="caller") if event.sentiment_trend is not None:
                self._mood = event.sentiment_trend
        return isinstance(event, StressMeasured | TalkMeasured)

    @property
    def lines(self) -> list[str]:
        """Give the lines, coloured."""
        return [line for line in (self._voice(), self._talk()) if line]

    def _voice(self) -> str:
        if not self._stress:
            return ""
        newest = self._stress[-1]
        drawn = "".join(_bar(each) for each in self._stress)
        if newest.score is None:
            return f"  voice   {drawn} not known: {newest.reason}"
        why = f": {', '.join(newest.drivers)}" if newest.drivers and newest.level != "calm" else ""
        return f"  voice   {drawn} {newest.score:.2f} {newest.level}{why}"

    def _talk(self) -> str:
        told = []
        if self._share is not None:
            cells = round(self._share * SHARE_CELLS)
            bar = f"\x1b[36m{'█' * cells}\x1b[35m{'█' * (SHARE_CELLS - cells)}{RESET}"
            told.append(f"agent {bar} {self._share:.0%}, {self._overtalk_s:.1f} s at once")
        if self._mood is not None:
            told.append(f"words lately {self._mood:+.2f}")
        return f"  talk    {'; '.join(told)}" if told else ""


def mark_redactions(text: str) -> str:
    """Show what was taken out in inverse, so that nobody takes it for words."""
    return _REDACTED.sub(lambda found: f"{INVERSE_ON}{found[0]}{INVERSE_OFF}", text)


def _bar(each: StressMeasured) -> str:
    if each.score is None:
        return "·"
    return COLOURS[each.level] + BARS[min(int(each.score * len(BARS)), len(BARS) - 1)] + RESET
