"""What a box does once, when it starts from a card that was prepared for it.

The folder `undertone` of the boot partition holds the settings, the server's address and a claim. The settings are put
in their place, the box enrols, and the claim is wiped: afterwards nothing on that partition is a secret. Whatever is
cut off is done again at the next start.
"""

import os
from pathlib import Path
from typing import Final, Literal

from appliance.adapters.enrolment import enrol, read_site
from appliance.adapters.identity import identity_folder
from appliance.config import read_settings
from appliance.delivery.enrolment import MAX_CLAIM_CHARACTERS, parse_claim
from appliance.errors import BadInputError
from appliance.fleet.settings import CLAIM_FILE, SERVER_FILE, SETTINGS_FILE
from appliance.secret_file import write_secret

Step = Literal["settings", "enrolled", "claim wiped"]

MAX_ADDRESS_CHARACTERS: Final = 300


def first_boot(source: Path, config: Path, state: Path, serial: str) -> list[Step]:
    """Do what is left to do, and give the steps that were done; none where nothing was prepared.

    Raises `BadInputError` for settings that cannot be used, before anything is changed, and when the box cannot enrol.
    """
    done: list[Step] = []
    settings = _content(source / SETTINGS_FILE)
    if settings is not None:
        read_settings(settings, source / SETTINGS_FILE)
        if _content(config) != settings:
            write_secret(config, settings.decode())
            config.chmod(0o644)  # it holds none, and the device runs as a user of its own
            done.append("settings")
    claim, server = _content(source / CLAIM_FILE), _content(source / SERVER_FILE)
    if claim is None:
        return done
    if server is None:
        mend = "write the server's https://HOST:PORT into it, or prepare the card anew"
        raise BadInputError("a claim without its server's address", where=str(source / SERVER_FILE), mend=mend)
    code = parse_claim(claim[: MAX_CLAIM_CHARACTERS + 1].decode("ascii", "replace"))
    site = read_site(server[:MAX_ADDRESS_CHARACTERS].decode("ascii", "replace").strip())
    enrol(site, code, serial, identity_folder(state))
    wipe_file(source / CLAIM_FILE)
    return [*done, "enrolled", "claim wiped"]


def wipe_file(file: Path) -> None:
    """Overwrite a file, as far as the medium lets us, and remove it; safe from a power cut when this returns."""
    with file.open("r+b") as stream:
        stream.write(b"\0" * file.stat().st_size)
        stream.flush()
        os.fsync(stream.fileno())
    file.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=str(file), mend="check the card") from error
