"""What this process may do to its machine; tests that need more are passed over with the reason."""

from pathlib import Path
from typing import Final

CAP_NET_ADMIN: Final = 12
"""Its number in Linux's capabilities (capabilities(7))."""


def may_administer_networks() -> bool:
    """Say whether this process may make interfaces and networks; root in a container may lack that."""
    status = Path("/proc/self/status").read_text("ascii")
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) & 1 << CAP_NET_ADMIN)
