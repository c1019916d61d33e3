"""Right times from a box whose clock is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.server_clock import ServerClock, read_utc, utc_text
from appliance.delivery.envelope import Draft, Row, envelope

SERVER = datetime(2026, 5, 4, 8, 0, 0, tzinfo=UTC)
YEAR_S = 366 * 86_400


def row(occurred_at: str, uptime_s: float | None, boot: str | None = "b1", *, synchronised: bool = False) -> Row:
    draft = Draft(
        call="c1", occurred_at=occurred_at, clock_synchronised=synchronised, event=b"{}", heard_at=occurred_at,
        boot=boot, uptime_s=uptime_s,
    )  # fmt: skip
    return Row(1, draft)


def test_an_event_of_this_boot_is_dated_by_the_servers_time() -> None:
    clock = ServerClock("b1")
    clock.receive(utc_text(SERVER), 600.0)
    late = row("1970-01-01T00:00:30.000Z", 30.0)
    sent = clock.correct(late, envelope(late))
    assert (sent.occurred_at, sent.heard_at) == ("2026-05-04T07:50:30.000Z", "2026-05-04T07:50:30.000Z")
    assert (sent.clock_synchronised, sent.corrected) == (False, True)


@pytest.mark.parametrize(
    "kept",
    [
        row("1970-01-01T00:00:30.000Z", 30.0, "b0"),
        row("1970-01-01T00:00:30.000Z", None, None),
        row("2026-05-04T07:59:00.000Z", 30.0, synchronised=True),
    ],
    ids=["another boot", "an older outbox", "a clock that was right"],
)
def test_what_cannot_or_need_not_be_dated_anew_stays_as_it_was_stamped(kept: Row) -> None:
    clock = ServerClock("b1")
    clock.receive(utc_text(SERVER), 600.0)
    assert clock.correct(kept, envelope(kept)) == envelope(kept)


@pytest.mark.parametrize("said", ["", "soon", "1970-01-01T00:00:00.000Z", "2026-05-04T08:00:00", "9" * 50])
def test_a_server_that_does_not_know_the_time_changes_nothing(said: str) -> None:
    clock = ServerClock("b1")
    clock.receive(said, 600.0)
    late = row("1970-01-01T00:00:30.000Z", 30.0)
    assert clock.correct(late, envelope(late)) == envelope(late)
    assert clock.now(600.0) is None


@given(
    stamped=st.integers(0, 130 * YEAR_S),
    uptime_s=st.floats(0, 10_000_000),
    heard_s=st.floats(0, 10_000_000),
    said=st.integers(51 * YEAR_S, 130 * YEAR_S),
)
def test_whatever_the_clock_said_the_distance_to_the_servers_time_is_that_of_the_uptimes(
    stamped: int, uptime_s: float, heard_s: float, said: int
) -> None:
    clock, known = ServerClock("b1"), datetime.fromtimestamp(said, UTC)
    clock.receive(utc_text(known), heard_s)
    late = row(utc_text(datetime.fromtimestamp(stamped, UTC)), uptime_s)
    found = read_utc(clock.correct(late, envelope(late)).occurred_at)
    assert found is not None
    assert abs((found - known) - timedelta(seconds=uptime_s - heard_s)) < timedelta(milliseconds=3)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_time(text: str) -> None:
    found = read_utc(text)
    assert found is None or found.tzinfo is UTC
