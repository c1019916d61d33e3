"""How property tests run, and the speech models for the tests that hear real speech."""

from pathlib import Path

import pytest
from hypothesis import settings

from appliance.adapters import model_store

# Without a deadline for one example, because the machine may be busy with other things.
settings.register_profile("undertone", deadline=None)
settings.load_profile("undertone")


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
