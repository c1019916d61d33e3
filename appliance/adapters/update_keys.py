"""Keys for releases: a publisher's own, in a file for its owner only, and those that a box trusts."""

import base64
import re
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import BadInputError
from appliance.secret_file import write_secret
from appliance.update.manifest import KEY_ID_PATTERN

PUBLIC: Final = ".pub"
PRIVATE: Final = ".key"


def make_key(name: str, folder: Path) -> Path:
    """Make a key pair, NAME.key and NAME.pub, and give the public one. Raises `BadInputError`; overwrites nothing."""
    secret, public = folder / f"{name}{PRIVATE}", folder / f"{name}{PUBLIC}"
    _require_key_id(name, "the name of a key")
    for file in (secret, public):
        if file.exists():
            raise BadInputError("is there already", where=str(file), mend="take another name")
    key = Ed25519PrivateKey.generate()
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    try:
        write_secret(secret, key.private_bytes(serialization.Encoding.PEM, form, plain).decode())
        public.write_text(base64.b64encode(key.public_key().public_bytes_raw()).decode() + "\n")
    except OSError as error:
        raise BadInputError(f"cannot be written ({error.strerror})", where=str(folder), mend="see --out") from error
    return public


def read_secret_key(file: Path) -> Ed25519PrivateKey:
    """Read NAME.key. Raises `BadInputError`."""
    mend = "name the file NAME.key that `undertone update keygen` wrote"
    _require_key_id(file.stem, str(file))
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInputError(f"cannot be read as a key: {error}", where=str(file), mend=mend) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInputError("is no Ed25519 key", where=str(file), mend=mend)
    return key


def read_public_key(file: Path) -> bytes:
    """Read NAME.pub. Raises `BadInputError`."""
    mend = "name the file NAME.pub that `undertone update keygen` wrote"
    _require_key_id(file.stem, str(file))
    try:
        key = base64.b64decode(file.read_bytes().strip(), validate=True)
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot be read as a public key: {error}", where=str(file), mend=mend) from error
    if len(key) != 32:
        raise BadInputError("a public key has 32 bytes", where=str(file), mend=mend)
    return key


def trusted_keys(folder: Path) -> dict[str, bytes]:
    """Read the keys that a box came with; none without the folder. Raises `BadInputError`."""
    return {file.stem: read_public_key(file) for file in sorted(folder.glob(f"*{PUBLIC}"))}


def _require_key_id(name: str, where: str) -> None:
    if not re.fullmatch(KEY_ID_PATTERN, name):
        mend = "take up to 32 letters, digits, - and _"
        raise BadInputError(f"{name!r} cannot be a key's name", where=where, mend=mend)
