from pathlib import Path

import pytest

from appliance.adapters import model_store
from appliance.adapters.model_import import import_model
from appliance.errors import BadInputError

from .tiny_model import in_folder, tiny_files, zipped

FILES = tiny_files()


def written(place: Path, data: bytes) -> Path:
    place.write_bytes(data)
    return place


def test_an_unknown_archive_with_a_language_is_installed_and_marked(tmp_path: Path) -> None:
    archive = written(tmp_path / "my-model.zip", zipped(FILES))
    place = import_model(archive, language="en", folder=tmp_path / "models")
    manifest = model_store.manifest_of(place)
    assert (manifest.name, manifest.engine, manifest.bands) == ("my-model", "vosk", ("wide",))
    assert not manifest.in_catalogue
    model_store.verify(place)
    assert (place / "conf/mfcc.conf").read_text().endswith("--dither=0\n")


def test_an_unknown_archive_without_a_language_is_refused_with_the_mend(tmp_path: Path) -> None:
    archive = written(tmp_path / "my-model.zip", zipped(FILES))
    with pytest.raises(BadInputError, match="its language must be said") as caught:
        import_model(archive, folder=tmp_path / "models")
    assert "--language" in caught.value.mend
    assert {path.name for path in (tmp_path / "models").iterdir()} == {".lock"}


@pytest.mark.parametrize(("rate_hz", "band"), [(8000, "narrow"), (16000, "wide")])
def test_the_band_follows_from_the_features(tmp_path: Path, rate_hz: int, band: str) -> None:
    files = FILES | {"conf/mfcc.conf": f"--sample-frequency={rate_hz}\n".encode()}
    place = import_model(in_folder(tmp_path / "phone", files), language="en", folder=tmp_path / "models")
    assert model_store.manifest_of(place).bands == (band,)
    named = import_model(tmp_path / "phone", name="other", language="en", band="narrow", folder=tmp_path / "models")
    assert model_store.manifest_of(named).bands == ("narrow",)


def test_features_with_an_unreadable_rate_are_named(tmp_path: Path) -> None:
    files = FILES | {"conf/mfcc.conf": b"--sample-frequency=fast\n"}
    with pytest.raises(BadInputError, match=r"conf/mfcc\.conf: the sample frequency is not a number"):
        import_model(in_folder(tmp_path / "phone", files), language="en", folder=tmp_path / "models")


def test_an_old_flat_layout_is_refused_in_clear_words(tmp_path: Path) -> None:
    files = {"final.mdl": b"1", "mfcc.conf": b"2", "HCLG.fst": b"3"}
    with pytest.raises(BadInputError, match="the layout used before 2020"):
        import_model(in_folder(tmp_path / "old", files), language="en", folder=tmp_path / "models")


@pytest.mark.parametrize("lost", sorted(FILES))
def test_whichever_file_is_missing_it_is_named(tmp_path: Path, lost: str) -> None:
    files = {name: data for name, data in FILES.items() if name != lost}
    archive = written(tmp_path / "m.zip", zipped(files))
    with pytest.raises(BadInputError, match=f"{lost} is missing"):
        import_model(archive, language="en", folder=tmp_path / "models")


def test_a_false_copy_cannot_take_a_name_of_the_catalogue(tmp_path: Path) -> None:
    archive = written(tmp_path / "vosk-model-small-ko-0.22.zip", zipped(FILES))
    with pytest.raises(BadInputError, match="the hashes differ"):
        import_model(archive, language="ko", folder=tmp_path / "models")


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "-x", "a\nb"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    archive = written(tmp_path / "m.zip", zipped(FILES))
    with pytest.raises(BadInputError, match="cannot be a model's name"):
        import_model(archive, name=name, language="en", folder=tmp_path / "models")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nope\.zip: there is no such file"):
        import_model(tmp_path / "nope.zip", folder=tmp_path / "models")


def test_a_real_model_from_a_folder_is_recognised_by_its_hashes(tmp_path: Path) -> None:
    model = model_store.known("moonshine-tiny-en")
    source = model_store.locate(model)
    renamed = tmp_path / "brought-along"
    in_folder(renamed, {name: (source / name).read_bytes() for name in model.files})
    place = import_model(renamed, folder=tmp_path / "models")
    assert place.name == "moonshine-tiny-en"
    assert model_store.manifest_of(place).in_catalogue
    assert model_store.manifest_of(place).bands == ("narrow", "wide")
