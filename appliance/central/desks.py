"""What the server has for each desk: the settings and rules of its box, and speech models for all of them.

Files below the folder of who may come in: `desks/DEVICE.toml`, `desks/DEVICE.rules.toml`, and `models/`, where an
administrator puts the archives of speech models, named as the catalogue names them (NAME.zip or NAME.whl).
"""

import re
from pathlib import Path
from typing import Final

from appliance.errors import BadInputError
from appliance.secret_file import write_secret

FOLDER: Final = "desks"
MODELS: Final = "models"
MODEL_SUFFIXES: Final = (".zip", ".whl")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Desks:
    """The files of the desks in an access folder."""

    def __init__(self, access: Path) -> None:
        self._desks = access / FOLDER
        self._models = access / MODELS

    def keep(self, device: str, settings: str, rules: str | None = None) -> None:
        """Keep what a box is to be given when it has been claimed; rules that are None stay as they are."""
        write_secret(self._file(device, ".toml"), settings)
        if rules is not None:
            write_secret(self._file(device, ".rules.toml"), rules)

    def settings(self, device: str) -> str:
        """Give a box's settings, nothing where there are none."""
        return _text(self._file(device, ".toml"))

    def rules(self, device: str) -> str:
        """Give a box's rule pack, nothing where there is none."""
        return _text(self._file(device, ".rules.toml"))

    def models(self) -> list[str]:
        """Give the file names of the models that can be had."""
        if not self._models.is_dir():
            return []
        return sorted(each.name for each in self._models.iterdir() if _is_model(each.name) and each.is_file())

    def model(self, name: str) -> Path | None:
        """Give the file of a model, None where there is none of this name."""
        return self._models / name if _is_model(name) and (self._models / name).is_file() else None

    def _file(self, device: str, suffix: str) -> Path:
        if not _NAME.fullmatch(device):
            raise BadInputError(f"{device!r} is no device's name", mend="letters, digits, . _ - only")
        return self._desks / f"{device}{suffix}"


def _is_model(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name.endswith(MODEL_SUFFIXES)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""
