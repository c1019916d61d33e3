"""Shared by the tests of the central server: see `rig`."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from .rig import Central, central_in

Start = Callable[..., contextlib.AbstractAsyncContextManager[Central]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start the server on this test's own files; calling it again goes on with them."""
    return lambda **fields: central_in(tmp_path, **fields)
