import asyncio
from pathlib import Path

import pytest

from appliance.adapters.line import only_call
from appliance.adapters.preparation import ENDPOINTING, Prepared, prepare
from appliance.adapters.rule_file import load_rules
from appliance.config import Settings, SpeechSettings
from appliance.errors import BadInputError
from appliance.events import CallStarted, Notice
from appliance.light_settings import NO_LIGHT
from appliance.line_settings import RecordingSettings
from appliance.session import CallSession

from .clips import shipped


def settings(call: str, language: str = "en", engine: str = "auto", rules_file: Path | None = None) -> Settings:
    assert engine in {"auto", "vosk", "moonshine"}
    speech = SpeechSettings(language, engine)  # type: ignore[arg-type] # just checked
    return Settings("desk", RecordingSettings(shipped(call)), speech, rules_file, NO_LIGHT, None, None)


def new_session(prepared: Prepared) -> CallSession:
    """Give the session of the one call of a recording."""
    return prepared.new_session(asyncio.run(only_call(prepared.line)))


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path))


def test_a_korean_wideband_call_gets_vosk(korean_model: Path) -> None:
    prepared = prepare(settings("billing_ko_16k", "ko"))
    assert prepared.model is not None
    assert prepared.model.name == korean_model.name
    assert prepared.host is not None
    started, *_ = new_session(prepared).begin()
    assert isinstance(started, CallStarted)
    assert (started.engine, started.band, started.language) == ("vosk", "wide", "ko")
    assert started.rules == "contact-centre-ko 2"


def test_an_english_narrowband_call_gets_moonshine(english_model: Path) -> None:
    prepared = prepare(settings("delivery_ok"))
    assert prepared.model is not None
    assert prepared.model.name == english_model.name
    assert prepared.notices == ()


@pytest.mark.usefixtures("no_models")
def test_where_nothing_hears_the_line_the_call_begins_with_saying_so() -> None:
    prepared = prepare(settings("delivery_ok", "ko"))
    assert prepared.host is None
    started, notice, *_ = new_session(prepared).begin()
    assert isinstance(started, CallStarted)
    assert (started.engine, started.model) == ("", "")
    assert isinstance(notice, Notice)
    assert notice.code == "no_model_hears"


@pytest.mark.usefixtures("no_models")
def test_without_the_model_the_mend_fetches_it() -> None:
    with pytest.raises(BadInputError) as caught:
        prepare(settings("delivery_ok"))
    assert caught.value.mend == "undertone model fetch moonshine-tiny-en"


def test_every_engine_has_its_endpointing() -> None:
    assert set(ENDPOINTING) == {"vosk", "moonshine"}


@pytest.mark.parametrize(("language", "name"), [("en", "contact-centre-en"), ("ko-KR", "contact-centre-ko")])
def test_the_pack_of_the_language_is_taken(language: str, name: str) -> None:
    assert load_rules(None, language).name == name


def test_a_language_without_a_pack_has_no_rules() -> None:
    pack = load_rules(None, "de")
    assert (pack.phrases, pack.rules) == ((), ())


def test_a_pack_of_one_s_own_is_taken_instead(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\nversion = "3"\nlanguage = "en"\n')
    assert load_rules(file, "en").name == "mine"


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_rules_that_cannot_be_opened_are_told_with_their_path_and_the_mend(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError) as caught:
        load_rules(tmp_path / name, "en")
    assert caught.value.where == str(tmp_path / name)
    assert caught.value.mend == "check the path and its rights"
