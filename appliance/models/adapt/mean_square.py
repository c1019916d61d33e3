"""Fits a front by least mean squares: it depends on the features alone, so it serves every model that has them."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch

from appliance.models.adapt.corpus import Tell
from appliance.models.adapt.features import Pair
from appliance.models.adapt.front_network import FrontNetwork
from appliance.models.adapt.least_squares import fit_linear
from appliance.models.front import CONTEXT_FRAMES

CUT_FRAMES: Final = 40
BATCH: Final = 40
PEAK_RATE: Final = 1e-3


def begin(pairs: Sequence[Pair]) -> FrontNetwork:
    """Give a front that does what the best linear one does."""
    narrow = np.concatenate([pair.narrow for pair in pairs]).astype(np.float64)
    return FrontNetwork(fit_linear(pairs), narrow.mean(axis=0), narrow.std(axis=0))


def improve(network: FrontNetwork, copies: Sequence[Sequence[Pair]], tell: Tell) -> None:
    """Go once through each copy; all frames count, each cepstrum by its own deviation."""
    deviation = torch.from_numpy(np.concatenate([pair.wide for pair in copies[0]]).std(axis=0))
    total = sum(sum(len(_cuts(pair)) for pair in copy) // BATCH for copy in copies)
    optimiser = torch.optim.Adam(network.parameters(), PEAK_RATE)
    chance = np.random.default_rng(0)
    step = 0
    for copy in copies:
        for narrow, wide in _batches(copy, chance):
            for group in optimiser.param_groups:
                group["lr"] = PEAK_RATE * min(1.0, 1.2 * (total - step) / total + 0.01)
            loss = (((network(narrow) - wide) / deviation) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            tell("least mean squares", step, total)


@torch.no_grad()
def unexplained(network: FrontNetwork, pairs: Sequence[Pair]) -> float:
    """Give the share of the wideband features' variance, in frames of speech, that the front does not give back."""
    errors, variances = [], []
    for pair in pairs:
        inside = slice(CONTEXT_FRAMES, -CONTEXT_FRAMES)
        speech, wide = pair.speech[inside], pair.wide[inside]
        estimate = network(torch.from_numpy(pair.narrow)[None])[0].numpy()
        errors.append(((estimate - wide)[speech] ** 2).mean(axis=0))
        variances.append(wide[speech].var(axis=0))
    return float((np.mean(errors, axis=0) / np.mean(variances, axis=0)).mean())


def _cuts(pair: Pair) -> range:
    return range(0, len(pair.narrow) - CUT_FRAMES - 2 * CONTEXT_FRAMES + 1, CUT_FRAMES)


def _batches(copy: Sequence[Pair], chance: np.random.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    places = [(pair, start) for pair in copy for start in _cuts(pair)]
    order = chance.permutation(len(places))
    for first in range(0, len(order) - BATCH + 1, BATCH):
        chosen = [places[number] for number in order[first : first + BATCH]]
        end = CUT_FRAMES + 2 * CONTEXT_FRAMES
        narrow = np.stack([pair.narrow[start : start + end] for pair, start in chosen])
        wide = np.stack([pair.wide[start + CONTEXT_FRAMES : start + end - CONTEXT_FRAMES] for pair, start in chosen])
        yield torch.from_numpy(narrow), torch.from_numpy(wide)
