"""One-time claims."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.central.access import claims
from appliance.central.access.claims import MAX_WRONG_SERIALS, ClaimError, make_claim, redeem
from appliance.central.access.store import open_access


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_access(tmp_path / "access")) as connection:
        yield connection


def reason(database: sqlite3.Connection, token: str, serial: str, key: str) -> str:
    with pytest.raises(ClaimError) as error:
        redeem(database, token, serial, key)
    return error.value.reason


def test_a_claim_is_for_one_box_and_one_key(database: sqlite3.Connection) -> None:
    token = make_claim(database, "00ABC", "desk-1")
    assert reason(database, token, "abd", "k1") == "wrong_serial"
    assert redeem(database, token, "abc", "k1") == "desk-1"
    assert redeem(database, token, "ABC", "k1") == "desk-1", "the answer may have been lost on the way"
    assert reason(database, token, "abc", "k2") == "claim_used"
    assert reason(database, "0" * 32, "abc", "k1") == "claim_unknown"


def test_a_claim_expires(database: sqlite3.Connection) -> None:
    token = make_claim(database, "1", "desk-1", timedelta(seconds=-1))
    assert reason(database, token, "1", "k") == "claim_expired"


def test_a_newer_claim_ends_an_unused_one(database: sqlite3.Connection) -> None:
    old, new = make_claim(database, "1", "desk-1"), make_claim(database, "1", "desk-1")
    assert reason(database, old, "1", "k") == "claim_unknown"
    assert redeem(database, new, "1", "k") == "desk-1"
    assert [item.device for item in claims.listed(database)] == ["desk-1"]


def test_who_tries_one_serial_number_after_the_other_ends_the_claim(database: sqlite3.Connection) -> None:
    token = make_claim(database, "77", "desk-1")
    for number in range(MAX_WRONG_SERIALS):
        assert reason(database, token, f"{number}", "k") == "wrong_serial"
    assert reason(database, token, "77", "k") == "claim_unknown"


def test_the_token_is_kept_nowhere(database: sqlite3.Connection, tmp_path: Path) -> None:
    token = make_claim(database, "1", "desk-1")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in (tmp_path / "access").iterdir():
        assert token.encode() not in path.read_bytes().lower()


TRIES = st.lists(st.tuples(st.sampled_from(["1", "2"]), st.sampled_from(["k1", "k2", "k3"])), max_size=8)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TRIES)
def test_whatever_is_tried_only_one_key_gets_in(database: sqlite3.Connection, tries: list[tuple[str, str]]) -> None:
    token = make_claim(database, "1", "desk-1")
    winners = set()
    for serial, key in tries:
        try:
            redeem(database, token, serial, key)
        except ClaimError:
            continue
        assert serial == "1"
        winners.add(key)
    assert len(winners) <= 1
    database.execute("DELETE FROM claims")
