"""What deleting leaves in a file, seen and cleared away."""

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.central.deletion import prepare, scrub
from appliance.central.residue import dirty_pages


def written(path: Path, page_bytes: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size={page_bytes}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE said (number INTEGER PRIMARY KEY, text TEXT)")
    return connection


def held(path: Path) -> set[int]:
    """Give the rows of which anything is in the file."""
    return {int(number) for number in re.findall(rb"row(\d+);", path.read_bytes())}


@pytest.mark.parametrize("page_bytes", [512, 4096, 65_536])
def test_a_row_that_is_deleted_without_care_is_seen(tmp_path: Path, page_bytes: int) -> None:
    path = tmp_path / "a.sqlite"
    with closing(written(path, page_bytes)) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.executemany("INSERT INTO said VALUES (?,?)", [(number, f"quokka {number}") for number in range(9)])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert dirty_pages(path) == 0
        connection.execute("DELETE FROM said WHERE number=4")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"quokka 4" in path.read_bytes()
        assert dirty_pages(path) == 1
        assert scrub(connection)
        assert b"quokka 4" not in path.read_bytes()


@pytest.mark.parametrize("seed", [1])
def test_nothing_that_was_deleted_in_any_order_is_left_where_no_page_is_dirty(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "a.sqlite"
    with closing(prepare(written(path, 512))) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        rows = [(number, f"row{number};" * chance.choice([1, 5, 40, 300])) for number in range(800)]
        connection.executemany("INSERT INTO said VALUES (?,?)", rows)
        left = [number for number, _ in rows]
        chance.shuffle(left)
        gone: set[int] = set()
        while left:
            count = chance.choice([5, 20, 100])
            batch, left = left[:count], left[count:]
            connection.executemany("DELETE FROM said WHERE number=?", [(number,) for number in batch])
            gone |= set(batch)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            found = gone & held(path)
            assert not found or dirty_pages(path), "what is there is seen"
            if found:
                assert scrub(connection)
                assert not gone & held(path)


def test_what_is_no_database_has_no_pages(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert dirty_pages(tmp_path / "empty") == 0
