"""What the line on a sound card is doing, and how it is, from its steps."""

from typing import Final

from appliance.adapters.line import Step, Trouble
from appliance.adapters.vad import VoiceDetector
from appliance.speech.frames import Frame, Side
from appliance.speech.level import level_dbfs
from appliance.telephony.hook import HookChange, HookDetector
from appliance.telephony.hook_contact import ContactHook
from appliance.telephony.line_health import MENDS, SideHealth
from appliance.telephony.line_sides import MISTAKE_MENDS, Mistake, SidesCheck
from appliance.telephony.tones import ToneDetector, ToneFound

DEAF: Final = frozenset({"silent", "dead"})


class LineWatch:
    """Takes the steps of a line; tells when it goes off hook and on hook, and what is wrong with it."""

    def __init__(self, sides: tuple[Side, ...], *, one_card: bool) -> None:
        self._check = SidesCheck(sides.index("agent")) if len(sides) > 1 else None
        self._one_card = one_card
        self._sides = sides
        self._hook = HookDetector()
        self._contact = ContactHook()
        self._tones = {side: ToneDetector() for side in sides}
        self._voices = {side: VoiceDetector() for side in sides}
        self._health = {side: SideHealth() for side in sides}

    def receive_step(self, step: Step, *, contact: bool | None = None) -> HookChange | None:
        """Take the next step, and what a hook input says, None for nothing: then the sound tells."""
        frames = [piece for piece in step if isinstance(piece, Frame)]
        if not frames:
            return None
        found = [self._tones[frame.side].receive_frame(frame.sample, frame.pcm) for frame in frames]
        voiced = {frame.side: self._voices[frame.side].is_voiced(frame) for frame in frames}
        for frame in frames:
            self._health[frame.side].receive_frame(frame.pcm, voiced=voiced[frame.side])
        if self._check and len(frames) > 1:
            self._compare(self._check, frames, found, voiced=any(voiced.values()))
        level = max(level_dbfs(frame.pcm) for frame in frames)
        tones = tuple(tone for tone in found if tone)
        by_sound = self._hook.receive_step(frames[0].sample, level, tones, voiced=any(voiced.values()))
        change = self._contact.receive_step(
            frames[0].sample, by_sound, contact=contact, sound_off_hook=self._hook.off_hook
        )
        if change:  # what was heard of the other state says nothing about this one
            self._health = {side: SideHealth() for side in self._sides}
        return change

    @property
    def mistake(self) -> Mistake | None:
        """Give what is wrong with how the two sides sit together."""
        return self._check.mistake if self._check else None

    def _compare(self, check: SidesCheck, frames: list[Frame], found: list[ToneFound | None], *, voiced: bool) -> None:
        check.receive_tones((found[0], found[1]))
        if voiced and self._one_card:
            check.receive_voice((frames[0].pcm, frames[1].pcm))

    def troubles(self) -> tuple[Trouble, ...]:
        """Give what is wrong now; on hook a line is silent, and that is no trouble."""
        ill = [(side, health.illness) for side, health in self._health.items() if health.illness]
        wrong = (Trouble("line_poor", MISTAKE_MENDS[self.mistake]),) if self.mistake else ()
        return wrong + tuple(
            Trouble("line_deaf" if illness in DEAF else "line_poor", f"The {side}'s side {MENDS[illness]}")
            for side, illness in ill
            if self._contact.off_hook or illness not in DEAF
        )
