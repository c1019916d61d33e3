"""The walls between the rooms, read from the imports of every module."""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import appliance

PACKAGE = Path(appliance.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

MAX_MODULE_LINES = 300
MEDIAN_MODULE_LINES = 150
MAX_FUNCTION_LINES = 40

# Each pure room, and the rooms that it may know besides itself.
PURE_ROOMS = {
    "errors": set[str](),
    "events": set[str](),
    "event_json": {"events"},
    "version": set[str](),
    "toml_table": {"errors"},
    "telephony": {"errors", "events"},
    "speech": {"errors", "events"},
    "models": {"errors", "events"},
    "language": {"errors", "events"},
    "escalation": {"errors", "events", "language", "toml_table"},
    "indicator": {"errors", "events"},
    "delivery": {"errors", "event_json", "events"},
    "meters": {"errors", "events", "escalation", "language", "speech"},
    "hearing": {"errors", "events", "escalation", "language", "lookout", "speech"},
    "governor": set[str](),
    "withholding": {"events", "speech"},
    "lookout": {"speech"},
    "ears": {"events", "speech"},
    "session": {"ears", "errors", "events", "escalation", "hearing", "language", "meters", "speech", "withholding"},
    "commands": {"delivery", "errors", "session"},
    "figures": {"events"},
    "health": {"indicator"},
    "fleet": {"errors"},
    "update": {"errors"},
    "traffic": {"delivery", "events"},
    "device_state": {"delivery", "escalation", "events", "indicator", "session", "speech"},
    "config": {"errors", "hook_settings", "light_settings", "line_settings", "models", "speech", "toml_table"},
    "light_settings": {"indicator", "toml_table"},
    "line_settings": {"siprec_settings", "sound_card_settings", "speech", "toml_table"},
    "siprec_settings": {"toml_table"},
    "sound_card_settings": {"events", "hook_settings", "speech", "toml_table"},
    "hook_settings": {"toml_table"},
}

# What the rooms that touch the world may know of the others.
WORLD_ROOMS = {
    "adapters": {*PURE_ROOMS, "adapters", "secret_file"},
    "call": {*PURE_ROOMS, "adapters"},
    "switchboard": {*PURE_ROOMS, "adapters", "call"},
    "remote": {*PURE_ROOMS, "adapters", "switchboard"},
    "reporting": {*PURE_ROOMS, "adapters", "remote", "switchboard"},
    "app": {*PURE_ROOMS, "adapters", "call", "remote", "reporting", "switchboard"},
    "central": {
        *(
            "central",
            "delivery",
            "errors",
            "events",
            "fleet",
            "health",
            "secret_file",
            "toml_table",
            "update",
            "version",
        ),
    },
    "cli": {
        *PURE_ROOMS,
        *("acceptance", "adapters", "app", "call", "central", "cli", "models.adapt", "secret_file"),
    },
    # What shows that a server, or another device, keeps the protocol; apart from the device itself.
    "acceptance": {*PURE_ROOMS, "acceptance", "adapters"},
    # Written by both sides, which know nothing of each other.
    "secret_file": set[str](),
    "__main__": {"cli"},
    # What trains a telephone front: apart from the rest, for the device never loads it.
    "models.adapt": {*PURE_ROOMS, "models.adapt"},
    # What fits the model of stress, apart for the same reason.
    "speech.fit": {*PURE_ROOMS, "adapters", "speech.fit"},
    "": set[str](),
}

# Packages that are not ours, by the pure room that may use them.
THIRD_PARTY = {
    "telephony": {"numpy"},
    "speech": {"numpy", "msgspec"},
    # Words in, a number out; all that it touches is the word list beside it, which it reads once.
    "language": {"vaderSentiment"},
    "models": {"numpy", "msgspec"},
    "delivery": {"msgspec"},
    "events": {"msgspec"},
    "commands": {"msgspec"},
    "config": {"msgspec"},
    "figures": {"msgspec"},
    "event_json": {"msgspec"},
    "health": {"msgspec"},
    "traffic": {"msgspec"},
    # Signatures are checked here: bytes and keys in, yes or no out.
    "update": {"cryptography", "msgspec"},
    # A wiped box's word is signed and checked here: bytes and keys in, yes or no out.
    "fleet": {"cryptography", "msgspec"},
    "light_settings": {"msgspec"},
    "line_settings": {"msgspec"},
    "siprec_settings": {"msgspec"},
    "sound_card_settings": {"msgspec"},
    "hook_settings": {"msgspec"},
}

VALUES = {
    *("abc", "bisect", "collections", "dataclasses", "difflib", "enum", "functools", "hashlib", "heapq", "itertools"),
    *(
        "hmac",
        "binascii",
        "csv",
        "io",
        "ipaddress",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "tomllib",
        "types",
        "typing",
        "unicodedata",
        "xml",
        "zlib",
    ),
}
"""What the standard library has for values. No clock, no chance, no file, no thread, no log, no network."""

PATHS_AS_VALUES = {"config", "line_settings", "siprec_settings"}
"""Settings hold paths; nobody may open one there."""

WORLD_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}
PATH_ACTS = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file", "is_dir", "stat", "mkdir", "unlink"),
    *("iterdir", "glob", "rglob", "resolve", "absolute", "expanduser", "cwd", "home", "touch", "rename"),
}


