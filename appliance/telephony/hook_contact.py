"""Off hook and on hook told by a contact, a button or a byte, and by the sound of the line where that tells nothing."""

from typing import Final

from appliance.telephony.hook import FRAME_MS, HookChange

BOUNCE_MS: Final = 60
"""Contacts bounce for less, and nobody lifts and hangs up within it."""


class ContactHook:
    """Makes one state of what a contact says and what the sound of the line says."""

    def __init__(self) -> None:
        self.off_hook = False
        self._wanted_since = 0
        self._wanted_ms = 0

    def receive_step(
        self, sample: int, by_sound: HookChange | None, *, contact: bool | None, sound_off_hook: bool
    ) -> HookChange | None:
        """Take the next 20 ms: the contact (None: it tells nothing), and the change that the sound tells, if any.

        Where the contact tells nothing, the sound is believed.
        """
        if contact is None:
            self._wanted_ms = 0
            if by_sound:
                return self._change(by_sound.sample, off_hook=sound_off_hook)
            return self._change(sample, off_hook=sound_off_hook)
        if contact == self.off_hook:
            self._wanted_ms = 0
            return None
        self._wanted_since = self._wanted_since if self._wanted_ms else sample
        self._wanted_ms += FRAME_MS
        return self._change(self._wanted_since, off_hook=contact) if self._wanted_ms >= BOUNCE_MS else None

    def _change(self, sample: int, *, off_hook: bool) -> HookChange | None:
        if off_hook == self.off_hook:
            return None
        self.off_hook, self._wanted_ms = off_hook, 0
        return HookChange("off_hook" if off_hook else "on_hook", sample)
