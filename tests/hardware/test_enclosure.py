"""The case, rendered by OpenSCAD where that is installed."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

HARDWARE = Path(__file__).parents[2] / "hardware"
BOARD_MM = (85.0, 56.0)
"""A Raspberry Pi 4 or 5."""

PRINTER_MM = 220.0
"""The bed of a common printer."""

Vertex = tuple[str, ...]


def corners(stl: str) -> list[Vertex]:
    return [tuple(found) for found in re.findall(r"vertex (\S+) (\S+) (\S+)", stl)]


@pytest.mark.parametrize("part", ["tray", "lid"])
def test_each_part_is_a_closed_body_that_a_printer_can_make(part: str, tmp_path: Path) -> None:
    if not shutil.which("openscad"):
        pytest.skip("openscad is not installed")
    file = tmp_path / "part.stl"
    scad = HARDWARE / "enclosure" / "box.scad"
    subprocess.run(["openscad", "--hardwarnings", "-q", "-D", f'part="{part}"', "-o", file, scad], check=True)
    found = corners(file.read_text("ascii"))
    triangles = [found[at : at + 3] for at in range(0, len(found), 3)]
    edges = Counter(frozenset(pair) for a, b, c in triangles for pair in ((a, b), (b, c), (c, a)))
    assert triangles
    assert {count % 2 for count in edges.values()} == {0}, "the surface has holes"
    sizes = [max(float(v[axis]) for v in found) - min(float(v[axis]) for v in found) for axis in range(3)]
    assert sizes[0] > BOARD_MM[0]
    assert sizes[1] > BOARD_MM[1]
    assert max(sizes) < PRINTER_MM
