"""The speech engines, for the tests that each of them must pass."""

from pathlib import Path

import pytest


@pytest.fixture(params=["vosk", "moonshine"])
def engine(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """Give an engine and the folder of its model."""
    folder: Path = request.getfixturevalue("korean_model" if request.param == "vosk" else "english_model")
    return request.param, folder
