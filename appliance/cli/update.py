"""`undertone update`: signed releases of the program, each with one start to show that it works."""

import argparse
import json
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from appliance.adapters import paths
from appliance.adapters.call_lock import wait_for_end
from appliance.adapters.enrolment import serial_number
from appliance.adapters.model_progress import Progress
from appliance.adapters.update_fetch import apply_release, fetch_offer
from appliance.adapters.update_keys import make_key, read_public_key, read_secret_key, trusted_keys
from appliance.adapters.update_publish import publish
from appliance.adapters.update_store import UpdateStore
from appliance.cli.update_auto import address_in, look, run_self_test, switch
from appliance.errors import BadInputError
from appliance.update.manifest import Release, read_offer
from appliance.update.plan import judged

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

ROOT: Final = paths.RELEASES
PACKAGED: Final = paths.PACKAGED
KEYS: Final = Path("/etc/undertone/update-keys")
CONFIG: Final = Path("/etc/undertone/undertone.toml")

WAIT_S: Final = 3600.0
"""Longer than nearly every call; a script asks again."""

EXIT_OK = 0
EXIT_TROUBLE = 1

WORDS: Final = {
    "take": "this box takes the release",
    "ready": "the release is ready and has its trial at the next start of the device",
    "already_here": "this box runs the release",
    "older": "older than what runs here; nothing is ever taken back by an offer",
    "failed_before": "did not work on this box; it needs a new number to be tried again",
    "trial_open": "a release waits here for its trial, or is in it",
    "none_offered": "nothing is offered to this box yet: its ring does not reach here, or nothing was published",
    "not_my_ring": "not for this box yet: its ring does not reach here",
    "disk_full": "there is no space for the release; everything is as before",
    "as_before": "no trial",
    "trial": "a release is on trial in this start",
    "fallen_back": "the release on trial was never confirmed; the good one runs again",
    "confirmed": "the release on trial is good",
    "no_call": "no call is on",
    "in_call": "a call is still on",
    "nothing_to_confirm": "no release is on trial",
    "no_address": "the settings name no address of releases ([update] url)",
    "nothing_to_switch": "no release waits for its trial",
    "not_started": "the release waits: the device does not run, or not from the releases (see update.conf)",
    "not_proven": "the release on trial was neither confirmed nor given up in three minutes",
}

