"""How bright the light may be at which time of the day."""

from dataclasses import dataclass
from typing import Final

MINUTES_OF_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Dimming:
    """Brightness from 0 to 1 by day and by night; the night may reach over midnight, and is empty by default.

    `begins_min` and `ends_min` are minutes since midnight, local time.
    """

    day: float = 1.0
    night: float = 1.0
    begins_min: int = 0
    ends_min: int = 0

    def factor(self, minute_of_day: int) -> float:
        """Give the brightness at this minute since midnight."""
        length = (self.ends_min - self.begins_min) % MINUTES_OF_DAY
        return self.night if (minute_of_day - self.begins_min) % MINUTES_OF_DAY < length else self.day
