import re
import time
from datetime import UTC, datetime

from appliance.adapters import clock


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_utc_has_milliseconds_and_says_that_it_is_utc() -> None:
    before, text, after = datetime.now(UTC), clock.utc(), datetime.now(UTC)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert before.timestamp() - 0.001 <= instant(text) <= after.timestamp()


def test_an_instant_of_the_monotonic_clock_has_its_utc() -> None:
    ago = instant(clock.utc()) - instant(clock.utc(time.monotonic() - 3600))
    assert 3599.9 < ago < 3600.1


def test_the_kernel_says_whether_its_clock_is_kept_right_and_nothing_is_set_by_asking() -> None:
    before = time.time() - time.monotonic()
    assert clock.is_synchronised() in {True, False}
    assert abs(time.time() - time.monotonic() - before) < 1
