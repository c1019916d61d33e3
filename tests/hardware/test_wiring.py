"""The drawings: what their tables may not say, and that the pictures are those of the tables."""

import random
import tomllib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.wiring.__main__ import HERE, pictures
from hardware.wiring.netlist import Drawing, TableError, read
from hardware.wiring.svg import svg

TABLES = {file.stem: file.read_text("utf-8") for file in sorted(HERE.glob("*.toml"))}

SMALL = """
title = "x"
[[part]]
id = "a"
label = "A"
column = 0
domain = "phone"
right = ["1 one", "2 two"]
[[part]]
id = "b"
label = "B"
column = 1
left_domain = "phone"
right_domain = "box"
left = ["1 in", "2 in"]
right = ["3 out"]
[[part]]
id = "c"
label = "C"
column = 2
domain = "box"
left = ["1 in"]
[[wire]]
name = "first"
colour = "red"
ends = ["a.1", "b.1"]
[[wire]]
name = "second"
colour = "red"
ends = ["a.2", "b.2"]
[[wire]]
name = "third"
colour = "red"
ends = ["b.3", "c.1"]
"""


def drawing(name: str) -> Drawing:
    return read(TABLES[name], name)


def test_the_pictures_are_those_of_the_tables() -> None:
    for file, picture in pictures().items():
        assert file.read_text("utf-8") == picture, f"{file.name} is old: python -m hardware.wiring"


@pytest.mark.parametrize("name", TABLES)
def test_every_pin_part_and_wire_is_in_the_picture(name: str) -> None:
    picture = ET.fromstring(svg(drawing(name)))  # noqa: S314 - our own
    words = "".join(picture.itertext())
    assert all(part.label in words for part in drawing(name).parts)
    assert all(pin.name in words for part in drawing(name).parts for pin in part.pins)
    nets = {element.get("data-net") for element in picture.iter()} - {None}
    assert nets == {wire.name for wire in drawing(name).wires}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('"a.1", "b.1"', '"a.1", "c.1"'), "the pin c.1 is on two wires"),
        (('"a.1", "b.1"', '"a.1", "b.9"'), "a wire ends at b.9, which is not there"),
        (('"b.3", "c.1"', '"b.3"'), "the wire third joins nothing"),
        (('"1 one", "2 two"', '"1 one", "1 two"'), "the pin a.1 is there twice"),
        (('"1 one", "2 two"', '"1 one", "2 two", "3 three"'), "the pin a.3 is on no wire and not said to be open"),
        (('title = "x"', 'title = "x"\nopen = ["a.1"]'), "the pin a.1 is said to be open and is not"),
        (('domain = "phone"\nright', 'domain = "mains"\nright'), "the part a belongs to no domain"),
        (('left_domain = "phone"', 'left_domain = "box"'), "the wire first joins box and phone without isolation"),
    ],
)
def test_a_table_that_cannot_be_built_is_refused_with_the_place(change: tuple[str, str], fault: str) -> None:
    read(SMALL, "small")
    with pytest.raises(TableError, match="small: ") as refused:
        read(SMALL.replace(*change), "small")
    assert fault in str(refused.value)


@given(st.sampled_from([name for name in TABLES if name != "box"]), st.randoms())
def test_no_wire_can_be_put_between_the_telephone_and_the_box(name: str, chance: random.Random) -> None:
    pins = {f"{pin.part}.{pin.number}": pin.domain for part in drawing(name).parts for pin in part.pins}
    wires = [list(wire["ends"]) for wire in tomllib.loads(TABLES[name])["wire"]]
    wire = chance.choice(wires)
    domain = {pins[end] for end in wire}
    other = chance.choice(sorted(pin for pin in pins if pins[pin] not in domain))
    text = TABLES[name]
    for each in wires:  # the pin leaves its own wire, so that what is left to complain of is the copper
        text = text.replace(f'"{other}", ', "").replace(f', "{other}"', "") if other in each else text
    text = text.replace(f'"{wire[0]}"', f'"{wire[0]}", "{other}"')
    with pytest.raises(TableError, match="without isolation"):
        read(text, name)
