"""Count the steps of a function, which unlike its time are the same on every machine."""

import sys
from collections.abc import Callable
from types import FrameType


def calls(function: Callable[..., object], *arguments: object, **options: object) -> int:
    """Give the number of Python functions that a function calls with these arguments, its callees included."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function(*arguments, **options)
    finally:
        sys.setprofile(before)
    return count
