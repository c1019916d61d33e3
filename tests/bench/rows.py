"""What a benchmark prints: one row for each figure, with its peer from the same run and the bar it has to clear."""

import operator
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

_AGAINST: Final[dict[str, Callable[[float, float], bool]]] = {"<=": operator.le, ">=": operator.ge}

HEADINGS: Final = ("name", "value", "unit", "peer", "peer value", "ratio", "bar", "holds")
_NUMBERS: Final = {"value", "peer value", "ratio"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure.

    `ratio` is `value` / `peer_value`. `bar` says in words what must hold ("ratio <= 0.72"); a figure without one is
    for information, and `holds` is then `None`.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    bar: str = ""
    holds: bool | None = None


def row(name: str, value: float, unit: str, *, peer: str = "", peer_value: float | None = None, bar: str = "") -> Row:
    """Give a row with its ratio and whether it clears its bar.

    `bar` is "value <= X", "value >= X", "ratio <= X" or "ratio >= X", or several joined by " and ", or empty.
    """
    ratio = value / peer_value if peer_value else None
    holds = all(_holds(part, value, ratio) for part in bar.split(" and ")) if bar else None
    return Row(name=name, value=value, unit=unit, peer=peer, peer_value=peer_value, ratio=ratio, bar=bar, holds=holds)


def as_json(rows: Sequence[Row]) -> str:
    """Give the rows as one JSON list."""
    return msgspec.json.encode(rows).decode()


def as_text(rows: Sequence[Row]) -> str:
    """Give the rows as a table for people."""
    lines = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(_line(line, widths) for line in lines)


def _holds(bar: str, value: float, ratio: float | None) -> bool:
    subject, against, limit = bar.split()
    measured = ratio if subject == "ratio" else value
    return measured is not None and _AGAINST[against](measured, float(limit))


def _cells(each: Row) -> tuple[str, ...]:
    holds = {None: "", True: "yes", False: "NO"}[each.holds]
    numbers = [_number(value) for value in (each.value, each.peer_value, each.ratio)]
    return (each.name, numbers[0], each.unit, each.peer, numbers[1], numbers[2], each.bar, holds)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if heading in _NUMBERS else cell.ljust(width)
        for heading, cell, width in zip(HEADINGS, cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()
