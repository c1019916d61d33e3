"""The fleet's table: what a spreadsheet makes of it, and everything that can be wrong with it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.fleet.table import COLUMNS, MAX_BYTES, MAX_ROWS, Box, Fleet, Known, read_fleet

KNOWN = Known({"en", "ko"}, ("sound_card", "siprec"), ("board", "terminal"))
HEAD = ",".join(COLUMNS)
GOOD = "10000000abcd,Berlin,12,Care,en,sound_card,board"
UMLAUTS = f"{HEAD}\n10000000abcd,Köln,12,Pflege,en,sound_card,board\n"

CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12).map(str.strip)


def read(text: str, encoding: str = "utf-8") -> Fleet:
    return read_fleet(text.encode(encoding), KNOWN)


def problems(*rows: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in read("\n".join((HEAD, *rows))).problems]


def test_a_good_table_gives_its_boxes_in_order() -> None:
    fleet = read(f"{HEAD}\n{GOOD}\n\n0042,Berlin,13 b,,ko,siprec,terminal\n")
    assert not fleet.problems
    assert [box.name for box in fleet.boxes] == ["berlin-12", "berlin-13-b"]
    assert fleet.boxes[1] == Box("0042", "Berlin", "13 b", "", "ko", "siprec", "terminal")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_whatever_a_spreadsheet_makes_of_it_is_read(encoding: str, delimiter: str, end: str) -> None:
    fleet = read(UMLAUTS.replace(",", delimiter).replace("\n", end), encoding)
    assert not fleet.problems
    assert (fleet.boxes[0].site, fleet.boxes[0].name) == ("Köln", "koln-12")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (GOOD.replace("en", "xx"), (2, "language")),
        (GOOD.replace("sound_card", "soundcard"), (2, "line")),
        (GOOD.replace("board", "lamp"), (2, "light")),
        (GOOD.replace("10000000abcd", "1,0E+10"), (2, "")),
        (GOOD.replace("10000000abcd", "1 0"), (2, "serial")),
        (GOOD.replace("Berlin", ""), (2, "site")),
        (GOOD.replace("12", "*").replace("Berlin", "!"), (2, "desk")),
        (GOOD.replace("Care", "x" * 61), (2, "team")),
        (f"{GOOD},more", (2, "")),
    ],
)
def test_each_wrong_cell_is_named_by_line_and_column(row: str, problem: tuple[int, str]) -> None:
    assert problems(row) == [problem]


def test_two_lines_for_one_box_or_one_desk_are_told_of_the_second() -> None:
    assert problems(GOOD, GOOD.replace("12", "13").replace("1000", "001000")) == [(3, "serial")]
    assert problems(GOOD, GOOD.replace("10000000abcd", "7")) == [(3, "desk")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "empty"),
        (HEAD, "no box"),
        (HEAD.replace("desk", "dsek") + "\n" + GOOD, "'dsek' is not known"),
        (f"{HEAD},desk\n{GOOD},1", "there more than once"),
        ("PK\x03\x04\0\0", "no text"),
        ("x" * (MAX_BYTES + 1), "5 MiB"),
        (f"{HEAD}\n" + f"{GOOD}\n" * (MAX_ROWS + 1), str(MAX_ROWS)),
    ],
)
def test_what_is_no_such_table_is_refused_as_a_whole(text: str, found: str) -> None:
    fleet = read(text)
    assert not fleet.boxes
    assert found in " ".join(problem.text for problem in fleet.problems)
    assert all(problem.mend for problem in fleet.problems)


def test_ten_thousand_wrong_rows_are_all_told() -> None:
    rows = [f"{number},Berlin,{number},Care,xx,lamp,board" for number in range(1, 10_001)]
    assert len(read("\n".join((HEAD, *rows))).problems) == 20_000


@given(st.binary(max_size=400))
def test_no_content_makes_it_fail(content: bytes) -> None:
    fleet = read_fleet(content, KNOWN)
    assert fleet.boxes or fleet.problems


@given(st.lists(st.lists(CELL, min_size=7, max_size=7), max_size=5))
def test_a_table_without_problems_has_boxes_with_names_of_their_own(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    fleet = read_fleet(
        text.getvalue().encode(), Known({row[4] for row in rows}, [r[5] for r in rows], [r[6] for r in rows])
    )
    if not fleet.problems:
        assert len({box.name for box in fleet.boxes}) == len(fleet.boxes)
        assert all(box.name and box.serial for box in fleet.boxes)