EPILOG = """on a publisher's machine:
  undertone update keygen office-2026 --out keys
  undertone update sign undertone-5.tar.gz --number 5 --version 0.2.0 --ring 1 --key keys/office-2026.key
on a box:
  undertone update apply https://files.example.com/undertone/release.json
  undertone update wait && systemctl restart undertone

Told in provisioning/README.md."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "update", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_box_action(actions, "status", "show what runs here and what is on trial").set_defaults(run=_run_status)
    for name, what, run in (
        ("check", "say whether this box takes the release that is offered", _run_check),
        ("apply", "download the release, check it, and put it on trial at the next start", _run_apply),
    ):
        action = _add_box_action(actions, name, what)
        action.add_argument("url", type=_web_address, metavar="URL", help="where the offer stands (release.json)")
        action.add_argument("--device", help="the name that decides the ring (default: the serial number)")
        action.set_defaults(run=run)
    begin = _add_box_action(actions, "begin-start", "for the unit, before each start of the device; always ends with 0")
    begin.set_defaults(run=_run_begin_start)
    wait = actions.add_parser("wait", help="wait until no call is on, before a restart; 1 when one still is")
    wait.add_argument("--state", type=Path, metavar="FOLDER", help=f"the device's state folder ({paths.home()})")
    wait.add_argument("--within", type=float, default=WAIT_S, metavar="SECONDS", help=f"at most so long ({WAIT_S:g})")
    wait.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    wait.set_defaults(run=_run_wait)
    confirm = _add_box_action(actions, "confirm", "for the unit, when the device is ready: the trial is good")
    confirm.set_defaults(run=_run_confirm)
    _add_for_units(actions)
    _add_keygen(actions)
    _add_sign(actions)


def _add_for_units(actions: "Subparsers") -> None:
    auto = _add_box_action(actions, "auto", "for the timer: look for a release where the settings say, and take it")
    auto.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help=f"the box's settings ({CONFIG})")
    auto.add_argument("--device", help="the name that decides the ring (default: the serial number)")
    auto.set_defaults(run=_run_auto)
    turn = _add_box_action(actions, "switch", "for the unit: start the device from what waits, when no call is on")
    turn.add_argument("--state", type=Path, metavar="FOLDER", help=f"the device's state folder ({paths.home()})")
    turn.add_argument("--within", type=float, default=WAIT_S, metavar="SECONDS", help=f"wait so long ({WAIT_S:g})")
    turn.set_defaults(run=_run_switch)
    test = _add_box_action(actions, "self-test", "for the unit: try the program of a release that is on trial")
    test.add_argument("--always", action="store_true", help="also when nothing is on trial")
    test.set_defaults(run=run_self_test)


def _add_box_action(actions: "Subparsers", name: str, what: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=what, description=what)
    parser.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER", help=f"where releases are kept ({ROOT})")
    parser.add_argument(
        "--packaged", type=Path, default=PACKAGED, metavar="FOLDER", help=f"the program the box came with ({PACKAGED})"
    )
    parser.add_argument(
        "--keys", type=Path, default=KEYS, metavar="FOLDER", help=f"NAME.pub that the box came with ({KEYS})"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return parser


def _add_keygen(actions: "Subparsers") -> None:
    parser = actions.add_parser("keygen", help="make a key to sign releases with")
    parser.add_argument("name", metavar="NAME", help="such as office-2026; boxes know the key by it")
    parser.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where NAME.key and NAME.pub go (.)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=_run_keygen)


def _add_sign(actions: "Subparsers") -> None:
    parser = actions.add_parser("sign", help="write the offer of a release, release.json, beside its archive")
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="tar of the program's folder")
    parser.add_argument("--number", type=int, required=True, help="higher than that of every release before")
    parser.add_argument("--version", required=True, help="for people, such as 0.2.0")
    parser.add_argument("--ring", type=float, required=True, metavar="PERCENT", help="how many boxes take it; 0: none")
    parser.add_argument(
        "--key", type=Path, required=True, action="append", metavar="FILE", help="NAME.key; more than once: any counts"
    )
    parser.add_argument(
        "--trust", type=Path, action="append", default=[], metavar="FILE", help="NAME.pub: from now on these keys alone"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=_run_sign)


def _run_status(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    state = store.state()
    current = store.current
    facts = {
        "current": str(current.readlink()) if current.is_symlink() else None,
        **msgspec.to_builtins(msgspec.structs.replace(state, keys={})),
        "keys": sorted(_trusted(arguments, store)),
    }
    facts["trial"] = {"number": state.trial.number, "is_started": state.trial.is_started} if state.trial else None
    started = " (started)" if state.trial and state.trial.is_started else ""
    shown = {
        "runs from": facts["current"] or "-",
        "good": f"{state.good} ({state.version or 'as packaged'})",
        "on trial": f"{state.trial.number} ({state.trial.version}){started}" if state.trial else "-",
        "failed": ", ".join(map(str, state.failed)) or "-",
        "trusts": ", ".join(facts["keys"]) or "nobody",
    }
    return _say(arguments, facts, "\n".join(f"{name:9} {value}" for name, value in shown.items()))


def _run_check(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    release = _offered(arguments, store)
    verdict = judged(store.state(), release, _device(arguments))
    return _tell(arguments, verdict, number=release.number, version=release.version)


def _run_apply(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    release = _offered(arguments, store)
    progress = Progress(release.file)
    try:
        outcome = apply_release(store, arguments.url, release, _device(arguments), progress=progress)
    except OSError as error:
        raise BadInputError(
            f"cannot be written ({error.strerror})", where=str(arguments.root), mend="see --root"
        ) from error
    code = _tell(arguments, outcome, number=release.number, version=release.version)
    return EXIT_TROUBLE if outcome == "disk_full" else code


def _run_begin_start(arguments: argparse.Namespace) -> int:
    try:
        return _tell(arguments, _store(arguments).begin_start())
    except (OSError, BadInputError) as error:
        # The device starts all the same, from the release that the link leads to.
        sys.stderr.write(f"undertone: {error}\n")
        return EXIT_OK


def _run_confirm(arguments: argparse.Namespace) -> int:
    try:
        was_trial = _store(arguments).confirm()
    except OSError as error:
        # Not confirmed is not good: the next start goes back.
        raise BadInputError(
            f"cannot be written ({error.strerror})", where=str(arguments.root), mend="free space"
        ) from error
    return _tell(arguments, "confirmed" if was_trial else "nothing_to_confirm")


def _run_wait(arguments: argparse.Namespace) -> int:
    folder = arguments.state or paths.home()
    try:
        is_over = wait_for_end(folder, arguments.within)
    except OSError as error:
        raise BadInputError(
            f"cannot be looked into ({error.strerror})", where=str(folder), mend="run it as root"
        ) from error
    _tell(arguments, "no_call" if is_over else "in_call")
    return EXIT_OK if is_over else EXIT_TROUBLE


def _run_auto(arguments: argparse.Namespace) -> int:
    url = address_in(arguments.config)
    if url is None:
        return _tell(arguments, "no_address")
    store = _store(arguments)
    found = look(store, arguments.root, url, _device(arguments), _keys(arguments, store))
    _tell(arguments, found.outcome, number=found.number, version=found.version)
    return EXIT_TROUBLE if found.outcome == "disk_full" else EXIT_OK


def _run_switch(arguments: argparse.Namespace) -> int:
    outcome = switch(_store(arguments), arguments.state or paths.home(), arguments.within)
    _tell(arguments, outcome)
    return EXIT_TROUBLE if outcome in {"fallen_back", "not_started", "not_proven"} else EXIT_OK


def _run_keygen(arguments: argparse.Namespace) -> int:
    public = make_key(arguments.name, arguments.out)
    text = f"{public.with_suffix('.key')} signs and stays with you; {public} goes to every box, into {KEYS}"
    return _say(arguments, {"secret": str(public.with_suffix(".key")), "public": str(public)}, text)


def _run_sign(arguments: argparse.Namespace) -> int:
    keys = {file.stem: read_secret_key(file) for file in arguments.key}
    trust = {file.stem: read_public_key(file) for file in arguments.trust}
    offer = publish(arguments.archive, arguments.number, arguments.version, arguments.ring, keys, trust)
    text = f"{offer} offers release {arguments.number} to {arguments.ring:g} % of the boxes"
    return _say(arguments, {"offer": str(offer), "number": arguments.number, "ring_percent": arguments.ring}, text)


def _offered(arguments: argparse.Namespace, store: UpdateStore) -> Release:
    offer = fetch_offer(arguments.url)
    if not offer:
        mend = "ask again later; on the server: undertone central update status"
        raise BadInputError(WORDS["none_offered"], where=arguments.url, mend=mend)
    return read_offer(offer, _keys(arguments, store))


def _keys(arguments: argparse.Namespace, store: UpdateStore) -> dict[str, bytes]:
    trusted = _trusted(arguments, store)
    if not trusted:
        mend = "bring the publisher's NAME.pub there"
        raise BadInputError("this box trusts no key yet", where=str(arguments.keys), mend=mend)
    return trusted


def _trusted(arguments: argparse.Namespace, store: UpdateStore) -> dict[str, bytes]:
    return store.state().keys or trusted_keys(arguments.keys)


def _store(arguments: argparse.Namespace) -> UpdateStore:
    return UpdateStore(arguments.root, arguments.packaged)


def _device(arguments: argparse.Namespace) -> str:
    return arguments.device or serial_number() or platform.node()


def _tell(arguments: argparse.Namespace, outcome: str, **facts: object) -> int:
    return _say(arguments, {"outcome": outcome, **facts}, WORDS[outcome])


def _say(arguments: argparse.Namespace, facts: dict[str, Any], text: str) -> int:
    sys.stdout.write((json.dumps(facts) if arguments.json else text) + "\n")
    return EXIT_OK


def _web_address(text: str) -> str:
    if not re.match(r"https?://", text):
        raise argparse.ArgumentTypeError("an offer stands at an address that begins with https:// or http://")
    return text
