"""The table `[retention]` of the server's configuration: for how many days what is kept. A key left out: for ever.

```toml
[retention]
words_days = 30     # what was said: all events of a call. Its sums and the levels of its alerts stay for
calls_days = 365    # so long. Days are counted from when the last event of a call was stored, by the server's clock
audit_days = 730    # who looked at which call, and what was deleted when
at = "03:00"        # when to delete, each day, by the server's local time; and at each start
```
"""

import re
from dataclasses import dataclass
from datetime import time
from typing import Final

from appliance.toml_table import Table

MAX_DAYS: Final = 36_500
MIN_DAYS: Final = 0.01
"""A quarter of an hour: for trials."""

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Keep:
    """For how many days each kind is kept; None: for ever. `at`: when to delete."""

    words_days: float | None = None
    calls_days: float | None = None
    audit_days: float | None = None
    at: time = time(3)

    @property
    def deletes(self) -> bool:
        """Whether anything is ever deleted."""
        return (self.words_days, self.calls_days, self.audit_days) != (None, None, None)


def read_retention(table: Table) -> Keep:
    """Read the table. Raises `BadInputError` with the key, its line and the mend."""
    days = ("words_days", "calls_days", "audit_days")
    table.allow_only(*days, "at")
    given = {key: table.number(key, 0, at_least=MIN_DAYS, at_most=MAX_DAYS) for key in days if table.has(key)}
    words, calls = given.get("words_days"), given.get("calls_days")
    if words is not None and calls is not None and words > calls:
        table.refuse("words_days", f"is more than calls_days = {calls:g}", "words cannot outlast their call")
    at = table.text("at", "03:00")
    clock = _CLOCK.fullmatch(at)
    if clock is None:
        table.refuse("at", f'is "{at}"', 'write hours and minutes, such as "03:00"')
    return Keep(words, calls, given.get("audit_days"), time(int(clock[1]), int(clock[2])))
