"""`undertone model`: the speech models of this machine."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.adapters import model_store, paths
from appliance.adapters.model_fetch import fetch
from appliance.adapters.model_import import import_model
from appliance.cli import model_adapt
from appliance.errors import BadInputError
from appliance.models.catalogue import LANGUAGE_PATTERN, Hearing, Model

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_OK = 0
EXIT_TROUBLE = 1

EXAMPLES = """examples:
  undertone model list
  undertone model fetch vosk-model-small-ko-0.22
  undertone model fetch vosk-model-small-de-0.15 --mirror https://files.example.com/speech
  undertone model import vosk-model-small-fr-0.22.zip      (a machine without internet)
  undertone model import my-model.zip --name my-model --language en
  undertone model verify
  undertone model adapt vosk-model-small-ko-0.22 --band telephone
"""


class _Row(msgspec.Struct, frozen=True):
    """One line of the list, and one object of its JSON."""

    name: str
    engine: str
    languages: tuple[str, ...]
    hears: tuple[str, ...]
    licence: str
    installed: bool
    evidence: tuple[Hearing, ...] = ()


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "model",
        description=f"Speech models live in {paths.models_folder()}. The device itself never downloads anything.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_list(actions)
    _add_fetch(actions)
    _add_verify(actions)
    _add_import(actions)
    model_adapt.add_parser(actions)


def _add_list(actions: "Subparsers") -> None:
    parser = actions.add_parser("list", help="show the models of the catalogue and those installed")
    parser.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    parser.set_defaults(run=_run_list)


def _add_fetch(actions: "Subparsers") -> None:
    parser = actions.add_parser("fetch", help="download, check and install models of the catalogue")
    parser.add_argument("name", nargs="+", metavar="NAME", help="a model's name, as `model list` shows it")
    parser.add_argument(
        "--mirror", type=_web_address, metavar="URL", help="take NAME.zip from this web folder and nowhere else"
    )
    parser.set_defaults(run=_run_fetch)


def _add_verify(actions: "Subparsers") -> None:
    parser = actions.add_parser("verify", help="check every file of the installed models against its hash")
    parser.add_argument("name", nargs="*", metavar="NAME", help="only these models")
    parser.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    parser.set_defaults(run=_run_verify)


def _add_import(actions: "Subparsers") -> None:
    parser = actions.add_parser("import", help="install a model from a zip archive, a wheel or a folder")
    parser.add_argument("file", type=Path, metavar="FILE", help="the archive or folder")
    parser.add_argument("--name", help="what to call a model that is not in the catalogue")
    parser.add_argument(
        "--language", type=_language, help="the language of a model that is not in the catalogue, such as en"
    )
    parser.add_argument("--band", choices=["narrow", "wide"], help="the band it hears (default: what its features say)")
    parser.set_defaults(run=_run_import)


def _run_list(arguments: argparse.Namespace) -> int:
    manifests = model_store.installed_manifests()
    rows = [_row(model, installed=model.name in manifests) for model in model_store.known_models()]
    if arguments.json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(rows), indent=2) + "\n")
    else:
        sys.stdout.writelines(_line(row) for row in rows)
    return EXIT_OK


def _line(row: _Row) -> str:
    state = "installed" if row.installed else "-"
    languages, bands = ",".join(row.languages), "+".join(row.hears)
    return f"{row.name:34} {row.engine:9} {languages:5} {bands:11} {row.licence:11} {state}\n"


def _row(model: Model, *, installed: bool) -> _Row:
    hears = tuple(known.band for known in model.bands if known.hears)
    return _Row(model.name, model.engine, model.languages, hears, model.licence, installed, model.bands)


def _run_fetch(arguments: argparse.Namespace) -> int:
    models = [model_store.known(name) for name in arguments.name]
    for model in models:
        place = fetch(model, mirror=arguments.mirror)
        model_store.say_on_stderr(f"{model.name} is installed in {place}")
    return EXIT_OK


def _run_verify(arguments: argparse.Namespace) -> int:
    names = arguments.name or [place.name for place in model_store.installed_folders()]
    rows = [{"name": name, "trouble": _trouble(name)} for name in names]
    if arguments.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{row['name']}: {row['trouble'] or 'intact'}\n" for row in rows)
        if not rows:
            model_store.say_on_stderr("no speech model is installed")
    return EXIT_TROUBLE if any(row["trouble"] for row in rows) else EXIT_OK


def _trouble(name: str) -> str | None:
    place = model_store.installed(name)
    if place is None:
        return f"is not installed (mend: {model_store.mend(name)})"
    try:
        model_store.verify(place)
    except BadInputError as error:
        return f"{error} (mend: {error.mend})"
    return None


def _run_import(arguments: argparse.Namespace) -> int:
    place = import_model(arguments.file, name=arguments.name, language=arguments.language, band=arguments.band)
    manifest = model_store.manifest_of(place)
    vouched = "the catalogue's hashes vouch for it" if manifest.in_catalogue else "unknown to the catalogue"
    model_store.say_on_stderr(f"{manifest.name} is installed in {place} ({vouched})")
    return EXIT_OK


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("a mirror is the address of a web folder, starting with https:// or http://")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(LANGUAGE_PATTERN, text):
        raise argparse.ArgumentTypeError("a language is a tag such as en or pt-BR")
    return text
