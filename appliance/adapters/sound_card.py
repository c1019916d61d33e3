"""Sound cards on the handset or headset line as the telephone: one line, one call at a time."""

import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from appliance.adapters.capture import Capture
from appliance.adapters.hook_input import open_hook
from appliance.adapters.line import LineCall, LineKind, Report, Sign, Step, Trouble, unseen
from appliance.adapters.sound_card_audio import LineAudio
from appliance.adapters.sound_card_call import CardCall, notice
from appliance.adapters.sound_card_process import NotCaptured, blocks_of_all
from appliance.adapters.sound_card_watch import LineWatch
from appliance.events import UNKNOWN_SPEAKER, Band, Notice
from appliance.session import EndReason
from appliance.sound_card_settings import SoundCardSettings
from appliance.speech.frames import FRAME_MS, Frame
from appliance.telephony.hook import FORGOTTEN_MS, HookChange

log = logging.getLogger(__name__)

BEFORE_STEPS: Final = 1_000 // FRAME_MS
"""Kept of an idle line: that it is off hook is known 300 to 400 ms later, and the first word counts."""

WATCH_STEPS: Final = 10
"""Looked at together: the sound goes on at once, but whether it is a call may be known a fifth of a second later, and
ten steps in a row cost a third of what they cost one by one."""

GONE_TIMES: Final = 10
"""That a card was looked for in vain before it is taken for gone: some five seconds."""

DRIFT_TOLD_EVERY_S: Final = 3_600.0
"""Clocks change with the warmth of the day. First told when it can be known, after a minute."""


MIXED: Final = (
    "Unknown speaker: both voices come on one channel. Words may be anybody's, whatever side they stand under; who "
    "talks how much is not known, and feelings are not measured."
)


class SoundCard:
    """One card with a channel for each side, or a card for each; see `line.Line`."""

    kind: LineKind = "sound_card"

    def __init__(self, settings: SoundCardSettings) -> None:
        self.band: Band = settings.band
        self.on_sign: Sign = unseen
        self.busy = ""
        self.capture = Capture()
        self._settings = settings
        self._audio = LineAudio(len(settings.cards), settings.sides, settings.rate_hz)
        self._watch = self._new_watch()
        self._hook = open_hook(settings.hook) if settings.hook else None
        self._knows_mixed = False
        self._recent = deque[Step](maxlen=BEFORE_STEPS)
        self._call: CardCall | None = None
        self._missed = [0] * len(settings.cards)
        self._drift_told_s = [0.0] * len(settings.cards)
        self._unwatched: list[tuple[Step, bool | None]] = []
        self._troubles: tuple[Trouble, ...] = ()
        self._muted_from_s: float | None = None

    async def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
        """See `line.Line`."""
        settings = self._settings
        stream = blocks_of_all(settings.cards, settings.channels, settings.rate_hz, self.capture)
        try:
            async with contextlib.aclosing(stream):
                async for card, block in stream:
                    self.on_sign()
                    if isinstance(block, NotCaptured):
                        self._withhold(block.until_s)
                        continue
                    self._muted_from_s = None
                    self._missed[card] = 0 if block else self._missed[card] + 1
                    if min(self._missed) >= GONE_TIMES:
                        self._end("line_lost")
                    for step in self._audio.steps(card, block) if block else ():
                        self._receive_step(step)
                    if len(self._unwatched) >= WATCH_STEPS:
                        if call := self._watch_steps():
                            yield call
                        self._tell(report)
                    elif not block:
                        self._tell(report)
        finally:
            self._end("stopped")
            if self._hook:
                self._hook.close()

    def _new_watch(self) -> LineWatch:
        return LineWatch(self._settings.sides, one_card=len(self._settings.cards) == 1)

    def _withhold(self, until_s: float) -> None:
        """Let time go on for the call that is on: whether it still is only a hook input tells, or a long time."""
        if self._muted_from_s is None:
            self._muted_from_s = until_s
        self._recent.clear()
        self._unwatched.clear()
        for step in self._audio.withhold(until_s):
            if self._call:
                self._call.put(step)
        if self._hook and self._hook.is_off_hook() is False:
            self._end("on_hook")
            self._watch = self._new_watch()
        elif self._call and until_s - self._muted_from_s >= FORGOTTEN_MS / 1000:
            self._end("line_lost")

    def _receive_step(self, step: Step) -> None:
        """Hand a step to the call that is on."""
        if self._call:
            self._call.put(step)
        self._recent.append(step)
        self._unwatched.append((step, self._hook.is_off_hook() if self._hook else None))

    def _watch_steps(self) -> LineCall | None:
        """Begin or end a call by what was heard; gives the one that begins."""
        watched, self._unwatched = self._unwatched, []
        begun: LineCall | None = None
        for change in self._watch.receive_steps(watched):
            begun = self._change(change)
        self._tell_mixed()
        self._tell_drift()
        return begun

    def _change(self, change: HookChange) -> LineCall | None:
        if change.state == "on_hook":
            self._end("on_hook")
            return None
        frames = [piece for each in self._recent for piece in each if isinstance(piece, Frame)]
        start = min(frame.sample for frame in frames if frame.sample >= change.sample)
        self._call = CardCall(start, self._settings.sides, self.band, self._opening())
        for each in self._recent:
            self._call.put(each)
        return self._call.line_call

    def _opening(self) -> tuple[Notice, ...]:
        """Give what a call must be told that begins now: what is wrong with the line was told to those before."""
        standing = tuple(notice(trouble.fault, trouble.text) for trouble in self._troubles)
        self._knows_mixed = self._settings.mixed or self._watch.mistake == "mixed"
        return (*standing, notice(UNKNOWN_SPEAKER, MIXED)) if self._knows_mixed else standing

    def _tell_mixed(self) -> None:
        """Tell the call that is on that its voices have turned out to be mixed."""
        if self._call and self._watch.mistake == "mixed" and not self._knows_mixed:
            self._knows_mixed = True
            self._call.tell(UNKNOWN_SPEAKER, MIXED)

    def _tell(self, report: Report) -> None:
        gone = tuple(_gone(self._settings, card) for card, missed in enumerate(self._missed) if missed)
        troubles = (*gone, *(() if len(gone) == len(self._missed) else self._watch.troubles()))
        if self._hook and self._hook.problem:
            troubles += (Trouble("line_poor", self._hook.problem),)
        if troubles != self._troubles:
            self._troubles = troubles
            report(troubles)

    def _tell_drift(self) -> None:
        now_s = time.monotonic()
        for card, next_s in enumerate(self._drift_told_s):
            if now_s >= next_s and (ppm := self._audio.drift_ppm(card)):
                self._drift_told_s[card] = now_s + DRIFT_TOLD_EVERY_S
                log.info("event=sound_card_drift card=%r slower_ppm=%.0f", self._settings.cards[card], ppm)

    def _end(self, reason: EndReason) -> None:
        if self._call:
            self._call.end(reason)
        self._call = None
        if reason != "on_hook":  # nobody heard how it ended: whoever speaks next begins a call
            self._watch = self._new_watch()


def _gone(settings: SoundCardSettings, card: int) -> Trouble:
    name = settings.cards[card]
    of = f" of the {settings.sides[card]}'s side" if len(settings.cards) > 1 else ""
    return Trouble(
        "line_lost", f"The sound card {name!r}{of} gives no sound: is it plugged in? `undertone line list` helps."
    )
