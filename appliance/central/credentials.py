"""Which token belongs to which device: a small file that keeps only hashes.

A token is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess, and a stolen file gives no
token away. The file is JSON, `{"devices": {"desk-12": {"token_sha256": "...", "added": "..."}}}`, mode 0600, replaced
as a whole and never written in place. A running server notices a change at the next look, so a token can be added or
taken away without a restart.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from appliance.central.clock import utc_now
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

TOKEN_BYTES: Final = 32
TOKEN_PREFIX: Final = "undertone_"  # noqa: S105 - not a secret: it lets a scanner recognise a leaked token
_DEVICE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_log = logging.getLogger(__name__)


class _Entry(msgspec.Struct, frozen=True):
    token_sha256: str
    added: str = ""


class _File(msgspec.Struct):
    devices: dict[str, _Entry] = {}


class Credentials:
    """The devices that may connect, read from `path` again whenever the file has changed.

    A file that does not exist yet knows no device. Raises `BadInputError` when the file cannot be read at the start;
    when it breaks later, the last good state stays in force and the fault is logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _fingerprint(path)
        self._device_by_hash = _by_hash(_read(path))

    def device_of(self, token: str) -> str | None:
        """Give the name of the device that `token` belongs to, or None."""
        self._reload()
        return self._device_by_hash.get(_hash(token))

    def _reload(self) -> None:
        fingerprint = _fingerprint(self._path)
        if fingerprint == self._seen:
            return
        self._seen = fingerprint
        try:
            self._device_by_hash = _by_hash(_read(self._path))
        except BadInputError as error:
            _log.error("credentials_unreadable error=%r kept=last_good", str(error))
            return
        _log.info("credentials_reloaded devices=%d", len(self._device_by_hash))


def add_device(path: Path, device: str, *, replace: bool = False) -> str:
    """Add `device` to the file and give its new token, which is stored nowhere else.

    Raises `BadInputError` for a name that cannot be used, and for a known device unless `replace` is given.
    """
    return add_devices(path, [device], replace=replace)[device]


def add_devices(path: Path, devices: Sequence[str], *, replace: bool = False) -> dict[str, str]:
    """Add all of these devices or none, and give their new tokens. Raises as `add_device` does."""
    with _locked(path):
        file, tokens = _read(path), {}
        for device in devices:
            check_device_name(device)
            if device in file.devices and not replace:
                raise BadInputError(
                    f"device {device} has a token already",
                    where=str(path),
                    mend="add --replace to give it a new one (the old one stops working at once)",
                )
            tokens[device] = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
            file.devices[device] = _Entry(token_sha256=_hash(tokens[device]), added=utc_now())
        _write(path, file)
    return tokens


def listed(path: Path) -> dict[str, str]:
    """Give every device that has a token, and when it was given. Raises `BadInputError` for a file that is none."""
    return {device: entry.added for device, entry in _read(path).devices.items()}


def check_device_name(device: str) -> None:
    """Raise `BadInputError` for a name that no device can have."""
    if not _DEVICE_NAME.fullmatch(device):
        raise BadInputError(
            f"{device!r} cannot be the name of a device",
            mend="use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first",
        )


def remove_device(path: Path, device: str) -> None:
    """Take `device` out of the file; a running server cuts it off. Raises `BadInputError` for an unknown device."""
    remove_devices(path, [device])


def remove_devices(path: Path, devices: Sequence[str]) -> None:
    """Take all of these devices out of the file, or none. Raises as `remove_device` does."""
    with _locked(path):
        file = _read(path)
        for device in devices:
            if file.devices.pop(device, None) is None:
                known = ", ".join(sorted(file.devices)) or "none"
                raise BadInputError(f"there is no device {device!r}", where=str(path), mend=f"known devices: {known}")
        _write(path, file)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one program at a time read, change and replace the file; scripts enrol many boxes at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except msgspec.DecodeError as error:
        raise BadInputError(
            f"not a credentials file: {error}",
            where=str(path),
            mend="mend the place named here, or move the file away and add the devices again",
        ) from error
    except OSError as error:
        raise BadInputError(
            f"cannot be read: {error.strerror}", where=str(path), mend="let the server's user read this file"
        ) from error


def _write(path: Path, file: _File) -> None:
    write_secret(path, msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n")


def _by_hash(file: _File) -> dict[str, str]:
    return {entry.token_sha256: device for device, entry in file.devices.items()}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _fingerprint(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)
