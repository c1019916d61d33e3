import pytest

from appliance.adapters.model_store import catalogue
from appliance.errors import BadInputError
from appliance.events import Band
from appliance.models.catalogue import Catalogue, Hearing, Model, UrlSource
from appliance.models.choice import EngineChoice, choose_installed, for_engine

SOURCES = (UrlSource("https://models.example/x.zip", "0" * 64),)
WIDE = Hearing("wide", "measured", "made up")
DEAF = Hearing("narrow", "measured", "made up", hears=False)
NARROW = Hearing("narrow", "measured", "made up")

VOSK_EN = Model("vosk-en", "vosk", ("en",), "x", (WIDE, DEAF), SOURCES)
MOON_EN = Model("moon-en", "moonshine", ("en",), "x", (WIDE, NARROW), SOURCES)
VOSK_KO = Model("vosk-ko", "vosk", ("ko",), "x", (WIDE, DEAF), SOURCES)
MODELS: Catalogue = (VOSK_EN, MOON_EN, VOSK_KO)
ALL = {model.name for model in MODELS}


@pytest.mark.parametrize(
    ("language", "band", "engine", "installed", "chosen", "codes"),
    [
        ("en", "wide", "auto", ALL, VOSK_EN, []),
        ("en-US", "wide", "auto", ALL, VOSK_EN, []),
        ("en", "narrow", "auto", ALL, MOON_EN, []),
        ("en", "wide", "auto", {"moon-en"}, MOON_EN, ["second_choice"]),
        ("en", "wide", "moonshine", ALL, MOON_EN, []),
        ("en", "narrow", "vosk", ALL, VOSK_EN, ["model_deaf"]),
        ("ko", "wide", "auto", ALL, VOSK_KO, []),
        ("ko", "narrow", "vosk", ALL, VOSK_KO, ["model_deaf"]),
        ("ko", "narrow", "auto", ALL, None, ["no_model_hears"]),
        ("ko", "narrow", "auto", set[str](), None, ["no_model_hears"]),
    ],
)
def test_a_line_gets_the_first_installed_model_that_hears_it_and_people_are_told_what_they_would_not_expect(
    language: str, band: Band, engine: EngineChoice, installed: set[str], chosen: Model | None, codes: list[str]
) -> None:
    choice = choose_installed(MODELS, installed, language, band, engine)
    assert choice.model == chosen
    assert [notice.code for notice in choice.notices] == codes


def test_the_notices_name_what_listens_and_what_is_missing() -> None:
    (second,) = choose_installed(MODELS, {"moon-en"}, "en", "wide", "auto").notices
    assert second.text == "vosk-en is not installed; moon-en listens instead."
    (deaf,) = choose_installed(MODELS, ALL, "ko", "narrow", "vosk").notices
    assert "vosk-ko was not made for a narrow-band line" in deaf.text
    (nothing,) = choose_installed(MODELS, ALL, "ko", "narrow", "auto").notices
    assert "there will be no transcript" in nothing.text


@pytest.mark.parametrize(
    ("language", "band", "engine", "what", "mend"),
    [
        ("en", "narrow", "auto", "no speech model for 'en' on a narrow line is installed", "model fetch moon-en"),
        ("en", "wide", "auto", "no speech model for 'en' on a wide line is installed", "model fetch vosk-en"),
        ("ko", "narrow", "vosk", "no speech model for 'ko'", "model fetch vosk-ko"),
        ("fi", "wide", "auto", "knows the language 'fi'", "take one of: en, ko"),
        ("ko", "wide", "moonshine", "moonshine knows the language 'ko'", "take one of: en"),
        ("", "wide", "auto", "knows the language ''", "take one of: en, ko"),
    ],
)
def test_what_cannot_be_chosen_is_told_with_the_mend(
    language: str, band: Band, engine: EngineChoice, what: str, mend: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        choose_installed(MODELS, set(), language, band, engine)
    assert what in caught.value.what
    assert mend in caught.value.mend


def test_the_shipped_catalogue_gives_the_shipped_calls_the_engines_that_hear_them() -> None:
    installed = {model.name for model in catalogue()}
    english = choose_installed(catalogue(), installed, "en", "narrow", "auto")
    korean = choose_installed(catalogue(), installed, "ko", "wide", "auto")
    assert (english.model and english.model.engine, korean.model and korean.model.engine) == ("moonshine", "vosk")
    assert english.notices == korean.notices == ()


def test_the_models_of_an_engine() -> None:
    assert for_engine(MODELS, "vosk") == [VOSK_EN, VOSK_KO]
    assert for_engine(MODELS, None) == list(MODELS)


def test_a_model_that_the_catalogue_does_not_list_is_taken_behind_its_own() -> None:
    adapted = Model("vosk-ko-telephone", "vosk", ("ko",), "x", (NARROW,), ())
    models = (*MODELS, adapted)
    installed = {*ALL, adapted.name}
    assert choose_installed(models, installed, "ko", "narrow", "auto") == (adapted, ())
    assert choose_installed(models, installed, "ko", "narrow", "vosk") == (adapted, ())
    assert choose_installed(models, installed, "ko", "wide", "auto") == (VOSK_KO, ())


def test_where_a_model_could_be_adapted_the_notice_says_how() -> None:
    (nothing,) = choose_installed(MODELS, ALL, "ko", "narrow", "auto").notices
    assert nothing.text.endswith("Mend: undertone model adapt vosk-ko --band telephone.")
