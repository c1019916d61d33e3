import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import vosk

from appliance.adapters import model_store
from appliance.adapters.model_adapt import CHANGED, adapt, general_front, read_front_file, write_front_file
from appliance.adapters.model_archive import file_facts
from appliance.adapters.model_import import import_model
from appliance.adapters.recording import Recording
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.models.kaldi import read_acoustic_model, write_acoustic_model
from appliance.models.manifest import ADAPTED_SUFFIX
from tests.adapters.adaptable_model import CONF, FILES
from tests.adapters.small_disk import small_disk
from tests.adapters.tiny_model import in_folder
from tests.models.kaldi_models import CONFIGURATION, acoustic_model, identity_front

__all__ = ["small_disk"]

OTHER_INPUT = write_acoustic_model(acoustic_model(CONFIGURATION.replace("dim=40", "dim=13")))

CALL = Path(__file__).parents[2] / "appliance" / "calls" / "billing_ko_16k.wav"


def a_store(folder: Path, changed: dict[str, bytes] | None = None) -> Path:
    """Install a model called `tiny` with these files changed, and give the models folder."""
    store = folder / "models"
    import_model(in_folder(folder / "tiny", FILES | (changed or {})), language="en", band="wide", folder=store)
    return store


def names(store: Path) -> set[str]:
    return {path.name for path in store.iterdir()}


