"""A sheet of labels as PDF: each box's name, where it belongs, and its claim code as a QR code.

A sheet opens the door for every box on it until their claims are used: it is written for its owner alone.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import segno
from fpdf import FPDF

from appliance.central.fleet import Prepared

COLUMNS: Final = 3
ROWS: Final = 8
LABEL_MM: Final = (70.0, 36.0)
"""The common sheet of 24 labels on A4 (210 x 297 mm)."""

TOP_MM: Final = (297.0 - ROWS * LABEL_MM[1]) / 2
QR_MM: Final = 27.0
EDGE_MM: Final = 3.5


class _Place(NamedTuple):
    x_mm: float
    y_mm: float


def write_labels(path: Path, boxes: Sequence[Prepared]) -> None:
    """Write a label for each box that has a claim, in order."""
    sheet = FPDF(format="A4", unit="mm")
    sheet.set_auto_page_break(auto=False)
    for number, box in enumerate(box for box in boxes if box.claim):
        if number % (COLUMNS * ROWS) == 0:
            sheet.add_page()
        row, column = divmod(number % (COLUMNS * ROWS), COLUMNS)
        _draw(sheet, _Place(column * LABEL_MM[0], TOP_MM + row * LABEL_MM[1]), box)
    if not sheet.pages:
        sheet.add_page()
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(sheet.output()))
    draft.replace(path)


def _draw(sheet: FPDF, at: _Place, box: Prepared) -> None:
    picture = io.BytesIO()
    segno.make_qr(box.claim, error="m").save(picture, kind="png", scale=6, border=2)
    picture.seek(0)
    sheet.image(picture, at.x_mm + EDGE_MM, at.y_mm + (LABEL_MM[1] - QR_MM) / 2, w=QR_MM)
    left = at.x_mm + EDGE_MM + QR_MM + 2
    lines = ((10, box.box.name), (7, f"serial {box.box.serial}"), (7, box.box.site), (7, f"desk {box.box.desk}"))
    for place, (size_pt, words) in enumerate(lines):
        sheet.set_font("Helvetica", style="B" if place == 0 else "", size=size_pt)
        sheet.set_xy(left, at.y_mm + 6 + place * 5.5)
        width = LABEL_MM[0] - EDGE_MM - QR_MM - 5
        sheet.cell(width, 5, _fitting(sheet, words, width))


def _fitting(sheet: FPDF, words: str, width_mm: float) -> str:
    """Cut a text to the width; what the font has no letter for becomes a question mark."""
    words = words.encode("latin-1", "replace").decode("latin-1")
    while words and sheet.get_string_width(words) > width_mm - 2:
        words = words[:-1]
    return words
