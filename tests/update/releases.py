"""Releases and keys for tests."""

import hashlib
import io
import random
import tarfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.update.manifest import Release

OLD_KEY = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
NEW_KEY = Ed25519PrivateKey.from_private_bytes(b"2" * 32)
TRUSTED = {"old": OLD_KEY.public_key().public_bytes_raw()}
NEXT = {"new": NEW_KEY.public_key().public_bytes_raw()}


def program(number: int) -> str:
    return f"#!/bin/sh\necho release {number}\n"


def archive(number: int, folder: str = "", padding: int = 0) -> bytes:
    """Make a release whose program tells its number, with a link out of it as an environment has one."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        content = program(number).encode()
        info = tarfile.TarInfo(f"{folder}./bin/undertone")
        info.size, info.mode = len(content), 0o777
        tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo(f"{folder}./bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, "/usr/bin/python3"
        tar.addfile(link)
        if padding:
            filler = tarfile.TarInfo("./lib/filler")
            filler.size = padding
            tar.addfile(filler, io.BytesIO(random.Random(number).randbytes(padding)))
    return made.getvalue()


def release(number: int, content: bytes = b"x", percent: float = 100, keys: dict[str, bytes] | None = None) -> Release:
    return Release(
        format="undertone-release-1",
        number=number,
        version=f"0.{number}",
        file=f"undertone-{number}.tar.gz",
        size_bytes=len(content),
        unpacked_bytes=1000,
        sha256=hashlib.sha256(content).hexdigest(),
        ring_percent=percent,
        keys=keys or {},
    )


def packaged(folder: Path) -> Path:
    """Make the program that the box came with."""
    file = folder / "packaged/bin/undertone"
    file.parent.mkdir(parents=True)
    file.write_text(program(0))
    file.chmod(0o755)
    return folder / "packaged"
