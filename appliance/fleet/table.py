"""The fleet's table as a spreadsheet saves it: one row for each box, read as a whole or not at all.

Whatever a spreadsheet makes of CSV is read: commas, semicolons or tabs; UTF-8 with or without its mark, UTF-16
("Unicode text") and Windows-1252. Every problem of every row is told at once.
"""

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

COLUMNS: Final = ("serial", "site", "desk", "team", "language", "line", "light")

MAX_BYTES: Final = 5 * 1024**2
MAX_ROWS: Final = 20_000
"""Of 250 bytes each; the largest contact centres have a few thousand desks at a site."""

MAX_CELL: Final = 60
"""A device's name holds 64 characters; nobody's desk needs more."""

_MARKS: Final = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))
_SERIAL: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z:._-]*")


class Box(NamedTuple):
    """One row: a box by the serial number of its board, the desk it stands on, and what it is set up for."""

    serial: str
    site: str
    desk: str
    team: str
    language: str
    line: str
    light: str

    @property
    def name(self) -> str:
        """The device's name, from where it stands: it stays when the box is replaced."""
        return "-".join(filter(None, (_slug(self.site), _slug(self.desk))))


class Known(NamedTuple):
    """What may stand in the columns that are no free text."""

    languages: Collection[str]
    lines: Collection[str]
    lights: Collection[str]


class Problem(NamedTuple):
    """Something that is wrong: in which line of the file, in which column, and the mend."""

    line: int
    column: str
    text: str
    mend: str


class Fleet(NamedTuple):
    """The boxes in the table's order; of use only when there are no problems."""

    boxes: tuple[Box, ...]
    problems: tuple[Problem, ...]


def read_fleet(content: bytes, known: Known) -> Fleet:
    """Read a table."""
    if len(content) > MAX_BYTES:
        return _refused("the file has more than 5 MiB", "is it the table? Save it as CSV")
    try:
        text = _decoded(content)
    except UnicodeError:
        return _refused("the letters cannot be read", "save the table as CSV UTF-8")
    if "\0" in text:
        return _refused("this is no text", "save the table as CSV, not as a workbook")
    return _read(text, known)


def _refused(text: str, mend: str) -> Fleet:
    return Fleet((), (Problem(1, "", text, mend),))


def _decoded(content: bytes) -> str:
    for encoding, mark in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _read(text: str, known: Known) -> Fleet:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return _refused(f"this is no table ({error})", "save the table as CSV anew")
    if not rows or not any(rows[0]):
        return _refused("the table is empty", f"its first line must be: {','.join(COLUMNS)}")
    head = [cell.strip().lower() for cell in rows[0]]
    if problems := tuple(_of_head(head)):
        return Fleet((), problems)
    filled = [(number, row) for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    if len(filled) > MAX_ROWS:
        return _refused(f"the table has {len(filled)} boxes, more than {MAX_ROWS}", "part it by site")
    if not filled:
        return _refused("the table names no box", "give each box a line")
    return _checked(head, filled, known)


def _of_head(head: list[str]) -> Iterator[Problem]:
    for name in head:
        if name not in COLUMNS:
            like = difflib.get_close_matches(name, COLUMNS, 1)
            mend = f"did you mean {like[0]!r}?" if like else f"known here: {', '.join(COLUMNS)}"
            yield Problem(1, name, f"the column {name!r} is not known", mend)
    for name in COLUMNS:
        if head.count(name) != 1:
            found = "missing" if name not in head else "there more than once"
            yield Problem(1, name, f"the column {name!r} is {found}", f"the first line must be: {','.join(COLUMNS)}")


def _checked(head: list[str], rows: list[tuple[int, list[str]]], known: Known) -> Fleet:
    boxes: list[Box] = []
    problems: list[Problem] = []
    serials: dict[str, int] = {}
    names: dict[str, int] = {}
    for number, row in rows:
        if len(row) != len(head):
            text = f"{len(row)} cells stand under {len(head)} columns"
            problems.append(Problem(number, "", text, 'put a cell that holds the delimiter into "quotation marks"'))
            continue
        cells = dict(zip(head, (cell.strip() for cell in row), strict=True))
        box = Box(**{name: cells[name] for name in COLUMNS})
        problems += _of_cells(number, box, known)
        problems += _of_twins(number, box, serials, names)
        boxes.append(box)
    return Fleet(tuple(boxes), tuple(problems))


def _of_cells(number: int, box: Box, known: Known) -> Iterator[Problem]:
    for name, cell in zip(COLUMNS, box, strict=True):
        if not cell and name != "team":
            yield Problem(number, name, f"the {name} is empty", "fill it in, or take the line out")
        elif len(cell) > MAX_CELL or not cell.isprintable():
            yield Problem(number, name, f"the {name} cannot be used", f"at most {MAX_CELL} letters, on one line")
    if box.serial and not _SERIAL.fullmatch(box.serial):
        mend = "letters, digits and : . _ - only; a spreadsheet may have made a number of it: format the column as text"
        yield Problem(number, "serial", f"{box.serial!r} is no serial number", mend)
    if box.site and box.desk and not (_slug(box.site) and _slug(box.desk)):
        yield Problem(number, "desk", "no name can be made of site and desk", "use some Latin letters or digits")
    chosen = {"language": known.languages, "line": known.lines, "light": known.lights}
    for name, choices in chosen.items():
        cell = getattr(box, name)
        if cell and cell not in choices:
            yield Problem(number, name, f"{name} {cell!r} is not known", f"one of: {', '.join(sorted(choices))}")


def _of_twins(number: int, box: Box, serials: dict[str, int], names: dict[str, int]) -> Iterator[Problem]:
    """Find what an earlier line has already; a serial number counts without case and zeros in front."""
    serial = box.serial.lower().lstrip("0")
    if serial and (first := serials.setdefault(serial, number)) != number:
        yield Problem(number, "serial", f"{box.serial} stands on line {first} already", "give each box one line")
    if box.name and (first := names.setdefault(box.name, number)) != number:
        text = f"site and desk give the name {box.name}, as on line {first}"
        yield Problem(number, "desk", text, "give each desk a name of its own")


def _slug(text: str) -> str:
    """Give a text as a part of a device's name: lower-case Latin letters without their marks, digits and dashes."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(letter)
    )
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
