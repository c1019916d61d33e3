"""What a benchmark prints: one row for each figure, with its peer from the same run and the bar it has to clear."""

import operator
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

_AGAINST: Final[dict[str, Callable[[float, float], bool]]] = {"<=": operator.le, ">=": operator.ge}


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

    `bar` is "value <= X", "value >= X", "ratio <= X" or "ratio >= X", or empty.
    """
    ratio = value / peer_value if peer_value else None
    holds = _holds(bar, value, ratio) if bar else None
    return Row(name=name, value=value, unit=unit, peer=peer, peer_value=peer_value, ratio=ratio, bar=bar, holds=holds)


def as_json(rows: Sequence[Row]) -> str:
    """Give the rows as one JSON list."""
    return msgspec.json.encode(rows).decode()


def as_text(rows: Sequence[Row]) -> str:
    """Give the rows as lines for people."""
    return "\n".join(_line(each) for each in rows)


def _holds(bar: str, value: float, ratio: float | None) -> bool:
    subject, against, limit = bar.split()
    measured = ratio if subject == "ratio" else value
    return measured is not None and _AGAINST[against](measured, float(limit))


def _line(each: Row) -> str:
    text = f"{each.name}: {each.value:,.6g} {each.unit}"
    if each.peer_value is not None and each.ratio is not None:
        text += f", {each.ratio:.3g} x {each.peer} ({each.peer_value:,.6g})"
    if each.bar:
        text += f", bar {each.bar}: {'holds' if each.holds else 'DOES NOT HOLD'}"
    return text
