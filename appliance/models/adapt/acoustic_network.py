"""A Kaldi acoustic model as a PyTorch network: the same figures, computed in cuts and with gradients.

What is computed is only what the outputs need: from the wanted times of the output the wanted times of every node
follow, so that the network's own subsampling (every third frame above its middle) comes about by itself.
"""

import struct
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from appliance.errors import BadInputError
from appliance.models.adapt.network_plan import Heard, names_heard, read_nodes, times_heard
from appliance.models.kaldi import AcousticModel, Array, Component, read_array

OUTPUT: Final = "output"
INPUT: Final = "input"
OUTPUT_EVERY_FRAMES: Final = 3

PASSING: Final = {"GeneralDropoutComponent", "NoOpComponent", "DropoutComponent"}
"""Components that do nothing outside of training."""

COMPARED_FROM, COMPARED_EVERY = 3, 3
"""Which of the residual layers teacher and student are compared at."""


class Heads(NamedTuple):
    """What a network gives: the scores of the states, and the residual layers that are compared."""

    scores: torch.Tensor
    layers: list[torch.Tensor]


class AcousticNetwork(nn.Module):
    """The part of the model that leads to its output. `first` and `last` are the times of the input it needs."""

    def __init__(self, model: AcousticModel, frames: int) -> None:
        """Plan for cuts that give the output of `frames` frames. Raises `BadInputError` for unknown layouts."""
        super().__init__()
        self._nodes = read_nodes(model.configuration)
        self._components = {component.name: component for component in model.components}
        self._order = self._sorted()
        self._times = self._planned(range(0, frames, OUTPUT_EVERY_FRAMES))
        self.first, self.last = self._times[INPUT][0], self._times[INPUT][-1]
        self._times[INPUT] = list(range(self.first, self.last + 1))
        residual = [name for name in self._order if self._kind(name) == "NoOpComponent"]
        self._compared = residual[COMPARED_FROM::COMPARED_EVERY]
        self._read_parameters()

    def forward(self, frames: torch.Tensor, ivectors: torch.Tensor) -> Heads:
        """Give the heads for (batch, last - first + 1, 40) frames and (batch, 100) i-vectors."""
        values = {INPUT: frames}
        for name in self._order:
            node = self._nodes[name]
            component = self._components.get(node.component)
            times = self._times[name]
            shifts = _time_offsets(component) if component else [0]
            heard = [self._heard(node.heard, [time + by for time in times], values, ivectors) for by in shifts]
            values[name] = self._applied(component, torch.cat(heard, dim=-1) if len(heard) > 1 else heard[0])
        return Heads(values[OUTPUT], [values[name] for name in self._compared])

    def own_layers(self) -> list[nn.Parameter]:
        """Give the parameters that may be taught: all but those that are fixed and those of the output."""
        last = self._nodes[OUTPUT].heard.name
        return [
            value
            for key, value in self._parameters_by_key.items()
            if self._components[_component_of(key)].kind != "FixedAffineComponent" and _component_of(key) != last
        ]

    def own_values(self) -> dict[str, Array]:
        """Give the values of `own_layers` by component and token."""
        own = {id(value) for value in self.own_layers()}
        return {
            key: value.detach().numpy().astype(np.float64)
            for key, value in self._parameters_by_key.items()
            if id(value) in own
        }

    def load_own(self, values: dict[str, Array]) -> None:
        """Take values that `own_values` gave."""
        with torch.no_grad():
            for key, value in values.items():
                self._parameters_by_key[key].copy_(torch.from_numpy(value.astype(np.float32)))

    def _sorted(self) -> list[str]:
        """Give the nodes that lead to the output, each behind all that it hears."""
        order: list[str] = []

        def visit(name: str) -> None:
            if name == INPUT or name in order:
                return
            for heard in names_heard(self._nodes[name].heard):
                visit(heard)
            order.append(name)

        visit(OUTPUT)
        return order

    def _planned(self, outputs: range) -> dict[str, list[int]]:
        wanted: dict[str, set[int]] = {OUTPUT: set(outputs)}
        for name in reversed(self._order):
            node = self._nodes[name]
            component = self._components.get(node.component)
            shifts = _time_offsets(component) if component else [0]
            times = {time + shift for time in wanted[name] for shift in shifts}
            for heard, needed in times_heard(node.heard, times).items():
                wanted[heard] = wanted.get(heard, set()) | needed
        return {name: sorted(times) for name, times in wanted.items()}

    def _read_parameters(self) -> None:
        self._parameters_by_key: dict[str, nn.Parameter] = {}
        self._norms: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        for name in self._order:
            component = self._components.get(self._nodes[name].component)
            if component is None:
                continue
            if component.kind == "BatchNormComponent":
                self._norms[component.name] = _norm(component)
            for token in ("<LinearParams>", "<Params>", "<BiasParams>"):
                value = component.value(token)
                if value is not None and (array := read_array(value)).size:
                    key = f"{component.name} {token}"
                    self._parameters_by_key[key] = nn.Parameter(torch.from_numpy(array.astype(np.float32)))
        self._list = nn.ParameterList(self._parameters_by_key.values())

    def _heard(
        self, heard: Heard, times: list[int], values: dict[str, torch.Tensor], ivectors: torch.Tensor
    ) -> torch.Tensor:
        if heard.what == "Node":
            return _picked(values[heard.name], self._times[heard.name], times)
        if heard.what == "Vector":
            return ivectors[:, None].expand(-1, len(times), -1)
        if heard.what == "Offset":
            times = [time + int(heard.number) for time in times]
        parts = [self._heard(part, times, values, ivectors) for part in heard.parts]
        if heard.what == "Scale":
            return parts[0] * heard.number
        if heard.what == "Append":
            return torch.cat(parts, dim=-1)
        return parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)

    def _applied(self, component: Component | None, value: torch.Tensor) -> torch.Tensor:
        if component is None or component.kind in PASSING:
            return value
        if component.kind == "RectifiedLinearComponent":
            return functional.relu(value)
        if component.name in self._norms:
            scale, offset = self._norms[component.name]
            return value * scale + offset
        weights = self._parameters_by_key.get(f"{component.name} <LinearParams>")
        if weights is None:
            weights = self._parameters_by_key.get(f"{component.name} <Params>")
        if weights is None:
            raise BadInputError(f"the network has a part of a kind that cannot be taught: {component.kind}")
        return functional.linear(value, weights, self._parameters_by_key.get(f"{component.name} <BiasParams>"))

    def _kind(self, name: str) -> str:
        component = self._components.get(self._nodes[name].component)
        return component.kind if component else ""


