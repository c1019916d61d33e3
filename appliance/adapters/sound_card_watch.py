"""What the line on a sound card is doing, and how it is, from its steps."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from appliance.adapters.line import Step, Trouble
from appliance.adapters.vad import VoiceDetector
from appliance.speech.frames import FRAME_SAMPLES, Frame, Side
from appliance.speech.level import levels_dbfs
from appliance.telephony.hook import HookChange, HookDetector
from appliance.telephony.hook_contact import ContactHook
from appliance.telephony.line_health import MENDS, SideHealth
from appliance.telephony.line_sides import MISTAKE_MENDS, Mistake, SidesCheck
from appliance.telephony.tones import ToneDetector, are_tones

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

    def receive_steps(self, steps: Sequence[tuple[Step, bool | None]]) -> list[HookChange]:
        """Take the next steps, each with what a hook input says, None for nothing: then the sound tells.

        Several at once cost much less than one by one.
        """
        heard = [([piece for piece in step if isinstance(piece, Frame)], contact) for step, contact in steps]
        pcm = b"".join(frame.pcm for frames, _ in heard for frame in frames)
        signals = np.frombuffer(pcm, "<i2").astype(np.float32).reshape(-1, FRAME_SAMPLES)
        measured = zip(levels_dbfs(signals), are_tones(signals), strict=True)
        found = [
            self._receive_step(frames, [next(measured) for _ in frames], contact=contact)
            for frames, contact in heard
            if frames
        ]
        return [change for change in found if change]

    def _receive_step(
        self, frames: list[Frame], measured: list[tuple[float, bool]], *, contact: bool | None
    ) -> HookChange | None:
        """Take the frames of a step, and the level of each and whether it is a tone."""
        sample, is_voiced = frames[0].sample, False
        found = [
            self._tones[frame.side].receive_frame(sample, sounds=sounds)
            for frame, (_, sounds) in zip(frames, measured, strict=True)
        ]
        for frame in frames:
            voiced = self._voices[frame.side].is_voiced(frame)
            self._health[frame.side].receive_frame(frame.pcm, voiced=voiced)
            is_voiced = is_voiced or voiced
        if self._check and len(frames) > 1:
            self._check.receive_tones((found[0], found[1]))
            if is_voiced and self._one_card:
                self._check.receive_voice((frames[0].pcm, frames[1].pcm))
        level = max(level for level, _ in measured)
        by_sound = self._hook.receive_step(sample, level, tuple(filter(None, found)), voiced=is_voiced)
        change = self._contact.receive_step(sample, by_sound, contact=contact, sound_off_hook=self._hook.off_hook)
        if change:  # what was heard of the other state says nothing about this one
            self._health = {side: SideHealth() for side in self._sides}
        return change

    @property
    def mistake(self) -> Mistake | None:
        """Give what is wrong with how the two sides sit together."""
        return self._check.mistake if self._check else None

    def troubles(self) -> tuple[Trouble, ...]:
        """Give what is wrong now; on hook a line is silent, and that is no trouble."""
        ill = [(side, health.illness) for side, health in self._health.items() if health.illness]
        wrong = (Trouble("line_poor", MISTAKE_MENDS[self.mistake]),) if self.mistake else ()
        return wrong + tuple(
            Trouble("line_deaf" if illness in DEAF else "line_poor", f"The {side}'s side {MENDS[illness]}")
            for side, illness in ill
            if self._contact.off_hook or illness not in DEAF
        )
