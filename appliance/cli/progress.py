"""How far a command is that does one thing after the other."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Show on a terminal how many are done."""
    for number, item in enumerate(items, 1):
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number} of {total}\x1b[K" + ("\n" if number == total else ""))
            sys.stderr.flush()
        yield item
