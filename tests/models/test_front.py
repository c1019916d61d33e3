import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.models.front import CEPSTRA, SPLICED, FrontError, Layer, foreign_feature, insert, mended_ivector, spliced
from appliance.models.kaldi import Array, read_acoustic_model, read_array, write_acoustic_model
from tests.models.kaldi_models import CONFIGURATION, acoustic_model, identity_front

MFCC_CONF = "--use-energy=false\n--num-mel-bins=40\n--num-ceps=40\n--low-freq=20\n--high-freq=7600\n"


def test_whoever_heard_the_input_hears_the_front_and_the_rest_stays_as_it_was() -> None:
    before = acoustic_model()
    after = insert(before, identity_front())
    lines = after.configuration.split("\n")
    assert "input=Append(Offset(telephone.out, -1), telephone.out, ReplaceIndex(ivector, t, 0))" in lines[6]
    assert [line for line in lines if not line.startswith("component-node name=telephone.")] == [
        line.replace("Offset(input, -1), input,", "Offset(telephone.out, -1), telephone.out,")
        for line in before.configuration.split("\n")
    ]
    assert after.components[-len(before.components) :] == before.components
    assert (after.left_context, after.right_context) == (before.left_context + 3, before.right_context + 3)


def test_a_model_with_a_front_can_be_written_and_read() -> None:
    adapted = insert(acoustic_model(), identity_front())
    assert read_acoustic_model(write_acoustic_model(adapted)) == adapted
    names = [component.name for component in adapted.components]
    assert names[:3] == ["telephone.0", "telephone.0.relu", "telephone.out"]


def test_a_front_of_one_layer_hears_the_window_alone() -> None:
    linear = Layer(np.ones((CEPSTRA, SPLICED)), np.zeros(CEPSTRA))
    adapted = insert(acoustic_model(), identity_front()._replace(layers=(linear,)))
    assert adapted.components[0].name == "telephone.out"
    assert adapted.configuration.count("telephone.out") == 4


def test_what_the_front_brings_along_is_added_to_the_layers_of_the_model() -> None:
    own: dict[str, Array] = {"last <LinearParams>": np.full((5, 8), 2.0)}
    before, after = acoustic_model(), insert(acoustic_model(), identity_front()._replace(own=own))
    parameters = [read_array(model.components[-1].value("<LinearParams>") or b"") for model in (before, after)]
    assert np.allclose(parameters[1] - parameters[0], 2.0, atol=1e-6)


@pytest.mark.parametrize(
    "own",
    [{"none <LinearParams>": np.ones((5, 8))}, {"last <X>": np.ones(2)}, {"last <LinearParams>": np.ones((4, 8))}],
)
def test_layers_of_another_model_are_refused(own: dict[str, Array]) -> None:
    with pytest.raises(FrontError, match="taught for another model"):
        insert(acoustic_model(), identity_front()._replace(own=own))


def test_a_model_with_a_front_gets_no_second_one() -> None:
    adapted = insert(acoustic_model(), identity_front())
    with pytest.raises(FrontError, match="already"):
        insert(adapted, identity_front())


@pytest.mark.parametrize(
    "configuration",
    [
        CONFIGURATION.replace("input dim=40", "input dim=13"),
        CONFIGURATION.replace("name=input dim", "name=audio dim"),
        CONFIGURATION.replace("name=ivector", "name=pitch"),
        "\n",
    ],
)
def test_a_network_with_other_inputs_is_refused(configuration: str) -> None:
    with pytest.raises(FrontError, match="other inputs"):
        insert(acoustic_model(configuration), identity_front())


@pytest.mark.parametrize(
    ("conf", "found"),
    [
        (MFCC_CONF, None),
        (MFCC_CONF + "--allow-upsample=true\n--dither=0\n--sample-frequency=16000\n# a comment\n", None),
        (MFCC_CONF.replace("=20\n", "=20.0\n"), None),
        (MFCC_CONF + "--sample-frequency=8000\n", "--sample-frequency=8000"),
        (MFCC_CONF.replace("7600", "-400"), "--high-freq=-400"),
        (MFCC_CONF.replace("--num-ceps=40\n", ""), "no --num-ceps"),
        (MFCC_CONF + "--cepstral-lifter=0\n", "--cepstral-lifter"),
    ],
)
def test_features_that_no_front_was_fitted_on_are_named(conf: str, found: str | None) -> None:
    assert foreign_feature(conf) == found


def test_a_front_that_changes_nothing_leaves_the_ivector_alone() -> None:
    matrix = np.arange(2.0 * (SPLICED + 1)).reshape(2, -1)
    statistics = np.ones((2, CEPSTRA + 1))
    same, means = mended_ivector(matrix, statistics, identity_front())
    assert np.array_equal(same, matrix)
    assert np.array_equal(means, statistics)


def test_the_ivector_hears_the_wideband_estimate_and_the_mean_moves_with_the_count() -> None:
    splice = Layer(2 * np.eye(SPLICED), np.ones(SPLICED))
    front = identity_front()._replace(splice=splice, shift=np.full(CEPSTRA, -1.0))
    matrix, statistics = np.ones((1, SPLICED + 1)), np.full((2, CEPSTRA + 1), 10.0)
    mended, moved = mended_ivector(matrix, statistics, front)
    assert (mended[0, :-1] == 2).all()
    assert mended[0, -1] == SPLICED + 1
    assert (moved[0, :-1] == 0).all()
    assert moved[0, -1] == 10


def test_an_ivector_of_another_window_is_refused() -> None:
    with pytest.raises(FrontError, match="seven frames"):
        mended_ivector(np.ones((2, 201)), np.ones((2, CEPSTRA + 1)), identity_front())


@given(st.integers(1, 20))
def test_splicing_keeps_each_frame_in_the_middle(count: int) -> None:
    frames = np.random.default_rng(count).normal(size=(count, CEPSTRA))
    window = spliced(frames)
    assert window.shape == (count, SPLICED)
    assert np.array_equal(window[:, 3 * CEPSTRA : 4 * CEPSTRA], frames)
    assert np.array_equal(window[0, :CEPSTRA], frames[0])
