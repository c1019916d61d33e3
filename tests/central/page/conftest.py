"""The server for the tests of its page."""

from pathlib import Path

import pytest

from appliance.delivery.policy import ServerTiming
from tests.central.conftest import Start
from tests.central.rig import central_in

from .browser import CHROMIUM


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start the server as people do: a browser takes longer than the short time-outs of the other tests."""
    if CHROMIUM is None:
        pytest.skip("needs a browser: apt-get install chromium")
    return lambda **fields: central_in(tmp_path, timing=ServerTiming(), **fields)
