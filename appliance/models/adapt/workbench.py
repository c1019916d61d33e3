"""Teaches a front for one model with the recordings of one folder, and says meanwhile how far it is."""

import hashlib
from pathlib import Path
from typing import TextIO

import msgspec

from appliance.errors import BadInputError
from appliance.models.adapt.corpus import read_corpus
from appliance.models.adapt.lessons import WideModel
from appliance.models.adapt.progress import Progress
from appliance.models.adapt.teach import courses, teach
from appliance.models.adapt.telephone import WIDE_HZ
from appliance.models.front import Front
from appliance.models.kaldi import KaldiError, read_acoustic_model, read_matrix_file, read_statistics


def teach_front(
    source: Path, recordings: Path, *, start: Front, own_layers: bool, told: str, saved: Path, out: TextIO
) -> Front:
    """Give a front for the model in the folder `source` that is better than `start` on held-out speech.

    `told` says what the recordings are. An interrupted teaching goes on from the file `saved`, which is removed at the
    end. Raises `BadInputError`.
    """
    tell = Progress(out).tell
    model = read_wide_model(source)
    corpus = read_corpus(recordings, tell)
    taught = teach(
        model, start, corpus, courses(own_layers=own_layers, further=bool(start.provenance.taught_for)), saved, tell
    )
    saved.unlink(missing_ok=True)
    minutes = sum(len(audio) for _, audio in (*corpus.training, *corpus.held_out)) / WIDE_HZ / 60
    provenance = msgspec.structs.replace(
        taught.front.provenance,
        name=f"taught for {source.name}",
        data=told or f"{minutes:.0f} minutes of wideband recordings",
        taught_for=hashlib.sha256((source / "am/final.mdl").read_bytes()).hexdigest(),
    )
    return taught.front._replace(provenance=provenance)


def read_wide_model(folder: Path) -> WideModel:
    """Read what teaching needs of a model; raises `BadInputError`."""
    try:
        return WideModel(
            acoustic=read_acoustic_model((folder / "am/final.mdl").read_bytes()),
            extractor=(folder / "ivector/final.ie").read_bytes(),
            gaussians=(folder / "ivector/final.dubm").read_bytes(),
            matrix=read_matrix_file((folder / "ivector/final.mat").read_bytes()),
            statistics=read_statistics((folder / "ivector/global_cmvn.stats").read_text("utf-8", "replace")),
        )
    except (KaldiError, OSError) as error:
        raise BadInputError(
            f"it cannot be taught: {error}", where=str(folder), mend="install the model again"
        ) from error
