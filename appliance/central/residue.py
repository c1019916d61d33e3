"""Looks into the pages of a SQLite file for what deleting left there.

`secure_delete` writes zeros over a row that is deleted. But when SQLite moves rows between half-empty pages, the place
that a row was moved from keeps its bytes, and deleting the row later does not reach them. So whoever wants to know that
something is gone has to look. The format is SQLite's own (https://www.sqlite.org/fileformat2.html).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TABLE_LEAF: Final = 0x0D
"""Pages with whole rows: what people said. Pages of indexes hold keys alone: devices, calls, numbers, times."""

_FILE_HEADER_BYTES: Final = 100
_AT_ONCE_BYTES: Final = 1 << 20


def dirty_pages(path: Path) -> int:
    """Give how many pages hold anything in places that no row and no list of free pages uses."""
    with path.open("rb") as file:
        header = file.read(_FILE_HEADER_BYTES)
    if len(header) < _FILE_HEADER_BYTES:
        return 0
    size = int.from_bytes(header[16:18], "big")
    size = 65_536 if size == 1 else size
    usable = size - header[20]
    trunks, free = _free_pages(path, header, size)
    count = 0
    for number, page in _pages(path, size):
        if number in trunks:
            listed = 8 + 4 * int.from_bytes(page[4:8], "big")
            count += any(page[listed:usable])
        elif number in free:
            count += any(page)
        else:
            start = _FILE_HEADER_BYTES if number == 1 else 0
            count += page[start] == _TABLE_LEAF and _is_dirty(page, start, usable)
    return count


def _is_dirty(page: bytes, start: int, usable: int) -> bool:
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    content = int.from_bytes(page[start + 5 : start + 7], "big") or 65_536
    if any(page[start + 8 + 2 * cells : content]):
        return True
    block = int.from_bytes(page[start + 1 : start + 3], "big")
    while 0 < block < usable - 4:
        after, size = int.from_bytes(page[block : block + 2], "big"), int.from_bytes(page[block + 2 : block + 4], "big")
        if any(page[block + 4 : block + size]):
            return True
        block = after if after > block else 0
    return False


def _free_pages(path: Path, header: bytes, size: int) -> tuple[set[int], set[int]]:
    """Give the pages that list free ones, and those that they list."""
    trunks: set[int] = set()
    free: set[int] = set()
    trunk = int.from_bytes(header[32:36], "big")
    with path.open("rb") as file:
        while trunk and trunk not in trunks:
            trunks.add(trunk)
            file.seek((trunk - 1) * size)
            page = file.read(size)
            count = min(int.from_bytes(page[4:8], "big"), size // 4 - 2)
            free |= {int.from_bytes(page[at : at + 4], "big") for at in range(8, 8 + 4 * count, 4)}
            trunk = int.from_bytes(page[:4], "big")
    return trunks, free


def _pages(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    at_once = max(1, _AT_ONCE_BYTES // size) * size
    number = 0
    with path.open("rb") as file:
        while block := file.read(at_once):
            for at in range(0, len(block), size):
                number += 1
                yield number, block[at : at + size]
