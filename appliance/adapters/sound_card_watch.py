"""What the line on a sound card is doing, and how it is, from its steps."""

from typing import Final

from appliance.adapters.line import Step, Trouble
from appliance.adapters.vad import VoiceDetector
from appliance.speech.frames import Frame, Side
from appliance.speech.level import level_dbfs
from appliance.telephony.hook import HookChange, HookDetector
from appliance.telephony.line_health import MENDS, SideHealth
from appliance.telephony.tones import ToneDetector

DEAF: Final = frozenset({"silent", "dead"})


class LineWatch:
    """Takes the steps of a line; tells when it goes off hook and on hook, and what is wrong with it."""

    def __init__(self, sides: tuple[Side, ...]) -> None:
        self._sides = sides
        self._hook = HookDetector()
        self._tones = {side: ToneDetector() for side in sides}
        self._voices = {side: VoiceDetector() for side in sides}
        self._health = {side: SideHealth() for side in sides}

    def receive_step(self, step: Step) -> HookChange | None:
        """Take the next step."""
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
