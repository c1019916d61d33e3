import subprocess
import sys
from pathlib import Path

import pytest

from appliance.adapters import model_store
from appliance.adapters.model_import import import_model
from appliance.errors import BadInputError
from appliance.models.manifest import MANIFEST_FILE

from .tiny_model import in_folder, tiny_files

FILES = tiny_files()

# Kaldi's errors end the process, so the model is loaded in a child.
LOAD_AND_LISTEN = """
import hashlib, sys, vosk
vosk.SetLogLevel(-1)
recognizer = vosk.KaldiRecognizer(vosk.Model(sys.argv[1]), 16000)
recognizer.SetWords(True)
noise = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(4000))
recognizer.AcceptWaveform(noise)
print(recognizer.FinalResult())
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    return import_model(in_folder(tmp_path / "tiny", FILES), language="en", folder=tmp_path / "models")


def test_an_installed_model_passes_both_checks(installed: Path) -> None:
    model_store.check(installed)
    model_store.verify(installed)
    assert model_store.installed_folders(installed.parent) == [installed]
    assert list(model_store.installed_manifests(installed.parent)) == ["tiny"]


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named_with_the_mend(installed: Path, name: str) -> None:
    (installed / name).unlink()
    with pytest.raises(BadInputError, match=f"the model's file {name} is missing") as caught:
        model_store.check(installed)
    assert caught.value.mend == "import the model again"


def test_a_truncated_file_is_named_with_both_sizes(installed: Path) -> None:
    (installed / "am/final.mdl").write_bytes(b"short")
    with pytest.raises(BadInputError, match=r"am/final\.mdl has 5 bytes instead of 2000000"):
        model_store.check(installed)


def test_a_changed_file_of_the_same_size_is_found_by_verify_alone(installed: Path) -> None:
    (installed / "graph/Gr.fst").write_bytes(b"x" * 1000)
    model_store.check(installed)
    with pytest.raises(BadInputError, match=r"graph/Gr\.fst has changed"):
        model_store.verify(installed)


def test_a_damaged_manifest_is_named(installed: Path) -> None:
    (installed / MANIFEST_FILE).write_text("{")
    with pytest.raises(BadInputError, match=r"model\.json: the model's manifest is damaged"):
        model_store.check(installed)


def test_a_folder_without_manifest_is_checked_by_its_layout(tmp_path: Path) -> None:
    model_store.check(in_folder(tmp_path / "own", FILES))
    (tmp_path / "own" / "am/final.mdl").unlink()
    with pytest.raises(BadInputError, match=r"am/final\.mdl is missing"):
        model_store.check(tmp_path / "own")
    with pytest.raises(BadInputError, match="no such model folder"):
        model_store.check(tmp_path / "nowhere")


def test_a_model_that_is_not_installed_comes_with_the_command_that_mends_it(tmp_path: Path) -> None:
    model = model_store.known("vosk-model-small-ko-0.22")
    assert model_store.installed(model.name, tmp_path) is None
    with pytest.raises(BadInputError, match=r"vosk-model-small-ko-0\.22 is not installed") as caught:
        model_store.locate(model, tmp_path)
    assert caught.value.mend == "undertone model fetch vosk-model-small-ko-0.22"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInputError, match="no speech model is called 'nope'") as caught:
        model_store.known("nope")
    assert "moonshine-tiny-en" in caught.value.mend


def test_the_real_korean_model_is_intact_and_repeats_itself() -> None:
    place = model_store.locate(model_store.known("vosk-model-small-ko-0.22"))
    model_store.verify(place)
    assert "--dither=0" in (place / "conf/mfcc.conf").read_text().splitlines()
    command = [sys.executable, "-W", "ignore", "-c", LOAD_AND_LISTEN, str(place)]
    first, second = (subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2))
    assert first == second
    assert b"text" in first
