import argparse
import json
from pathlib import Path

import pytest

from appliance.adapters.model_adapt import write_front_file
from appliance.cli import doctor, model
from appliance.errors import BadInputError

from ..adapters.adaptable_model import FILES as ADAPTABLE
from ..adapters.tiny_model import in_folder, tiny_files
from ..models.kaldi_models import identity_front


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path / "home"))


def run(*words: str) -> int:
    """Run the command line with these two subcommands."""
    parser = argparse.ArgumentParser(prog="undertone")
    subparsers = parser.add_subparsers(required=True)
    model.add_parser(subparsers)
    doctor.add_parser(subparsers)
    arguments = parser.parse_args(words)
    code: int = arguments.run(arguments)
    return code


def a_model(folder: Path) -> str:
    return str(in_folder(folder / "tiny", tiny_files()))


def test_the_list_shows_the_catalogue_and_what_somebody_brought(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("model", "import", a_model(tmp_path), "--language", "en") == 0
    assert "unknown to the catalogue" in capsys.readouterr().err
    assert run("model", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["vosk-model-small-en-us-0.15", "vosk", "en", "wide", "Apache-2.0", "-"]
    assert lines[-1].split() == ["tiny", "vosk", "en", "wide", "unknown", "installed"]


def test_the_list_as_json_gives_the_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("model", "list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    korean = rows["vosk-model-small-ko-0.22"]
    assert korean["hears"] == ["wide"]
    assert {(known["band"], known["hears"], known["evidence"]) for known in korean["evidence"]} == {
        ("wide", True, "measured"),
        ("narrow", False, "measured"),
    }


def test_verify_fails_when_a_file_has_changed_and_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("model", "import", a_model(tmp_path), "--language", "en")
    assert run("model", "verify") == 0
    (tmp_path / "home/models/tiny/graph/Gr.fst").write_bytes(b"x" * 1000)
    assert run("model", "verify", "tiny", "--json") == 1
    (row,) = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert "graph/Gr.fst has changed" in row["trouble"]
    assert "mend: import the model again" in row["trouble"]


def test_verify_of_a_model_that_is_not_there_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("model", "verify", "moonshine-tiny-en") == 1
    assert "moonshine-tiny-en: is not installed (mend: undertone model fetch" in capsys.readouterr().out


def test_fetching_an_unknown_name_fetches_nothing() -> None:
    with pytest.raises(BadInputError, match="no speech model is called"):
        run("model", "fetch", "moonshine-tiny-en", "nope")


@pytest.mark.parametrize(
    "words",
    [("fetch", "x", "--mirror", "ftp://x"), ("import", "x.zip", "--language", "English!"), ("fetch",), ()],
)
def test_a_malformed_command_line_ends_with_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("model", *words)
    assert caught.value.code == 2
    assert "usage: undertone model" in capsys.readouterr().err


def test_the_doctor_finds_the_missing_model_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor") == 1
    said = capsys.readouterr().out
    assert "TROUBLE  speech models: none is installed" in said
    assert "         mend: undertone model fetch" in said


def test_the_doctors_json_has_one_object_per_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 1
    findings = json.loads(capsys.readouterr().out)
    assert {"subject", "state", "detail", "mend"} == set(findings[0])
    assert {finding["subject"] for finding in findings} >= {"python", "disk", "pyaudio", "vosk", "clock"}


def test_a_model_that_cannot_be_adapted_is_told_with_the_mend(tmp_path: Path) -> None:
    run("model", "import", a_model(tmp_path), "--language", "en")
    with pytest.raises(BadInputError, match="other features") as caught:
        run("model", "adapt", "tiny", "--band", "telephone")
    assert "40 cepstra" in caught.value.mend


def test_an_adapted_model_is_listed_with_what_it_hears(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = in_folder(tmp_path / "small", ADAPTABLE)
    assert run("model", "import", str(folder), "--language", "en", "--band", "wide") == 0
    assert run("model", "adapt", "small", "--band", "telephone") == 0
    assert "telephone front 'general'" in capsys.readouterr().err
    assert run("model", "list") == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last == ["small-telephone", "vosk", "en", "narrow", "unknown", "installed"]


def test_a_front_that_was_taught_elsewhere_is_taken_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = in_folder(tmp_path / "small", ADAPTABLE), tmp_path / "taught.front"
    write_front_file(identity_front(name="ours"), file)
    assert run("model", "import", str(folder), "--language", "en", "--band", "wide") == 0
    assert run("model", "adapt", "small", "--band", "telephone", "--front", str(file)) == 0
    assert "telephone front 'ours'" in capsys.readouterr().err
