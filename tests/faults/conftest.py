"""Shared by the tests of faults: the site that they break things on, and the speech models it needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.adapters import model_store

from .programs import Site, site_in

MODELS = ("moonshine-tiny-en", "vosk-model-small-ko-0.22")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a folder with a port and credentials for a server; nothing runs in it yet."""
    for name in MODELS:
        if model_store.installed(name) is None:
            pytest.skip(f"the speech model {name} is not installed: {model_store.mend(name)}")
    with site_in(tmp_path) as site:
        yield site
