"""What a box does once, when it starts from a card that was prepared for it.

The folder `undertone` of the boot partition holds a claim, and may hold settings and the server's address. Without an
address the server is looked for on the network; what the card does not hold the server gives. When all is in its place
the claim is wiped: afterwards nothing on that partition is a secret. Whatever is cut off is done again later.
"""

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from appliance.adapters.discovery import Found, find_servers
from appliance.adapters.enrolment import ClaimUsedError, NotOfferedError, Site, enrol, provision, read_site
from appliance.adapters.identity import identity_folder
from appliance.adapters.provisioning import ask_for_all, bring_model, take_settings, wanted_model
from appliance.adapters.uplink_server import Server
from appliance.config import read_settings
from appliance.delivery.enrolment import MAX_CLAIM_CHARACTERS, Claim, parse_claim
from appliance.errors import BadInputError
from appliance.fleet.settings import CLAIM_FILE, SERVER_FILE, SETTINGS_FILE
from appliance.secret_file import write_secret

Step = Literal["settings", "enrolled", "settings from the server", "model", "claim wiped"]

MAX_ADDRESS_CHARACTERS: Final = 300

USED_CLAIM_FILE: Final = "claim.sha256"
"""In the identity's folder: which claim it came from, so that what is done again asks the server for the rest alone."""

log = logging.getLogger(__name__)


def first_boot(
    source: Path, config: Path, state: Path, serial: str, find: Callable[[], list[Found]] = find_servers
) -> list[Step]:
    """Do what is left to do, and give the steps that were done; none where nothing was prepared.

    `find` gives servers for a card without an address. Raises `BadInputError` for settings that cannot be used, before
    anything is changed, and when no server takes the box.
    """
    done: list[Step] = []
    settings = _content(source / SETTINGS_FILE)
    if settings is not None:
        read_settings(settings, source / SETTINGS_FILE)
        if _content(config) != settings:
            write_secret(config, settings.decode())
            config.chmod(0o644)  # it holds none, and the device runs as a user of its own
            done.append("settings")
    claim = _content(source / CLAIM_FILE)
    if claim is None:
        return done
    code = parse_claim(claim[: MAX_CLAIM_CHARACTERS + 1].decode("ascii", "replace"))
    site = _enrolled(_addresses(_content(source / SERVER_FILE), find), code, serial, identity_folder(state))
    server = Server(site.url, identity=identity_folder(state))
    done += ["enrolled", *_given(server, config, state, has_settings=settings is not None)]
    wipe_file(source / CLAIM_FILE)
    return [*done, "claim wiped"]


def _addresses(written: bytes | None, find: Callable[[], list[Found]]) -> list[Found]:
    """Give the servers to try: the one on the card, else what the network names. Raises `BadInputError` for none."""
    said = (written or b"")[:MAX_ADDRESS_CHARACTERS].decode("ascii", "replace").strip()
    if said:
        return [Found(said, "the card")]
    if found := find():
        return found
    mend = "give the network a DHCP option or an SRV record of the server, or write https://HOST:PORT onto the card"
    raise BadInputError("the network names no central server", where=SERVER_FILE, mend=mend)


def _enrolled(servers: list[Found], claim: Claim, serial: str, folder: Path) -> Site:
    """Enrol at the first server that is the one of the claim; the others are told nothing. Raises the last error."""
    refused: BadInputError | None = None
    for address, how in servers:
        try:
            site = read_site(address)
            device = _claimed(site, claim, serial, folder)
        except BadInputError as error:
            log.warning("event=server_passed_over address=%s how=%r error=%r", address, how, str(error))
            refused = error
        else:
            log.warning("event=enrolled device=%s address=%s how=%r", device, address, how)
            return site
    assert refused is not None  # noqa: S101  there was one to try
    raise refused


def _claimed(site: Site, claim: Claim, serial: str, folder: Path) -> str:
    """Enrol, unless this claim was used here before something was cut off; gives the device's name."""
    server = Server(site.url, identity=folder)
    mark, used = folder / USED_CLAIM_FILE, hashlib.sha256(claim.token.encode()).hexdigest()
    if _content(mark) == used.encode():
        return provision(server).device
    try:
        device = enrol(site, claim, serial, folder)
    except ClaimUsedError:
        # By us, perhaps, and the power was cut before the mark: then this server knows our certificate.
        device = provision(server).device
    write_secret(mark, used)
    return device


def _given(server: Server, config: Path, state: Path, *, has_settings: bool) -> list[Step]:
    """Take what the server has for this box; settings from the card go before its own."""
    done: list[Step] = []
    try:
        given = ask_for_all(server)
    except NotOfferedError:
        return done  # what is on the card must do
    if not has_settings and take_settings(given, config):
        done.append("settings from the server")
    content = _content(config)
    if content is None:
        return done
    models = state / "models"
    if wanted := wanted_model(read_settings(content, config), given.models, models):
        bring_model(wanted, server, models)
        done.append("model")
    return done


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
