"""What `undertone doctor` says of updates: each state that a box can be in, and the mend."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from appliance.adapters.machine_checks import Finding
from appliance.adapters.update_keys import trusted_keys
from appliance.adapters.update_store import UpdateStore
from appliance.adapters.update_word import Word, last_word
from appliance.errors import BadInputError
from appliance.update.plan import PACKAGED, State

SUBJECT: Final = "updates"

STALE: Final = timedelta(days=3)
"""The timer looks once an hour; a box that was off for a weekend is no news."""

TIMER_MEND: Final = "systemctl enable --now undertone-update.timer; journalctl -u undertone-update"
UNIT_MEND: Final = (
    "copy /usr/share/doc/undertone/examples/update.conf to /etc/systemd/system/undertone.service.d, then: "
    "systemctl daemon-reload && systemctl restart undertone"
)

_QUIET: Final = {
    "ready": "release {0} is here",
    "already_here": "the newest release for this box, {0}, runs",
    "older": "release {0} is offered, which is older than what runs",
    "none_offered": "the server offers this box no release yet",
    "not_my_ring": "release {0} is offered, and not for this box yet",
    "trial_open": "release {0} is offered; another one has its trial first",
}
"""Outcomes of a look that nobody has to do anything about, by their word."""

_LOUD: Final = {
    "unreachable": "the address of releases cannot be reached",
    "refused": "what is offered is refused",
    "not_had": "release {0} could not be had",
    "disk_full": "there is no space for release {0}",
}


def update_findings(root: Path, packaged: Path, keys: Path, address: str | None) -> list[Finding]:
    """Tell of the releases below `root`; `address` is where the settings say that new ones are offered."""
    store = UpdateStore(root, packaged)
    try:
        state = store.state()
        trusted = state.keys or trusted_keys(keys)
    except BadInputError as error:
        return [Finding(SUBJECT, "trouble", str(error), error.mend)]
    if address is None and not store.current.is_symlink():
        return [Finding(SUBJECT, "ok", "the settings name no address of releases")]
    found = [_of_state(state)]
    if not store.current.is_symlink():
        found.append(Finding(SUBJECT, "trouble", "the device does not start from the releases", UNIT_MEND))
    if not trusted:
        found.append(Finding(SUBJECT, "trouble", "this box trusts no key", f"bring the publisher's NAME.pub to {keys}"))
    return [*found, *_of_look(last_word(root), address)]


def _of_state(state: State) -> Finding:
    runs = (
        f"release {state.good} ({state.version}) is good" if state.good != PACKAGED else "the packaged program is good"
    )
    if state.trial and state.trial.is_started:
        mend = "wait three minutes; still on trial then: systemctl restart undertone, and the one before runs again"
        return Finding(SUBJECT, "note", f"release {state.trial.number} is on trial; {runs}", mend)
    if state.trial:
        return Finding(SUBJECT, "ok", f"release {state.trial.number} waits for the end of a call; {runs}")
    if state.failed:
        failed = ", ".join(map(str, state.failed))
        mend = "journalctl -u undertone tells why; publish what is mended under a higher number"
        return Finding(SUBJECT, "note", f"release {failed} did not work here, and the box went back; {runs}", mend)
    return Finding(SUBJECT, "ok", runs)


def _of_look(word: Word | None, address: str | None) -> list[Finding]:
    if address is None:
        return []
    if word is None:
        return [Finding(SUBJECT, "note", "nobody has looked for a release yet", TIMER_MEND)]
    found = []
    if word.outcome in _LOUD:
        detail = ": ".join(filter(None, (_LOUD[word.outcome].format(word.number), word.error)))
        mend = word.mend or "free space; the next look goes on where this one was"
        found.append(Finding(SUBJECT, "trouble", f"{detail} (at {word.at})", mend))
    elif word.outcome == "failed_before":
        detail = f"release {word.number} is still offered, and failed here before"
        found.append(Finding(SUBJECT, "note", detail, "publish what is mended under a higher number"))
    elif word.outcome in _QUIET:
        found.append(Finding(SUBJECT, "ok", f"{_QUIET[word.outcome].format(word.number)} (looked at {word.at})"))
    if _is_stale(word.at):
        found.append(Finding(SUBJECT, "note", f"nobody has looked for a release since {word.at}", TIMER_MEND))
    return found


def _is_stale(at: str) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(at) > STALE
    except (TypeError, ValueError):
        return True  # no time, or one without its zone: nobody of ours wrote it
