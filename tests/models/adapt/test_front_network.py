import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `adapt`) is not installed")

from appliance.models.adapt.front_network import FrontNetwork  # noqa: E402 - needs PyTorch
from appliance.models.front import CEPSTRA, SPLICED, Layer, spliced  # noqa: E402
from appliance.models.kaldi import Array  # noqa: E402
from tests.models.kaldi_models import identity_front  # noqa: E402


def a_network(seed: int = 1) -> FrontNetwork:
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    linear = Layer(chance.normal(size=(CEPSTRA, SPLICED)), chance.normal(size=CEPSTRA))
    return FrontNetwork(linear, chance.normal(size=CEPSTRA), chance.uniform(1, 5, CEPSTRA))


def given(network: FrontNetwork, frames: Array) -> Array:
    with torch.no_grad():
        estimate: Array = network(torch.from_numpy(frames.astype(np.float32))[None])[0].numpy()
    return estimate


def test_the_layers_compute_what_the_network_does() -> None:
    network, frames = a_network(), np.random.default_rng(2).normal(size=(20, CEPSTRA))
    first, second, out = network.layers()
    window = spliced(frames)[3:-3]
    hidden = np.maximum(window @ first.weights.T + first.offsets, 0)
    hidden = np.maximum(hidden @ second.weights.T + second.offsets, 0)
    estimate = np.hstack([hidden, window]) @ out.weights.T + out.offsets
    assert np.allclose(given(network, frames), estimate, atol=1e-3)


def test_a_network_takes_the_layers_of_another() -> None:
    one, other, frames = a_network(1), a_network(2), np.random.default_rng(3).normal(size=(20, CEPSTRA))
    other.load_layers(one.layers())
    assert np.allclose(given(one, frames), given(other, frames), atol=1e-3)


def test_layers_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="other layers"):
        a_network().load_layers(identity_front().layers)
