"""Why the claim on a box's card was not taken yet, kept in its state folder for `undertone doctor`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from appliance.adapters.machine_checks import Finding
from appliance.errors import BadInputError

FILE: Final = "last-claim.json"


class _Word(msgspec.Struct, frozen=True):
    error: str
    mend: str
    at: str


def keep_refusal(state: Path, error: BadInputError) -> None:
    """Keep why; a disk that has no space for it keeps what was there."""
    word = _Word(str(error), error.mend, datetime.now(UTC).isoformat(timespec="seconds"))
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / f".{FILE}").write_bytes(msgspec.json.encode(word))
        (state / f".{FILE}").replace(state / FILE)
    except OSError:
        return


def forget_refusal(state: Path) -> None:
    """Forget it, for the box is claimed."""
    (state / FILE).unlink(missing_ok=True)


def claim_findings(state: Path) -> list[Finding]:
    """Tell why the claim was not taken: used by another box, for another serial number, over, no server found."""
    try:
        word = msgspec.json.decode((state / FILE).read_bytes(), type=_Word)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return []
    return [Finding("claim", "trouble", f"was not taken: {word.error} (at {word.at})", word.mend)]
