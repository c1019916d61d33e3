"""Shared by the tests of the central server: see `rig`."""

import contextlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.central.access import people
from appliance.central.access.store import open_access

from .rig import Central, central_in

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody
Start = Callable[..., contextlib.AbstractAsyncContextManager[Central]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start the server on this test's own files; calling it again goes on with them."""
    return lambda **fields: central_in(tmp_path, **fields)


@pytest.fixture
def access(tmp_path: Path) -> Path:
    """Give the folder of who may come in, where kim is, a supervisor of the team sales."""
    folder = tmp_path / "access"
    with closing(open_access(folder)) as database:
        people.add_person(database, "kim", ["supervisor"], ["sales"], PASSWORD)
    return folder
