"""The parts of `undertone update` that its units run: look for a release, start the device from it, try the program."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from appliance.adapters.call_lock import wait_for_end
from appliance.adapters.machine_checks import Finding, examine_program
from appliance.adapters.model_progress import Progress
from appliance.adapters.update_fetch import apply_release, fetch_offer
from appliance.adapters.update_store import UpdateStore
from appliance.adapters.update_word import Word, keep_word
from appliance.config import update_address
from appliance.errors import BadInputError
from appliance.toml_table import read_table
from appliance.update.manifest import read_offer

UNIT: Final = "undertone.service"

PROOF_S: Final = 180.0
"""By then a release has shown that it works, or the one before runs again; the unit's own limits are below it."""

LOOK_EVERY_S: Final = 0.5


def address_in(config: Path) -> str | None:
    """Give where the settings say that releases are offered; None where they do not. Raises `BadInputError`."""
    try:
        return update_address(read_table(config.read_bytes(), str(config)))
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=str(config), mend="see --config") from error


def look(store: UpdateStore, root: Path, url: str, device: str, trusted: dict[str, bytes]) -> Word:
    """Look for a release and put it on trial if the box takes it; what was found is kept, an error too.

    Raises `BadInputError` as `fetch_offer`, `read_offer` and `apply_release` do.
    """
    word = Word("unreachable")
    try:
        offer = fetch_offer(url)
        if not offer:
            word = Word("none_offered")
            keep_word(root, word)
            return word
        word = Word("refused")
        release = read_offer(offer, trusted)
        word = Word("not_had", release.number, release.version)
        outcome = apply_release(store, url, release, device, progress=Progress(release.file))
    except BadInputError as error:
        keep_word(root, Word(word.outcome, word.number, word.version, error=str(error), mend=error.mend))
        raise
    word = Word(outcome, release.number, release.version)
    keep_word(root, word)
    return word


def switch(store: UpdateStore, state: Path, within_s: float) -> str:
    """Start the device from the release that waits for its trial, once no call is on, and see how the trial ends.

    Gives the outcome in a word. The device goes back by its own unit; here it is only watched.
    """
    trial = store.state().trial
    if trial is None or trial.is_started:
        return "nothing_to_switch"
    if not wait_for_end(state, within_s):
        return "in_call"
    subprocess.run(["systemctl", "try-restart", "--no-block", UNIT], check=True)
    deadline_s = time.monotonic() + PROOF_S
    while time.monotonic() < deadline_s:
        now = store.state()
        if now.trial is None:
            return "confirmed" if now.good == trial.number else "fallen_back"
        time.sleep(LOOK_EVERY_S)
    now_trial = store.state().trial
    return "not_proven" if now_trial and now_trial.is_started else "not_started"


def run_self_test(arguments: argparse.Namespace) -> int:
    """Try the program of a release on trial: every library loads. With no trial there is nothing to try."""
    try:
        trial = UpdateStore(arguments.root, arguments.packaged).state().trial
    except BadInputError:
        trial = None  # the updater tells of that; a device that works must not stop for it
    wanted = arguments.always or (trial is not None and trial.is_started)
    findings = [finding for finding in examine_program() if finding.state == "trouble"] if wanted else []
    if arguments.json:
        sys.stdout.write(json.dumps({"tried": wanted, "trouble": [each.subject for each in findings]}) + "\n")
    else:
        sys.stdout.writelines(_line(each) for each in findings)
    return 1 if findings else 0


def _line(finding: Finding) -> str:
    return f"{finding.subject}: {finding.detail}\n"
