"""Whether a process that owes an answer is slow or hangs: by the processor time it gets, and by what it waits for.

A busy box gives its processes little time each. Whoever ends one for being late throws away what it has done, has
its model loaded anew, and is busier than before.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

HUNG_S: Final = 20.0
"""Without any answer to what it was asked, a process may hang: the slowest step of a large model takes a second or two.
It does if it has spent all that time working, or has done nothing and waits for something else than a processor."""

LOOKS: Final = 4
"""In that time."""

IDLE_SHARE: Final = 0.02
"""Of the time between two looks that it has had a processor: less is no work."""

_CLOCK_HZ: Final = os.sysconf("SC_CLK_TCK")


class Pulse(NamedTuple):
    """The processor time that a process and its ended children have had, and whether it sleeps or is stopped now."""

    cpu_s: float
    sleeps: bool


def pulse(pid: int) -> Pulse | None:
    """Look at a process; None where there is none of that number. Source: proc_pid_stat(5)."""
    with suppress(OSError, ValueError, IndexError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return Pulse(sum(map(int, fields[10:14])) / _CLOCK_HZ, sleeps=state not in {"R", "D"})
    return None


class HangWatch:
    """Looks at one process `LOOKS` times in `hung_s`.

    Looks are counted and not seconds: a computer that slept, or whose processes were all stopped for a while, has not
    hung for that long.
    """

    def __init__(self, hung_s: float = HUNG_S) -> None:
        self._hung_s = hung_s
        self._answers: int | None = None
        """How many it had given when it was first seen to owe the answer that it still owes."""
        self._since_cpu_s = 0.0
        self._last: Pulse | None = None
        self._idle = 0

    def receive_look(self, pulse: Pulse | None, *, owes: bool, answers: int) -> bool:
        """Take whether the process owes an answer, how many it has given, and how it is; says whether it hangs.

        Of one that nobody knows, `pulse` None, only that it does not answer is known.
        """
        before, self._last = self._last, pulse
        if not owes or answers != self._answers:
            self._answers = answers if owes else None
            self._since_cpu_s, self._idle = pulse.cpu_s if pulse else 0.0, 0
            return False
        self._idle = self._idle + 1 if self._is_idle(before, pulse) else 0
        spins = pulse is not None and pulse.cpu_s - self._since_cpu_s >= self._hung_s
        return spins or self._idle >= LOOKS

    def _is_idle(self, before: Pulse | None, now: Pulse | None) -> bool:
        if before is None or now is None:
            return now is None
        return now.sleeps and now.cpu_s - before.cpu_s < IDLE_SHARE * self._hung_s / LOOKS
