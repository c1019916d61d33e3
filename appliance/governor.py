"""What a box leaves undone when it has too much to do, so that it never falls behind a call in silence.

Partial words go first, for the final ones follow; then the stress of voices; then new calls are refused. Each stage
must have failed for a while before the next, and is left only after a longer while in time.
"""

from typing import Final, Literal, get_args

Stage = Literal["all", "no_partials", "no_prosody", "no_new_calls"]
"""What is done: all; all but partial words; without stress in voices either; and no new calls."""

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

LATE_S: Final = 0.1
"""A tick of the loop that is this late waited behind other work: half of a voice's packets for that time wait too."""

WAITING_S: Final = 0.8
"""Speech that waits for a recognizer: one that keeps up has a block or two of 0.2 s waiting."""

TICK_S: Final = 0.2
"""Between two looks."""

BEHIND_TICKS: Final = 5
"""One after the other: a box that was held up once is not busy."""

RELIEF_TICKS: Final = 50
"""In time, one after the other, before more is done again: ten seconds."""

STAGE_WORDS: Final[dict[Stage, str]] = {
    "all": "The box keeps up again: partial words and stress are told",
    "no_partials": "The box is behind: partial words are left out, final words still come",
    "no_prosody": "The box is behind: partial words and stress in voices are left out",
    "no_new_calls": "The box is behind: partial words and stress are left out, and new calls are refused",
}


class Governor:
    """Takes a look every `TICK_S`."""

    def __init__(self) -> None:
        self._at = 0
        self._behind = 0
        self._in_time = 0

    @property
    def stage(self) -> Stage:
        """What is done now."""
        return STAGES[self._at]

    def receive_look(self, late_s: float, waiting_s: float) -> Stage:
        """Take how late the loop came, and how much speech waits for the recognizer that has most of it waiting."""
        if late_s > LATE_S or waiting_s > WAITING_S:
            self._in_time = 0
            self._behind += 1
        else:
            self._behind = 0
            self._in_time += 1
        if self._behind >= BEHIND_TICKS:
            self._at, self._behind = min(self._at + 1, len(STAGES) - 1), 0
        elif self._in_time >= RELIEF_TICKS:
            self._at, self._in_time = max(self._at - 1, 0), 0
        return self.stage


def does(stage: Stage, least: Stage) -> bool:
    """Say whether at this stage something is still done that is left out from `least` on."""
    return STAGES.index(stage) < STAGES.index(least)
