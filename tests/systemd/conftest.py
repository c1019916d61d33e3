"""Booted machines with the package installed, for the long run."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.adapters import model_store

from .box import Box
from .machine import MODEL, RELEASE, Machine, base, lacking, machine, packages


@pytest.fixture(scope="session", params=RELEASE)
def suite(request: pytest.FixtureRequest) -> str:
    if reason := lacking():
        pytest.skip(reason)
    if model_store.installed(MODEL) is None:
        pytest.skip(model_store.mend(MODEL))
    return str(request.param)


@pytest.fixture(scope="session")
def installed(suite: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Give the trees of a Debian with the package installed, the uppermost first."""
    folder, below = tmp_path_factory.mktemp("installed"), base(suite)
    with machine(folder / "tree", below) as made:
        made.install(*packages(suite, folder))
    return made.upper, below


@pytest.fixture
def new_machine(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """Make machines over the trees that are given; all of them end with the test."""
    with ExitStack() as stack:
        numbers = iter(range(100))
        yield lambda *below: stack.enter_context(machine(tmp_path / f"machine-{next(numbers)}", *below))


@pytest.fixture
def box(new_machine: Callable[..., Machine], installed: tuple[Path, ...]) -> Box:
    """Give a box with a sound card for its line, not switched on yet."""
    box = Box(new_machine(*installed))
    box.configure()
    return box
