"""Draws a checked table as SVG: parts in columns, pins on their edges, each wire in its colour."""

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from hardware.wiring.netlist import Drawing, Part, Pin

PIN_PX: Final = 26
PART_PX: Final = 210
GAP_PX: Final = 130
MARGIN_PX: Final = 24
HEAD_PX: Final = 34
TITLE_PX: Final = 44
NOTE_PX: Final = 30

STYLE: Final = (
    "text{font:12px sans-serif;fill:#222}.title{font:bold 16px sans-serif}.label{font:bold 12px sans-serif}"
    ".part{fill:#f6f6f2;stroke:#444;stroke-width:1.5}.wire{fill:none;stroke-width:2.2}.note{fill:#555}"
)


class Point(NamedTuple):
    """A place in the picture."""

    x: float
    y: float


class _Box(NamedTuple):
    part: Part
    x: float
    y: float
    height: float


def svg(drawing: Drawing) -> str:
    """Give the picture as an SVG document."""
    boxes = _placed(drawing)
    width = max(box.x for box in boxes) + PART_PX + MARGIN_PX
    height = max(box.y + box.height for box in boxes) + MARGIN_PX + (NOTE_PX if drawing.note else 0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>{escape(drawing.title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
        _text(Point(MARGIN_PX, MARGIN_PX + 4), drawing.title, css="title"),
        *_wires(drawing, {place: point for box in boxes for place, point in _pins(box)}),
        *(line for box in boxes for line in _part(box)),
    ]
    if drawing.note:
        lines.append(_text(Point(MARGIN_PX, height - MARGIN_PX / 2), drawing.note, css="note"))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _placed(drawing: Drawing) -> list[_Box]:
    """Put the parts of each column under each other."""
    boxes: list[_Box] = []
    ordered = sorted(drawing.parts, key=lambda part: part.column)
    for column, parts in groupby(ordered, key=lambda part: part.column):
        y = float(MARGIN_PX + TITLE_PX)
        for part in parts:
            rows = max(sum(pin.edge == edge for pin in part.pins) for edge in ("left", "right"))
            height = HEAD_PX + PIN_PX * max(rows, 1)
            boxes.append(_Box(part, MARGIN_PX + column * (PART_PX + GAP_PX), y, height))
            y += height + PIN_PX
    return boxes


def _pins(box: _Box) -> Iterator[tuple[str, Point]]:
    for edge in ("left", "right"):
        pins = [pin for pin in box.part.pins if pin.edge == edge]
        for row, pin in enumerate(pins):
            x = box.x if edge == "left" else box.x + PART_PX
            yield f"{pin.part}.{pin.number}", Point(x, box.y + HEAD_PX + PIN_PX * (row + 0.5))


def _part(box: _Box) -> Iterator[str]:
    yield f'<rect class="part" x="{box.x:.0f}" y="{box.y:.0f}" width="{PART_PX}" height="{box.height:.0f}" rx="6"/>'
    yield _text(Point(box.x + PART_PX / 2, box.y + 20), box.part.label, css="label", anchor="middle")
    places = dict(_pins(box))
    for pin in box.part.pins:
        yield from _pin(pin, places[f"{pin.part}.{pin.number}"])


def _pin(pin: Pin, at: Point) -> Iterator[str]:
    yield f'<circle cx="{at.x:.0f}" cy="{at.y:.0f}" r="4" fill="#444"/>'
    inwards, anchor = (8, "start") if pin.edge == "left" else (-8, "end")
    words = f"{pin.number} {pin.name}".strip()
    yield _text(Point(at.x + inwards, at.y + 4), words, anchor=anchor)


def _wires(drawing: Drawing, places: dict[str, Point]) -> Iterator[str]:
    """Draw each wire over a lane of its own; they lie from left to right as the wires do in the table."""
    lanes = len(drawing.wires) + 1
    for number, wire in enumerate(drawing.wires, 1):
        ends = sorted((places[end] for end in wire.ends), key=lambda point: point.x)
        for one, other in pairwise(ends):
            lane = one.x + GAP_PX * number / lanes
            path = f"M{one.x:.1f} {one.y:.1f}H{lane:.1f}V{other.y:.1f}H{other.x:.1f}"
            name = quoteattr(wire.name)
            yield f'<path class="wire" d="{path}" stroke={quoteattr(wire.colour)} data-net={name}/>'


def _text(at: Point, words: str, css: str = "", anchor: str = "start") -> str:
    kind = f' class="{css}"' if css else ""
    return f'<text x="{at.x:.0f}" y="{at.y:.0f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'