def room(name: str) -> str:
    """Give the room of a module: `appliance.speech.frames` is in "speech"; "" is the package itself."""
    inside = name.partition(".")[2]
    apart = next((each for each in WORLD_ROOMS if "." in each and f"{inside}.".startswith(f"{each}.")), "")
    return apart or inside.partition(".")[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.Module) -> Iterator[str]:
    """Give every module that is imported anywhere in the file, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides the room"
            source = node.module or ""
            yield from (f"appliance.{alias.name}" for alias in node.names) if source == "appliance" else (source,)


def third_parties(tree: ast.Module) -> set[str]:
    tops = {name.partition(".")[0] for name in imports(tree)}
    return tops - set(sys.stdlib_module_names) - {"appliance"}


def rooms_known(tree: ast.Module) -> set[str]:
    """Give the rooms that a module imports from; the package itself holds nothing, so to import it tells nothing."""
    return {room(name) for name in imports(tree) if name.startswith("appliance.")}


def each_module(*, pure: bool) -> list[pytest.ParameterSet]:
    chosen = [path for path in MODULES if (room(module_name(path)) in PURE_ROOMS) == pure]
    return [pytest.param(path, id=module_name(path)) for path in chosen]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_every_room_is_known_here() -> None:
    assert {room(module_name(path)) for path in MODULES} == set(PURE_ROOMS) | set(WORLD_ROOMS)


@pytest.mark.parametrize("path", each_module(pure=True))
def test_a_pure_room_knows_only_values_and_the_rooms_it_stands_on(path: Path) -> None:
    tree, here = parsed(path), room(module_name(path))
    assert rooms_known(tree) <= PURE_ROOMS[here] | {here}
    assert third_parties(tree) <= THIRD_PARTY.get(here, set())
    standard = {name.partition(".")[0] for name in imports(tree)} & set(sys.stdlib_module_names)
    assert standard <= VALUES | ({"pathlib"} if here in PATHS_AS_VALUES else set())


@pytest.mark.parametrize("path", each_module(pure=True))
def test_a_pure_room_never_touches_the_world(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"line {node.lineno} waits"
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            act = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            assert name not in WORLD_CALLS, f"line {node.lineno} calls {name}"
            assert act not in PATH_ACTS, f"line {node.lineno} calls {act}"


@pytest.mark.parametrize("path", each_module(pure=False))
def test_the_rooms_in_the_world_stay_behind_their_walls(path: Path) -> None:
    assert rooms_known(parsed(path)) <= WORLD_ROOMS[room(module_name(path))]


@pytest.mark.parametrize("path", [pytest.param(path, id=module_name(path)) for path in MODULES])
def test_no_module_and_no_function_outgrows_its_reader(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{node.name} has {lines} lines"


def test_half_of_the_modules_are_short() -> None:
    lengths = [len(path.read_text("utf-8").splitlines()) for path in MODULES]
    assert statistics.median(lengths) <= MEDIAN_MODULE_LINES
