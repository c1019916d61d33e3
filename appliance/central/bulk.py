"""Many rows with few statements.

`executemany` takes Python's lock again after each row, and beside a busy event loop every row then waits for its turn:
150 microseconds measured where 12 would do. Here a statement holds up to `MOST` rows.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

MOST: Final = 64
"""Of ten values each, far below SQLite's limit of 32,766 values; more rows at once are not faster."""


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]], after: str = "") -> None:
    """Run `into` (up to the table's columns) and `after` (such as ON CONFLICT) with all rows, each of equal length."""
    for part in parts(rows):
        connection.execute(f"{into} VALUES {places(part)} {after}", values(part))


def parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Cut rows into parts of powers of two, so that few different statements have to be prepared."""
    begin, size = 0, MOST
    while begin < len(rows):
        while size > len(rows) - begin:
            size //= 2
        yield rows[begin : begin + size]
        begin += size


def places(rows: Sequence[Sequence[Any]]) -> str:
    """Give the places of these rows' values in a statement."""
    return ",".join([f"({','.join('?' * len(rows[0]))})"] * len(rows))


def values(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Give the values of rows one after another."""
    return list(chain.from_iterable(rows))
