"""The box's key in the keeping of a program of yours: in a TPM, or a secure element.

- `PROGRAM new FILE` makes a key on P-256, and writes into FILE what OpenSSL loads it by (PEM): for a TPM the key as
  only that TPM can read it
- `PROGRAM request FILE` prints a signing request (PKCS#10, PEM) for the key of FILE, signed with it

Both end with 0, or say on stderr why not. TLS signs with the key through OpenSSL's own provider for it, which
`OPENSSL_CONF` names in the device's environment.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Final

from appliance.errors import BadInputError
from appliance.secret_file import write_secret

CHOICE_FILE: Final = "key_program"
"""In the identity's folder: the program that the device renews with. `undertone enrol` writes it, and never reads it:
it may run as root, and the folder is the device's own."""

TIMEOUT_S: Final = 60.0
"""A TPM may think for some seconds about a key."""

MAX_BYTES: Final = 16_384


def chosen(folder: Path) -> Path | None:
    """Give the program that the identity in this folder was made with; None: its key is in its file."""
    try:
        return Path((folder / CHOICE_FILE).read_text("utf-8").strip())
    except FileNotFoundError:
        return None


def choose(folder: Path, program: Path | None) -> None:
    """Keep with which program the key was made."""
    if program is not None:
        write_secret(folder / CHOICE_FILE, f"{program}\n")
    else:
        (folder / CHOICE_FILE).unlink(missing_ok=True)


def make_key(program: Path, path: Path) -> None:
    """Have the program make a key, and keep in `path` what it is loaded by. Raises `BadInputError`."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "key.pem"
        _run(program, "new", made)
        try:
            text = made.read_bytes()[: MAX_BYTES + 1].decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise _wrong(program, f"made no key: {error}") from error
    if not text.startswith("-----BEGIN ") or len(text) > MAX_BYTES:
        raise _wrong(program, "made no key in PEM")
    write_secret(path, text.rstrip() + "\n")


def request(program: Path, path: Path) -> str:
    """Have the program ask for a certificate for the key of `path`. Raises `BadInputError`."""
    return _run(program, "request", path)


def _run(program: Path, verb: str, path: Path) -> str:
    try:
        done = subprocess.run(
            [program, verb, path], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _wrong(program, f"cannot be run: {error}") from error
    if done.returncode != 0:
        said = done.stderr[-300:].decode("utf-8", "replace").strip()
        raise _wrong(program, f"ended with {done.returncode} at `{verb}`: {said or 'and said nothing'}")
    return done.stdout[:MAX_BYTES].decode("ascii", "replace")


def _wrong(program: Path, what: str) -> BadInputError:
    mend = "run it by hand as the device's user: PROGRAM new FILE, then PROGRAM request FILE"
    return BadInputError(f"the key's program {what}", where=str(program), mend=mend)
