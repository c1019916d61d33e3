import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `adapt`) is not installed")

from appliance.models.adapt.acoustic_network import AcousticNetwork  # noqa: E402 - needs PyTorch
from appliance.models.front import insert  # noqa: E402
from appliance.models.kaldi import Array, read_array  # noqa: E402
from tests.models.kaldi_models import acoustic_model, identity_front  # noqa: E402

FRAMES = 9


def inputs(network: AcousticNetwork) -> tuple[Array, Array]:
    chance = np.random.default_rng(2)
    return chance.normal(size=(2, network.last - network.first + 1, 40)), chance.normal(size=(2, 4))


def scores(network: AcousticNetwork, frames: Array, ivectors: Array) -> Array:
    with torch.no_grad():
        heads = network(torch.from_numpy(frames.astype(np.float32)), torch.from_numpy(ivectors.astype(np.float32)))
    found: Array = heads.scores.numpy()
    return found


def by_hand(frames: Array, ivector: Array, first: int, time: int) -> Array:
    """Give the scores of one frame, layer by layer as the configuration of the small model says."""
    parts = {component.name: component for component in acoustic_model().components}

    def of(name: str, token: str) -> Array:
        return read_array(parts[name].value(token) or b"")

    def norm(at: int) -> Array:
        heard = np.concatenate([frames[at - 1 - first], frames[at - first], ivector])
        hidden = np.maximum(of("first", "<LinearParams>") @ heard + of("first", "<BiasParams>"), 0)
        normal: Array = (hidden - 1) / np.sqrt(4.001)
        return normal

    tdnn = of("tdnn", "<LinearParams>") @ np.concatenate([norm(time - 3), norm(time + 3)])
    scored: Array = of("last", "<LinearParams>") @ (0.5 * norm(time) + tdnn) + of("last", "<BiasParams>")
    return scored


def test_the_network_computes_what_its_configuration_says() -> None:
    network = AcousticNetwork(acoustic_model(), FRAMES)
    assert (network.first, network.last) == (-4, 9)
    frames, ivectors = inputs(network)
    found = scores(network, frames, ivectors)
    assert found.shape == (2, 3, 5)
    for row, time in ((0, 0), (1, 6)):
        wanted = by_hand(frames[row], ivectors[row], network.first, time)
        assert np.allclose(found[row, time // 3], wanted, atol=1e-4)


def test_a_front_that_changes_nothing_changes_nothing() -> None:
    plain = AcousticNetwork(acoustic_model(), FRAMES)
    fronted = AcousticNetwork(insert(acoustic_model(), identity_front()), FRAMES)
    assert (fronted.first, fronted.last) == (plain.first - 3, plain.last + 3)
    frames, ivectors = inputs(fronted)
    assert np.allclose(scores(fronted, frames, ivectors), scores(plain, frames[:, 3:-3], ivectors), atol=1e-5)


def test_the_own_layers_are_those_between_what_is_fixed_and_the_output() -> None:
    network = AcousticNetwork(acoustic_model(), FRAMES)
    own = network.own_values()
    assert set(own) == {"tdnn <LinearParams>"}
    network.load_own({"tdnn <LinearParams>": np.zeros((8, 16))})
    assert not network.own_values()["tdnn <LinearParams>"].any()
    assert insert(acoustic_model(), identity_front()._replace(own=own)).components[-3].name == "tdnn"
