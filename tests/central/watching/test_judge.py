"""What is so of a box, by what it says and by what only the server can know."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.central.watching.judge import (
    OFFLINE_AFTER,
    OK,
    SILENT_AFTER,
    WORST_FIRST,
    Known,
    Seen,
    Told,
    judged,
    lasted,
)
from appliance.health import RANK

from .boxes import NOW, ago, said

LONG_AGO = ago(days=30)


def names(seen: Seen, known: Known | None = None, watching_since: datetime = LONG_AGO) -> list[str]:
    return [each.name for each in judged(seen, known, NOW, watching_since)]


def online(*conditions: str, **fields: Any) -> Seen:
    given: dict[str, Any] = {"online": True, "last_seen": NOW, "told": Told(NOW, said(*conditions))} | fields
    return Seen(**given)


def test_a_box_that_says_that_all_is_well_is_well() -> None:
    assert judged(online(), None, NOW, LONG_AGO) == (OK,)


def test_what_a_box_says_of_itself_is_kept_with_its_reasons_worst_first() -> None:
    assert names(online("clock", "deaf", "hot")) == ["deaf", "hot", "clock"]
    assert judged(online("hot"), None, NOW, LONG_AGO)[0].why == "why"


def test_a_name_of_a_newer_box_is_shown_and_is_no_reason_to_say_that_all_is_well() -> None:
    assert names(online("ok", "haunted")) == ["haunted"]


def test_a_box_that_is_gone_for_a_moment_is_as_it_was_and_then_off_line() -> None:
    told = Told(ago(hours=1), said("hot"))
    assert names(Seen(last_seen=NOW - OFFLINE_AFTER + timedelta(seconds=1), told=told)) == ["hot"]
    assert names(Seen(last_seen=NOW - OFFLINE_AFTER, told=told)) == ["offline"]


def test_a_server_that_was_away_itself_gives_the_boxes_time_to_come_back() -> None:
    gone = Seen(last_seen=ago(hours=9), told=Told(ago(hours=9), said()))
    assert names(gone, watching_since=ago(minutes=1)) == ["ok"]
    assert judged(gone, None, NOW, ago(minutes=6))[0].why == "Not reached for 9.0 hours"


def test_a_box_that_was_claimed_and_never_came_is_told_with_its_age() -> None:
    (found,) = judged(Seen(), Known(ago(days=3)), NOW, LONG_AGO)
    assert (found.name, found.why) == ("never_seen", "It has never come; claimed 3 days ago")


def test_a_box_on_line_that_tells_nothing_of_itself_is_not_taken_to_be_well() -> None:
    assert names(Seen(online=True, last_seen=NOW)) == ["silent"]
    assert names(online("hot", told=Told(NOW - SILENT_AFTER, said("hot")))) == ["hot", "silent"]


def test_the_mute_for_hours_is_counted_by_the_server_for_the_box_forgets_it_at_a_restart() -> None:
    assert names(online(muted_since=ago(hours=1.9))) == ["ok"]
    assert judged(online("muted", muted_since=ago(hours=26)), None, NOW, LONG_AGO)[0].why == "Muted for 26.0 hours"


@pytest.mark.parametrize(
    ("left_days", "expected"), [(31, ["ok"]), (16, ["ok"]), (14, ["certificate"]), (-1, ["certificate"])]
)
def test_a_certificate_that_was_not_renewed_in_time_is_told(left_days: int, expected: list[str]) -> None:
    end = NOW + timedelta(days=left_days)
    known = Known(LONG_AGO, issued_at=end - timedelta(days=90), expires_at=end)
    assert names(online(), known) == expected


def test_an_identity_at_two_places_is_worse_than_what_the_box_says() -> None:
    assert names(online("deaf", cloned=True)) == ["cloned", "deaf"]


def test_every_name_that_a_box_gives_has_its_place() -> None:
    assert RANK.keys() <= set(WORST_FIRST)


@given(
    st.builds(
        Seen,
        online=st.booleans(),
        last_seen=st.none() | st.timedeltas(timedelta(), timedelta(days=9)).map(lambda span: NOW - span),
        told=st.none()
        | st.builds(
            Told,
            st.timedeltas(timedelta(), timedelta(days=9)).map(lambda span: NOW - span),
            st.lists(st.sampled_from(WORST_FIRST), max_size=4).map(lambda found: said(*found)),
        ),
        muted_since=st.none() | st.timedeltas(timedelta(), timedelta(days=9)).map(lambda span: NOW - span),
        cloned=st.booleans(),
    )
)
def test_there_is_always_an_answer_worst_first_and_ok_stands_alone(seen: Seen) -> None:
    found = names(seen)
    assert found
    assert [WORST_FIRST.index(name) for name in found] == sorted(WORST_FIRST.index(name) for name in found)
    assert "ok" not in found or found == ["ok"]


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=20), "1 minute"),
        (timedelta(minutes=14), "14 minutes"),
        (timedelta(hours=3.24), "3.2 hours"),
        (timedelta(days=12.5), "12 days"),
    ],
)
def test_how_long_something_lasted_is_said_as_people_do(span: timedelta, text: str) -> None:
    assert lasted(span) == text
