"""`python -m hardware.wiring` draws every table beside it anew."""

from pathlib import Path
from typing import Final

from hardware.wiring.netlist import read
from hardware.wiring.svg import svg

HERE: Final = Path(__file__).parent


def pictures() -> dict[Path, str]:
    """Give the picture of each table, by the file it belongs into."""
    return {
        table.with_suffix(".svg"): svg(read(table.read_text("utf-8"), table.name))
        for table in sorted(HERE.glob("*.toml"))
    }


if __name__ == "__main__":
    for file, picture in pictures().items():
        file.write_text(picture, "utf-8")
