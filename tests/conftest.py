"""How the tests run, alone and in parallel, and the speech models for those that hear real speech."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from appliance.adapters import model_store

from .shares import Shares, rank

# Without a deadline for one example, because the machine may be busy with other things.
settings.register_profile("undertone", deadline=None)
settings.load_profile("undertone")

# The tests start hundreds of programs, and each of them would translate all our modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a parallel run, begin with the tests that take longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Shares:
    """Share the tests among the workers in our own way, in the order in which they are collected."""
    config.option.loadscopereorder = False
    return Shares(config, log)


@pytest.fixture(scope="session")
def korean_model() -> Path:
    """Give the folder of the Vosk model that a package index carries."""
    return _installed("vosk-model-small-ko-0.22")


@pytest.fixture(scope="session")
def english_model() -> Path:
    """Give the folder of the Moonshine model."""
    return _installed("moonshine-tiny-en")


def _installed(name: str) -> Path:
    folder = model_store.installed(name)
    if folder is None:
        pytest.skip(f"the speech model {name} is not installed; `./undertone test` fetches it")
    return folder
