"""How many connections one program may have open."""

import resource
from typing import Final

from appliance.errors import BadInputError

SPARE: Final = 100
"""Files beside the connections: the store, the log, the libraries."""


def allow(connections: int) -> None:
    """Let this program have so many open, as far as the system allows. Raises `BadInputError` when it does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise BadInputError(
                f"this system allows {hard} open files, and {wanted} are needed", mend=f"ulimit -n {wanted}, as root"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def allow_all() -> None:
    """Let this program have open as many as the system allows at all."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