def test_the_new_model_lies_beside_the_old_one_which_stays_as_it_was(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    before = file_facts(store / "tiny")
    place = adapt("tiny", folder=store)
    assert place == store / f"tiny{ADAPTED_SUFFIX}"
    model_store.verify(place)
    assert file_facts(store / "tiny") == before
    after = file_facts(place)
    assert {path for path in before if after[path] != before[path]} == {*CHANGED, "model.json"}
    assert names(store) == {".lock", "tiny", place.name}


def test_the_manifest_tells_what_was_made_of_what_and_how_it_was_measured(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    manifest = model_store.manifest_of(adapt("tiny", folder=store))
    source = model_store.manifest_of(store / "tiny")
    told = general_front().provenance
    assert manifest.bands == ("narrow",)
    assert manifest.languages == ("en",)
    assert manifest.adapted is not None
    assert manifest.adapted.source == "tiny"
    assert manifest.adapted.source_files == {path: source.files[path].sha256 for path in CHANGED}
    assert (manifest.adapted.data, manifest.adapted.figures) == (told.data, told.figures)


def test_an_adapted_model_takes_part_in_the_choice_with_its_evidence(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    adapt("tiny", folder=store)
    models = {model.name: model for model in model_store.known_models(store)}
    adapted = models[f"tiny{ADAPTED_SUFFIX}"]
    assert adapted.hears("narrow")
    assert not adapted.hears("wide")
    assert adapted.bands[0].evidence == "measured"
    assert list(models)[: len(model_store.catalogue())] == [model.name for model in model_store.catalogue()]


def test_what_brings_a_damaged_adapted_model_back_is_to_adapt_again(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    place = adapt("tiny", folder=store)
    (place / "am/final.mdl").write_bytes(b"")
    with pytest.raises(BadInputError) as caught:
        model_store.check(place)
    assert caught.value.mend == "undertone model adapt tiny --band telephone"
    assert adapt("tiny", folder=store) == place
    model_store.verify(place)


@pytest.mark.parametrize(
    ("path", "data", "what"),
    [
        ("conf/mfcc.conf", CONF + b"--sample-frequency=8000\n", "other features"),
        ("ivector/splice.conf", b"--left-context=2\n--right-context=2\n", "another window"),
        ("am/final.mdl", FILES["am/final.mdl"][:2000], "it is cut off"),
        ("am/final.mdl", b"an older model", "not an nnet3 acoustic model"),
        ("am/final.mdl", OTHER_INPUT, "other inputs"),
        ("ivector/final.mat", b"?", "does not hold one matrix"),
        ("ivector/global_cmvn.stats", b"?", "statistics are not numbers"),
    ],
)
def test_a_model_that_no_front_fits_is_refused_and_nothing_is_written(
    tmp_path: Path, path: str, data: bytes, what: str
) -> None:
    store = a_store(tmp_path, {path: data})
    with pytest.raises(BadInputError, match=what) as caught:
        adapt("tiny", folder=store)
    assert caught.value.where == str(store / "tiny" / path)
    assert caught.value.mend
    assert names(store) == {".lock", "tiny"}


def test_an_adapted_model_is_not_adapted_again(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    adapt("tiny", folder=store)
    with pytest.raises(BadInputError, match="adapted already, from tiny"):
        adapt(f"tiny{ADAPTED_SUFFIX}", folder=store)


def test_a_damaged_model_is_not_adapted(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    (store / "tiny/graph/Gr.fst").write_bytes(b"x" * 1000)
    with pytest.raises(BadInputError, match=r"Gr\.fst has changed"):
        adapt("tiny", folder=store)
    assert names(store) == {".lock", "tiny"}


def test_a_model_that_is_not_there_is_not_adapted(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="not installed") as caught:
        adapt("vosk-model-small-ko-0.22", folder=tmp_path)
    assert caught.value.mend == "undertone model fetch vosk-model-small-ko-0.22"


def test_a_disk_that_is_too_small_is_named_and_nothing_is_written(tmp_path: Path, small_disk: Path) -> None:
    shutil.copytree(a_store(tmp_path), small_disk / "models")
    with pytest.raises(BadInputError, match="the disk is too full"):
        adapt("tiny", folder=small_disk / "models")
    assert names(small_disk / "models") == {".lock", "tiny"}


def test_what_an_interrupted_adaptation_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    (store / ".new-adapt").mkdir()
    (store / ".new-adapt/am").write_bytes(b"half a model")
    model_store.verify(adapt("tiny", folder=store))
    assert names(store) == {".lock", "tiny", f"tiny{ADAPTED_SUFFIX}"}


def test_a_front_is_carried_as_a_file(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    file = tmp_path / "new folder" / "tiny.front"
    write_front_file(identity_front(name="mine"), file)
    place = adapt("tiny", front=read_front_file(file), folder=store)
    adapted = model_store.manifest_of(place).adapted
    assert adapted is not None
    assert adapted.method == "telephone front 'mine': made up"
    assert read_acoustic_model((place / "am/final.mdl").read_bytes()).left_context == acoustic_model().left_context + 3


@pytest.mark.parametrize(("data", "what"), [(None, "cannot be read"), (b"?", "not the file of a telephone front")])
def test_a_file_that_is_no_front_is_refused(tmp_path: Path, data: bytes | None, what: str) -> None:
    file = tmp_path / "x.front"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadInputError, match=what):
        read_front_file(file)


def test_a_place_that_cannot_hold_a_front_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="cannot be written"):
        write_front_file(identity_front(), tmp_path / "file" / "x.front")


def test_a_front_that_was_taught_for_another_model_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    front = identity_front()._replace(own={"tdnnf2.linear <LinearParams>": np.ones((2, 2))})
    with pytest.raises(BadInputError, match="taught for another model"):
        adapt("tiny", front=front, folder=store)
    assert names(store) == {".lock", "tiny"}


def test_vosk_hears_the_very_same_through_a_front_that_changes_nothing(tmp_path: Path) -> None:
    source = model_store.installed("vosk-model-small-ko-0.22")
    if source is None:
        pytest.skip("the Korean model is not installed (undertone model fetch vosk-model-small-ko-0.22)")
    shutil.copytree(source, tmp_path / source.name)
    # Without context, for with it Kaldi takes the i-vector of a chunk some frames later.
    adapted = adapt("vosk-model-small-ko-0.22", front=identity_front(context_frames=0), folder=tmp_path)
    said = said_by(tmp_path / "vosk-model-small-ko-0.22")
    assert said["result"]
    assert said_by(adapted) == said


def said_by(folder: Path) -> dict[str, object]:
    """Give all that Vosk tells of the first ten seconds: words, times, confidences."""
    vosk.SetLogLevel(-1)
    recognizer = vosk.KaldiRecognizer(vosk.Model(str(folder)), SAMPLE_RATE_HZ)
    recognizer.SetWords(True)
    steps = zip(range(500), Recording(CALL).frames(), strict=False)
    recognizer.AcceptWaveform(b"".join(frames[0].pcm for _, frames in steps))
    told: dict[str, object] = json.loads(recognizer.FinalResult())
    return told
