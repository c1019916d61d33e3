"""The table of a drawing, read and checked: no wire may end nowhere, and none may join the telephone to the box."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

Edge = Literal["left", "right"]

DOMAINS: Final = ("phone", "box", "none")
"""What a pin is connected to by copper: the telephone, the box, or nothing but the parts beside it."""


class TableError(Exception):
    """A table that says something impossible; the text names the drawing, the place and what is wrong."""


class Pin(NamedTuple):
    """A pin of a part: where it is drawn, and the copper that it belongs to. `name` is what is printed beside it."""

    part: str
    number: str
    name: str
    edge: Edge
    domain: str


class Part(NamedTuple):
    """A part, in its column of the drawing."""

    id: str
    label: str
    column: int
    pins: tuple[Pin, ...]


class Wire(NamedTuple):
    """Pins that copper joins. `ends` are names as `phone.2`."""

    name: str
    colour: str
    ends: tuple[str, ...]


class Drawing(NamedTuple):
    """A checked table."""

    title: str
    note: str
    parts: tuple[Part, ...]
    wires: tuple[Wire, ...]

    def pin(self, end: str) -> Pin:
        """Give the pin of this name."""
        return next(pin for part in self.parts for pin in part.pins if f"{pin.part}.{pin.number}" == end)


def read(text: str, name: str) -> Drawing:
    """Read a drawing's TOML. Raises `TableError`, with `name` in it, for a table that cannot be built."""
    table = tomllib.loads(text)
    drawing = Drawing(
        title=table["title"],
        note=table.get("note", ""),
        parts=tuple(_part(part) for part in table["part"]),
        wires=tuple(Wire(wire["name"], wire["colour"], tuple(wire["ends"])) for wire in table["wire"]),
    )
    if faults := list(_faults(drawing, set(table.get("open", [])))):
        raise TableError(f"{name}: " + "; ".join(faults))
    return drawing


def _part(table: dict[str, Any]) -> Part:
    edges: tuple[Edge, ...] = ("left", "right")
    pins = [
        Pin(table["id"], *_split(pin), edge=edge, domain=table.get(f"{edge}_domain", table.get("domain", "")))
        for edge in edges
        for pin in table.get(edge, [])
    ]
    return Part(table["id"], table["label"], table["column"], tuple(pins))


def _split(pin: str) -> tuple[str, str]:
    """Part `2 EAR` into the number and the name."""
    number, _, name = pin.partition(" ")
    return number, name


def _faults(drawing: Drawing, left_open: set[str]) -> Iterator[str]:
    pins = [f"{pin.part}.{pin.number}" for part in drawing.parts for pin in part.pins]
    ends = [end for wire in drawing.wires for end in wire.ends]
    yield from (f"the pin {pin} is there twice" for pin, count in Counter(pins).items() if count > 1)
    yield from (f"the pin {end} is on two wires" for end, count in Counter(ends).items() if count > 1)
    yield from (f"a wire ends at {end}, which is not there" for end in ends if end not in pins)
    yield from (
        f"the pin {pin} is on no wire and not said to be open" for pin in pins if pin not in {*ends, *left_open}
    )
    yield from (f"the pin {pin} is said to be open and is not" for pin in left_open if pin in ends or pin not in pins)
    yield from (f"the wire {wire.name} joins nothing" for wire in drawing.wires if len(wire.ends) < 2)
    yield from (
        f"the part {part.id} belongs to no domain of {DOMAINS}"
        for part in drawing.parts
        if any(pin.domain not in DOMAINS for pin in part.pins)
    )
    if set(ends) <= set(pins):
        yield from _joined(drawing)


def _joined(drawing: Drawing) -> Iterator[str]:
    """Find wires over which the telephone and the box would be one piece of copper."""
    for wire in drawing.wires:
        domains = {drawing.pin(end).domain for end in wire.ends} - {"none"}
        if len(domains) > 1:
            yield f"the wire {wire.name} joins {' and '.join(sorted(domains))} without isolation"
