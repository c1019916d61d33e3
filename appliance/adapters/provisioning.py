"""Gets for a claimed box what it still needs: settings, rules, and a speech model, from its central server."""

from pathlib import Path
from typing import Final

from appliance.adapters import model_store
from appliance.adapters.enrolment import provision, read_site
from appliance.adapters.model_download import SourceError, download
from appliance.adapters.model_import import import_model
from appliance.adapters.model_progress import Progress
from appliance.adapters.uplink_server import Server, tls
from appliance.config import Settings, read_settings
from appliance.delivery.enrolment import Provision
from appliance.errors import BadInputError
from appliance.escalation.rules import parse_rules
from appliance.models.catalogue import for_language
from appliance.secret_file import write_secret

SETTINGS_MODE: Final = 0o644
"""They hold no secret, and the device runs as a user of its own."""


def ask_for_all(server: Server) -> Provision:
    """Ask the server what it has for this box. Raises `BadInputError`, also for what could not be used here."""
    given = provision(server)
    where = f"{server.url}, for {given.device}"
    if given.settings:
        read_settings(given.settings.encode(), Path(where))
    if given.rules:
        parse_rules(given.rules, where)
    return given


def take_settings(given: Provision, config: Path) -> bool:
    """Put settings and rules in their places; gives whether there were any. The rules come first.

    Rules go where the settings name a file beside them; without such a name they are left.
    """
    if not given.settings:
        return False
    settings = read_settings(given.settings.encode(), config)
    if given.rules and settings.rules_file and settings.rules_file.parent == config.parent:
        _write(settings.rules_file, given.rules)
    _write(config, given.settings)
    return True


def wanted_model(settings: Settings, offered: tuple[str, ...], folder: Path) -> str | None:
    """Choose the model's file to bring from the server; None where the box hears already, or nothing fits."""
    models = for_language(model_store.catalogue(), settings.speech.language)
    if any(model_store.installed(model.name, folder) for model in models):
        return None
    files = {name.rpartition(".")[0]: name for name in offered}
    return next((files[model.name] for model in models if model.name in files), None)


def bring_model(file: str, server: Server, folder: Path) -> Path:
    """Install a model from the server: whole or not at all; a cut download goes on. Raises `BadInputError`.

    What arrives must be the catalogue's own: a model of another content is refused.
    """
    site = read_site(server.url)
    url = f"{site.url.replace('wss:', 'https:').removesuffix('/v1/device')}/v1/models/{file}"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".server-{file}"
    try:
        download(url, part, expected_bytes=None, progress=Progress(file), tls=tls(server))
    except SourceError as error:
        raise BadInputError(
            f"the model could not be had: {error}", where=url, mend="look at the server; what has arrived is kept"
        ) from error
    try:
        return import_model(part, folder=folder)
    except BadInputError as error:
        mend = "put the publisher's own archive into the server's folder `models`"
        raise BadInputError(f"the server's model cannot be used: {error.what}", where=url, mend=mend) from error
    finally:
        part.unlink(missing_ok=True)


def _write(file: Path, text: str) -> None:
    write_secret(file, text)
    file.chmod(SETTINGS_MODE)
