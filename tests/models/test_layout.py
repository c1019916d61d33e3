from hypothesis import given
from hypothesis import strategies as st

from appliance.models.layout import (
    MOONSHINE_FILES,
    VOSK_DYNAMIC_GRAPH,
    VOSK_FILES,
    VOSK_IVECTOR,
    guess_engine,
    is_flat_vosk,
    missing_files,
)

SMALL_VOSK = {*VOSK_FILES, *VOSK_DYNAMIC_GRAPH, *VOSK_IVECTOR}


def test_a_small_vosk_model_is_complete() -> None:
    assert missing_files("vosk", SMALL_VOSK) == []
    assert guess_engine(SMALL_VOSK) == "vosk"


def test_a_vosk_model_with_a_static_graph_and_without_ivectors_is_complete() -> None:
    assert missing_files("vosk", {*VOSK_FILES, "graph/HCLG.fst"}) == []


def test_a_moonshine_model_is_complete() -> None:
    assert missing_files("moonshine", set(MOONSHINE_FILES)) == []
    assert guess_engine(set(MOONSHINE_FILES)) == "moonshine"


@given(st.sets(st.sampled_from(sorted(SMALL_VOSK)), min_size=1))
def test_whatever_is_taken_away_is_named(lost: set[str]) -> None:
    named = set(missing_files("vosk", SMALL_VOSK - lost))
    assert named == (lost - set(VOSK_IVECTOR) if set(VOSK_IVECTOR) <= lost else lost)


def test_the_layout_of_old_vosk_models_is_recognised() -> None:
    assert is_flat_vosk({"final.mdl", "mfcc.conf", "HCLG.fst"})
    assert not is_flat_vosk(SMALL_VOSK)
