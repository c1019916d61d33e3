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


class _Look(NamedTuple):
    at_s: float
    answers: int
    pulse: Pulse | None


class HangWatch:
    """Looks at one process from time to time; a few looks within `hung_s`."""

    def __init__(self, hung_s: float = HUNG_S) -> None:
        self._hung_s = hung_s
        self._since: _Look | None = None
        """The first look at which it owed the answer that it still owes."""
        self._last: _Look | None = None

    def receive_look(self, now_s: float, pulse: Pulse | None, *, owes: bool, answers: int) -> bool:
        """Take whether the process owes an answer, how many it has given, and how it is; says whether it hangs.

        Of one that nobody knows, `pulse` None, the time alone tells.
        """
        before, self._last = self._last, _Look(now_s, answers, pulse)
        if not owes:
            self._since = None
            return False
        if self._since is None or self._since.answers != answers:
            self._since = self._last
            return False
        if now_s - self._since.at_s < self._hung_s:
            return False
        if pulse is None or before is None or before.pulse is None or self._since.pulse is None:
            return True
        spins = pulse.cpu_s - self._since.pulse.cpu_s >= self._hung_s
        idle_s = IDLE_SHARE * (now_s - before.at_s)
        return spins or (pulse.sleeps and pulse.cpu_s - before.pulse.cpu_s < idle_s)
