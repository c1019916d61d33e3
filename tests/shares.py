"""How the tests are shared among the workers of a parallel run (`pytest -n 2`).

A file goes to one worker, so that what its tests share is made once. Of the files whose tests take long, each test is a
share of its own, and these go first: the short ones then fill the gaps at the end.
"""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

LONG: Final = (
    "tests/faults/test_device_killed.py",
    "tests/test_bands.py",
    "tests/calls/",
    "tests/faults/",
    "tests/cli/test_replay.py",
    "tests/adapters/test_recognizers_killed.py",
    "tests/adapters/test_uplink_with_central.py",
    "tests/adapters/test_model_adapt.py",
    "tests/adapters/test_outbox_restarted.py",
    "tests/test_call.py",
)
"""Files and folders with tests of many seconds, those with the longest first."""


def rank(nodeid: str) -> int:
    """Give the place of a test in the order in which the tests begin; many have the same."""
    return next((place for place, long in enumerate(LONG) if nodeid.startswith(long)), len(LONG))


def share_of(nodeid: str) -> str:
    """Give the share that a test belongs to."""
    file, _, test = nodeid.partition("::")
    _, _, given = test.partition("[")
    if file == "tests/calls/test_calls.py":
        return f"{file} {given.rstrip(']').partition('-')[0]}"
    return nodeid if rank(file) < len(LONG) else file


class Shares(LoadScopeScheduling):  # type: ignore[misc] # the package has no types
    """Gives each worker that is free the next share."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)
