"""Where things that must last live on this machine. The one place that decides it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the folder for everything that must survive a restart: models, outbox, the server's store.

    `UNDERTONE_HOME` when set; as a systemd service the unit's `STATE_DIRECTORY` (/var/lib/undertone); else
    `~/.local/share/undertone`. The folder need not exist yet.
    """
    if named := environ.get("UNDERTONE_HOME"):
        return Path(named).expanduser().absolute()
    # systemd separates several folders by colons; the first is the one that the unit names first.
    if state := environ.get("STATE_DIRECTORY"):
        return Path(state.split(":")[0])
    return Path.home() / ".local" / "share" / "undertone"


RELEASES: Final = Path("/var/lib/undertone-releases")
"""Where the releases of the program are kept; the device may read what becomes of them."""

PACKAGED: Final = Path("/usr/lib/undertone")
"""The program that the box came with."""


def models_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the folder that holds one folder per installed speech model."""
    return home(environ) / "models"
