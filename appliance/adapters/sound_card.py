"""A sound card on the handset or headset line as the telephone: one line, one call at a time."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from appliance.adapters.line import LineCall, LineKind, Report, Sign, Step, Trouble, unseen
from appliance.adapters.sound_card_audio import CardAudio
from appliance.adapters.sound_card_process import blocks
from appliance.adapters.vad import VoiceDetector
from appliance.events import Band
from appliance.line_settings import SoundCardSettings
from appliance.session import EndReason
from appliance.speech.frames import FRAME_MS, Frame, Lost
from appliance.speech.level import level_dbfs
from appliance.telephony.hook import HookChange, HookDetector
from appliance.telephony.line_health import MENDS, SideHealth
from appliance.telephony.tones import ToneDetector

BEFORE_STEPS: Final = 1_000 // FRAME_MS
"""Kept of an idle line: that it is off hook is known 300 to 400 ms later, and the first word counts."""

WAITING_STEPS: Final = 5_000 // FRAME_MS
"""What a call may leave waiting; beyond that the oldest would be no news, and memory has an end."""

GONE_STEPS: Final = 10
"""Times that the card was looked for in vain before the call on it is over: some five seconds."""

DEAF: Final = frozenset({"silent", "dead"})


class SoundCard:
    """One card with a channel for each side; see `line.Line`."""

    kind: LineKind = "sound_card"

    def __init__(self, settings: SoundCardSettings) -> None:
        self.band: Band = settings.band
        self.on_sign: Sign = unseen
        self._settings = settings
        self._audio = CardAudio(settings)
        self._watch = _Watch(settings)
        self._recent = deque[Step](maxlen=BEFORE_STEPS)
        self._call: _CallSteps | None = None
        self._troubles: tuple[Trouble, ...] = ()

    async def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
        """See `line.Line`."""
        settings, gone = self._settings, 0
        stream = blocks(settings.card, len(settings.sides), settings.rate_hz)
        try:
            async with contextlib.aclosing(stream):
                async for block in stream:
                    gone = 0 if block else gone + 1
                    if block is None:
                        self._tell(report, (_gone(settings.card),))
                        if gone >= GONE_STEPS:
                            self._end("line_lost")
                        self.on_sign()
                        continue
                    for step in self._audio.steps(block):
                        change = self._watch.receive_step(step)
                        if call := self._pass_on(step, change):
                            yield call
                    self._tell(report, self._watch.troubles())
                    self.on_sign()
        finally:
            self._end("stopped")

    def _pass_on(self, step: Step, change: HookChange | None) -> LineCall | None:
        """Hand a step to the call that is on, and begin or end one; gives the one that begins."""
        if self._call:
            self._call.put(step)
            if change:
                self._end("on_hook")
            return None
        self._recent.append(step)
        if change is None:
            return None
        frames = [piece for each in self._recent for piece in each if isinstance(piece, Frame)]
        self._call = _CallSteps(min(frame.sample for frame in frames if frame.sample >= change.sample))
        for each in self._recent:
            self._call.put(each)
        self._recent.clear()
        self._call.line_call = LineCall(self._settings.sides, self.band, self._call.steps())
        return self._call.line_call

    def _tell(self, report: Report, troubles: tuple[Trouble, ...]) -> None:
        if troubles != self._troubles:
            self._troubles = troubles
            report(troubles)

    def _end(self, reason: EndReason) -> None:
        if self._call:
            self._call.end(reason)
        self._call = None


class _Watch:
    """What the line is doing and how it is, from its steps."""

    def __init__(self, settings: SoundCardSettings) -> None:
        self._sides = settings.sides
        self._hook = HookDetector()
        self._tones = {side: ToneDetector() for side in settings.sides}
        self._voices = {side: VoiceDetector() for side in settings.sides}
        self._health = {side: SideHealth() for side in settings.sides}

    def receive_step(self, step: Step) -> HookChange | None:
        frames = [piece for piece in step if isinstance(piece, Frame)]
        if not frames:
            return None
        found = [self._tones[frame.side].receive_frame(frame.sample, frame.pcm) for frame in frames]
        voiced = {frame.side: self._voices[frame.side].is_voiced(frame) for frame in frames}
        for frame in frames:
            self._health[frame.side].receive_frame(frame.pcm, voiced=voiced[frame.side])
        level = max(level_dbfs(frame.pcm) for frame in frames)
        tones = tuple(tone for tone in found if tone)
        change = self._hook.receive_step(frames[0].sample, level, tones, voiced=any(voiced.values()))
        if change:  # what was heard of the other state says nothing about this one
            self._health = {side: SideHealth() for side in self._sides}
        return change

    def troubles(self) -> tuple[Trouble, ...]:
        """Give what is wrong now; on hook a line is silent, and that is no trouble."""
        ill = [(side, health.illness) for side, health in self._health.items() if health.illness]
        return tuple(
            Trouble("line_deaf" if illness in DEAF else "line_poor", f"The {side}'s side {MENDS[illness]}")
            for side, illness in ill
            if self._hook.off_hook or illness not in DEAF
        )


class _CallSteps:
    """The steps of one call, between the line that gives them and the call that takes them."""

    def __init__(self, start_sample: int) -> None:
        self.line_call: LineCall | None = None
        self._start = start_sample
        self._queue = asyncio.Queue[Step | None]()
        self._dropped_from: dict[str, int] = {}

    def put(self, step: Step) -> None:
        """Add a step of the line; what lies before the call is left out."""
        moved = tuple(piece for piece in map(self._moved, step) if piece)
        full = self._queue.qsize() >= WAITING_STEPS
        for piece in moved:
            if full:
                self._dropped_from.setdefault(piece.side, _start(piece))
            elif piece.side in self._dropped_from:
                self._queue.put_nowait(
                    (Lost(piece.side, self._dropped_from.pop(piece.side), _start(piece), "line_overrun"),)
                )
        if moved and not full:
            self._queue.put_nowait(moved)

    def end(self, reason: EndReason) -> None:
        """Let the call end behind what it has been given."""
        if self.line_call:
            self.line_call.ended = reason
        self._queue.put_nowait(None)

    async def steps(self) -> AsyncIterator[Step]:
        """Give the steps as they come, until the call ends."""
        while (step := await self._queue.get()) is not None:
            yield step

    def _moved(self, piece: object) -> Frame | Lost | None:
        if isinstance(piece, Frame) and piece.sample >= self._start:
            return piece._replace(sample=piece.sample - self._start)
        if isinstance(piece, Lost) and piece.end_sample > self._start:
            start, end = max(0, piece.start_sample - self._start), piece.end_sample - self._start
            return piece._replace(start_sample=start, end_sample=end)
        return None


def _start(piece: Frame | Lost) -> int:
    return piece.sample if isinstance(piece, Frame) else piece.start_sample


def _gone(card: str) -> Trouble:
    return Trouble(
        "line_lost", f"The sound card {card!r} gives no sound: is it plugged in? `undertone line list` helps."
    )
