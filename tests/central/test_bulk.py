"""Many rows with few statements come to the same as each row alone."""

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from appliance.central import bulk

ROWS = st.lists(st.tuples(st.integers(0, 40), st.text(), st.none() | st.booleans()), max_size=200)


@given(st.integers(0, 500))
def test_parts_are_whole_in_order_and_of_few_sizes(count: int) -> None:
    parts = list(bulk.parts([(number,) for number in range(count)]))
    assert [number for part in parts for (number,) in part] == list(range(count))
    assert {len(part) for part in parts} <= {1, 2, 4, 8, 16, 32, 64}
    assert len(parts) <= count // bulk.MOST + 6


@given(ROWS)
def test_many_rows_at_once_leave_what_each_row_alone_leaves(rows: list[tuple[int, str, bool | None]]) -> None:
    into, later = (
        "INSERT INTO t",
        "ON CONFLICT (number) DO UPDATE SET text=excluded.text, flag=coalesce(excluded.flag, flag)",
    )
    with closing(sqlite3.connect(":memory:")) as one, closing(sqlite3.connect(":memory:")) as many:
        for connection in (one, many):
            connection.execute("CREATE TABLE t (number INTEGER PRIMARY KEY, text TEXT, flag INTEGER)")
        for each in rows:
            bulk.insert(one, into, [each], later)
        bulk.insert(many, into, rows, later)
        assert many.execute("SELECT * FROM t").fetchall() == one.execute("SELECT * FROM t").fetchall()
