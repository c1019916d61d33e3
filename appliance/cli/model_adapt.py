"""`undertone model adapt`: make a telephone model out of a wideband one, with a shipped front or a taught one."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.adapters import model_adapt, model_store, paths
from appliance.errors import BadInputError
from appliance.models.front import Front

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_OK = 0

DESCRIPTION = """Make a model that hears a telephone line out of an installed Vosk model that hears wideband alone.
The new model, NAME-telephone, lies beside the old one, which stays as it is; narrowband lines get it from then on.
With --teach it learns from recordings of your own (wideband, no transcripts; an hour of many voices is good), in half
an hour or so; when interrupted, the same command goes on. The result is a small file to take to the boxes:
undertone model adapt NAME --band telephone --front FILE. It begins with the front that ships for the model, or with the
one named by --front, and learns further."""


def add_parser(actions: "Subparsers") -> None:
    """Add the action to `undertone model`."""
    parser = actions.add_parser("adapt", help="make a model hear the telephone band", description=DESCRIPTION)
    parser.add_argument("name", metavar="NAME", help="an installed Vosk model")
    parser.add_argument("--band", choices=["telephone"], required=True, help="the band to be heard")
    parser.add_argument("--front", type=Path, metavar="FILE", help="use this front; with --teach, begin with it")
    parser.add_argument("--teach", type=Path, metavar="FOLDER", help="teach a front with the recordings below FOLDER")
    parser.add_argument("--front-only", action="store_true", help="teach the front and leave the model's own layers")
    parser.add_argument("--told", default="", metavar="TEXT", help="what the recordings are, for the file's provenance")
    parser.add_argument("--save", type=Path, metavar="FILE", help="where to put the taught front")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    front = model_adapt.read_front_file(arguments.front) if arguments.front else None
    if arguments.teach:
        front = _teach(arguments, front)
    place = model_adapt.adapt(arguments.name, front=front)
    adapted = model_store.manifest_of(place).adapted
    model_store.say_on_stderr(f"{place.name} is installed in {place}")
    if adapted:
        model_store.say_on_stderr(f"{adapted.method}; {adapted.figures}")
    return EXIT_OK


def _teach(arguments: argparse.Namespace, start: Front | None) -> Front:
    """Teach a front, save it and give it."""
    source = model_adapt.source_of(arguments.name, paths.models_folder())
    workshop = paths.home() / "teach"
    file = arguments.save or workshop / f"{arguments.name}.front"
    try:
        from appliance.models.adapt import workbench  # noqa: PLC0415 - PyTorch, which no device has
    except ImportError as error:
        raise BadInputError(
            f"teaching needs {error.name}, which is not installed", mend="pip install 'undertone[adapt]'"
        ) from error
    front = workbench.teach_front(
        source,
        arguments.teach,
        start=start or model_adapt.shipped_front(source),
        own_layers=not arguments.front_only,
        told=arguments.told,
        saved=workshop / f"{arguments.name}.progress",
        out=sys.stderr,
    )
    model_adapt.write_front_file(front, file)
    model_store.say_on_stderr(f"the taught front is in {file}")
    return front