def _component_of(key: str) -> str:
    return key.partition(" ")[0]


def _picked(value: torch.Tensor, have: list[int], want: list[int]) -> torch.Tensor:
    """Give the values at the wanted times: as a view where the times are evenly spaced."""
    if have == want:
        return value
    places = np.searchsorted(have, want)
    steps = np.diff(places)
    if not len(steps):
        return value[:, places[0] : places[0] + 1]
    if (steps == steps[0]).all():
        return value[:, places[0] : places[-1] + 1 : steps[0]]
    return value.index_select(1, torch.from_numpy(places))


def _time_offsets(component: Component) -> list[int]:
    value = component.value("<TimeOffsets>")
    if value is None:
        return [0]
    return list(struct.unpack(f"<{len(value) // 4 - 1}i", value[5:]))


def _norm(component: Component) -> tuple[torch.Tensor, torch.Tensor]:
    """Give scale and offset of a batch normalisation at test time."""
    mean, variance = (read_array(component.value(token) or b"") for token in ("<StatsMean>", "<StatsVar>"))
    epsilon, target = (
        struct.unpack("<f", (component.value(token) or b"")[1:])[0] for token in ("<Epsilon>", "<TargetRms>")
    )
    scale = target / np.sqrt(variance + epsilon)
    return torch.from_numpy(scale.astype(np.float32)), torch.from_numpy((-mean * scale).astype(np.float32))
