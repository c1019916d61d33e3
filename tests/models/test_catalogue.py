import contextlib
import copy
import tomllib
from importlib import resources
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.models.catalogue import Band, Engine, Model, by_name, for_language, read_catalogue

SHIPPED_TEXT = (resources.files("appliance.models") / "catalogue.toml").read_text("utf-8")
SHIPPED = read_catalogue(SHIPPED_TEXT)
TREE = tomllib.loads(SHIPPED_TEXT)["model"]


def toml_value(value: Any) -> str:
    """Write what the catalogue can hold as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_value(key)} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return msgspec.json.encode(value).decode()


def toml_of(models: Any) -> str:
    return "model = " + toml_value(models)


def first_hearing(language: str, band: Band, engine: Engine | None = None) -> Model | None:
    """Give the model that the catalogue's order prefers among those that hear the band."""
    return next((model for model in for_language(SHIPPED, language, engine) if model.hears(band)), None)


@pytest.mark.parametrize(
    ("language", "band", "name"),
    [
        ("en", "wide", "vosk-model-small-en-us-0.15"),
        ("en-US", "wide", "vosk-model-small-en-us-0.15"),
        ("en_GB", "narrow", "moonshine-tiny-en"),
        ("en", "narrow", "moonshine-tiny-en"),
        ("ko", "wide", "vosk-model-small-ko-0.22"),
        ("KO-kr", "wide", "vosk-model-small-ko-0.22"),
        ("ko", "narrow", None),
        ("de", "wide", "vosk-model-small-de-0.15"),
        ("zh-Hans", "wide", "vosk-model-small-cn-0.22"),
        ("tlh", "wide", None),
        ("", "wide", None),
    ],
)
def test_the_first_model_that_hears_the_language_on_the_band_is_chosen(
    language: str, band: Band, name: str | None
) -> None:
    chosen = first_hearing(language, band)
    assert (chosen and chosen.name) == name


def test_a_forced_engine_narrows_the_choice() -> None:
    chosen = first_hearing("en", "wide", "moonshine")
    assert chosen is not None
    assert chosen.name == "moonshine-tiny-en"
    assert first_hearing("en", "narrow", "vosk") is None
    assert for_language(SHIPPED, "en", engine="vosk")[0].name == "vosk-model-small-en-us-0.15"


def test_every_claim_of_the_shipped_catalogue_has_its_evidence_in_words() -> None:
    for model in SHIPPED:
        assert all(len(known.figures) > 10 for known in model.bands), model.name
        assert model.hears("wide"), model.name


def test_every_source_that_is_not_checked_as_a_whole_has_hashes_of_its_files() -> None:
    for model in SHIPPED:
        if any(type(source).__name__ != "UrlSource" for source in model.sources):
            assert model.files, model.name


def test_a_name_finds_its_model_and_nothing_else_does() -> None:
    assert all(by_name(SHIPPED, model.name) is model for model in SHIPPED)
    assert by_name(SHIPPED, "vosk") is None


def test_an_unknown_key_is_named() -> None:
    text = SHIPPED_TEXT.replace('licence = "MIT"', 'licence = "MIT"\nlicense = "MIT"')
    with pytest.raises(BadInputError, match=r"mine\.toml: .*unknown field `license`.*\$\.model"):
        read_catalogue(text, where="mine.toml")


def test_a_line_that_is_not_toml_is_named() -> None:
    with pytest.raises(BadInputError, match="line 1"):
        read_catalogue("model name")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('engine = "moonshine"', 'engine = "whisper"'),
        ('name = "moonshine-tiny-en"', 'name = "../moonshine"'),
        ('name = "moonshine-tiny-en"', 'name = ".hidden"'),
        ('name = "moonshine-tiny-en"', 'name = "new\\nline"'),
        ('band = "narrow"', 'band = "middle"'),
        ('evidence = "measured"', 'evidence = "hearsay"'),
        ('"encoder_model.ort" =', '"../encoder_model.ort" ='),
        ('"encoder_model.ort" =', '"/encoder_model.ort" ='),
        ('"encoder_model.ort" =', '"a//encoder_model.ort" ='),
        ('url = "https://', 'url = "ftp://'),
        ('kind = "index"', 'kind = "torrent"'),
        ("bytes = 86914329", "bytes = 0"),
        ("bytes = 86914329", 'bytes = "86914329"'),
        ('languages = ["ko"]', "languages = []"),
        ('name = "moonshine-tiny-en"', 'name = "vosk-model-small-ko-0.22"'),
        ('sha256 = "eea', 'sha256 = "EEA'),
    ],
)
def test_a_bad_value_is_refused(old: str, new: str) -> None:
    assert old in SHIPPED_TEXT
    with pytest.raises(BadInputError):
        read_catalogue(SHIPPED_TEXT.replace(old, new))


@given(st.permutations(TREE))
def test_the_order_of_the_file_is_the_order_of_preference(tree: list[Any]) -> None:
    assert read_catalogue(toml_of(tree)) == tuple(by_name(SHIPPED, entry["name"]) for entry in tree)


@given(st.text())
def test_any_text_gives_a_catalogue_or_one_clear_error(text: str) -> None:
    with contextlib.suppress(BadInputError):
        assert isinstance(read_catalogue(text), tuple)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in items for path in ((*at, key), *_paths(item, (*at, key)))]


@given(st.data())
def test_any_value_of_a_wrong_type_is_refused(data: st.DataObject) -> None:
    tree = copy.deepcopy(TREE)
    path = data.draw(st.sampled_from(_paths(tree)))
    holder = tree
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = 1.5
    with pytest.raises(BadInputError):
        read_catalogue(toml_of(tree))


@given(st.sampled_from(SHIPPED), st.sampled_from(["narrow", "wide"]))
def test_a_chosen_model_hears_what_was_asked(model: Model, band: Band) -> None:
    chosen = first_hearing(model.languages[0], band)
    assert chosen is None or (chosen.hears(band) and model.languages[0] in chosen.languages)
    assert chosen is not None or not model.hears(band)
