"""The telephone front as a network that learns, and as the value that is written to a file."""

import numpy as np
import torch
from torch import nn

from appliance.models.front import CEPSTRA, CONTEXT_FRAMES, SPLICED, Layer
from appliance.models.kaldi import Array

HIDDEN = 256
WINDOW = 2 * CONTEXT_FRAMES + 1
OUT_GAIN = 10.0
"""Cepstra are of the order of ten, what a network likes to give is of the order of one."""


class FrontNetwork(nn.Module):
    """Two hidden layers beside a linear map of the same seven frames; the input is normalised inside."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, linear: Layer, mean: Array, deviation: Array) -> None:
        """Begin with the linear front; `mean` and `deviation` are those of narrowband features."""
        super().__init__()
        self.register_buffer("mean", _tensor(mean))
        self.register_buffer("deviation", _tensor(deviation))
        self.first = nn.Linear(SPLICED, HIDDEN)
        self.second = nn.Linear(HIDDEN, HIDDEN)
        self.out = nn.Linear(HIDDEN, CEPSTRA)
        self.linear = nn.Linear(SPLICED, CEPSTRA)
        with torch.no_grad():
            self.out.weight.mul_(0.1)
            self.out.bias.zero_()
            weights = _tensor(linear.weights)
            self.linear.weight.copy_(weights * self.deviation.repeat(WINDOW))
            self.linear.bias.copy_(_tensor(linear.offsets) + weights @ self.mean.repeat(WINDOW))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Give (batch, time - 6, 40) for (batch, time, 40)."""
        level = (frames - self.mean) / self.deviation
        count = frames.shape[1] - 2 * CONTEXT_FRAMES
        window = torch.cat([level[:, shift : shift + count] for shift in range(WINDOW)], dim=-1)
        hidden = torch.relu(self.second(torch.relu(self.first(window))))
        estimate: torch.Tensor = self.linear(window) + OUT_GAIN * self.out(hidden)
        return estimate

    def layers(self) -> tuple[Layer, ...]:
        """Give the layers for cepstra as they come: the normalisation is folded into the weights."""
        first = self._folded(self.first)
        linear = self._folded(self.linear)
        out = Layer(
            np.hstack([_array(self.out.weight) * OUT_GAIN, linear.weights]),
            _array(self.out.bias) * OUT_GAIN + linear.offsets,
        )
        return first, Layer(_array(self.second.weight), _array(self.second.bias)), out

    def load_layers(self, layers: tuple[Layer, ...]) -> None:
        """Take the layers of a front, as `layers` gives them; raises `ValueError` for a front of another shape."""
        if [layer.weights.shape for layer in layers] != [layer.weights.shape for layer in self.layers()]:
            raise ValueError("the front has other layers")
        first, second, out = layers
        with torch.no_grad():
            self._unfold(self.first, first.weights, first.offsets)
            self.second.weight.copy_(_tensor(second.weights))
            self.second.bias.copy_(_tensor(second.offsets))
            self.out.weight.copy_(_tensor(out.weights[:, :HIDDEN]) / OUT_GAIN)
            self.out.bias.zero_()
            self._unfold(self.linear, out.weights[:, HIDDEN:], out.offsets)

    def _folded(self, layer: nn.Linear) -> Layer:
        weights = _array(layer.weight) / np.tile(_array(self.deviation), WINDOW)
        return Layer(weights, _array(layer.bias) - weights @ np.tile(_array(self.mean), WINDOW))

    def _unfold(self, layer: nn.Linear, weights: Array, offsets: Array) -> None:
        mean, deviation = (np.tile(_array(part), WINDOW) for part in (self.mean, self.deviation))
        layer.weight.copy_(_tensor(weights * deviation))
        layer.bias.copy_(_tensor(offsets + weights @ mean))


def _tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def _array(tensor: torch.Tensor) -> Array:
    return tensor.detach().numpy().astype(np.float64)
