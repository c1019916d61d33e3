"""A model of a few megabytes with the layout of a real Vosk model, for tests that only move files about."""

import hashlib
import io
import random
import zipfile
from pathlib import Path

from appliance.models.catalogue import Hearing, Model, UrlSource
from appliance.models.layout import VOSK_DYNAMIC_GRAPH, VOSK_FILES, VOSK_IVECTOR

NAME = "vosk-model-tiny"
MFCC_CONF = b"--use-energy=false\n--high-freq=7600\n"


def tiny_files(seed: int = 1) -> dict[str, bytes]:
    """Give the files of the model by their path inside."""
    chance = random.Random(seed)
    files = {path: chance.randbytes(1000) for path in (*VOSK_FILES, *VOSK_DYNAMIC_GRAPH, *VOSK_IVECTOR)}
    return files | {"am/final.mdl": chance.randbytes(2_000_000), "conf/mfcc.conf": MFCC_CONF}


def zipped(files: dict[str, bytes], *, top: str = f"{NAME}/") -> bytes:
    """Pack the files as publishers do: everything under one top folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(top + name, data)
    return packed.getvalue()


def in_folder(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files below the folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def tiny_model(url: str, archive: bytes, *, more_urls: tuple[str, ...] = ()) -> Model:
    """Describe the model as the catalogue would, with the archive's true hash for every URL."""
    digest = hashlib.sha256(archive).hexdigest()
    sources = tuple(UrlSource(place, digest, len(archive)) for place in (url, *more_urls))
    return Model(NAME, "vosk", ("en",), "Apache-2.0", (Hearing("wide", "measured", "made up"),), sources)
