"""The telephone front: a small network that gives an acoustic model what it expects from what a telephone carries.

It sits between the features and the acoustic model. From the cepstra of seven frames (three before, three after) it
estimates the cepstra that the same speech would have on a wideband line. The same is done to the i-vector's input, by
a linear map, because the i-vector is computed from the features before the network hears them. Nothing else in the
model changes, unless the front was taught together with the model's own layers and brings those along.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.models.kaldi import AcousticModel, Array, Component, Field, KaldiError, float_array, int32, read_array
from appliance.models.kaldi_conf import DEFAULT_SAMPLE_FREQUENCY_HZ, read_option

CONTEXT_FRAMES: Final = 3
CEPSTRA: Final = 40
SPLICED: Final = CEPSTRA * (2 * CONTEXT_FRAMES + 1)

FEATURES: Final = {
    "sample-frequency": f"{DEFAULT_SAMPLE_FREQUENCY_HZ:.0f}",
    "num-mel-bins": "40",
    "num-ceps": "40",
    "low-freq": "20",
    "high-freq": "7600",
    "use-energy": "false",
}
"""The features that fronts are fitted on: what Vosk's small models have in `conf/mfcc.conf`."""

INDIFFERENT: Final = {"allow-upsample", "allow-downsample", "dither"}
"""Options of the features that may be anything."""

NODE: Final = "telephone"


Frames = NDArray[np.floating[Any]]
"""Features as they come, frames by cepstra."""


class FrontError(ValueError):
    """A front's file is damaged, or does not fit the model."""


class Layer(NamedTuple):
    """An affine map: `weights` @ input + `offsets`."""

    weights: Array
    offsets: Array


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a front comes from."""

    name: str
    method: str
    data: str
    """The speech that it was fitted on, with its licence."""
    figures: str
    """What was measured, on what."""
    taught_for: str = ""
    """SHA-256 of the `am/final.mdl` that taught it; empty for a front that serves every model with its features."""


class Front(NamedTuple):
    """A front as a value. All but the last of `layers` are followed by a rectifier.

    The last layer hears the rectified one before it and, behind that, the spliced input itself.
    """

    layers: tuple[Layer, ...]
    splice: Layer
    """Spliced narrowband features to spliced wideband ones, for the i-vector."""
    shift: Array
    """How far the mean of narrowband speech lies from that of wideband speech."""
    own: dict[str, Array]
    """What is added to parameters of the model's own layers, by component and token: `tdnn1.affine <LinearParams>`."""
    provenance: Provenance

    @property
    def context_frames(self) -> int:
        """How many frames before and after it a frame needs: three in the fronts that ship."""
        window: int = self.layers[0].weights.shape[1] // CEPSTRA
        return (window - 1) // 2


def spliced(frames: Frames) -> Array:
    """Give each frame together with the three before and after it; at the ends the last frame stands in."""
    padded = np.pad(frames, ((CONTEXT_FRAMES, CONTEXT_FRAMES), (0, 0)), "edge")
    return np.hstack([padded[shift : shift + len(frames)] for shift in range(2 * CONTEXT_FRAMES + 1)])


def foreign_feature(mfcc_conf: str) -> str | None:
    """Name what sets the features of a model apart from those that fronts know, as an option; None when nothing."""
    for name, wanted in FEATURES.items():
        found = read_option(mfcc_conf, name) or ("" if name != "sample-frequency" else wanted)
        if found != wanted and not _same_number(found, wanted):
            return f"--{name}={found}" if found else f"no --{name}"
    named = re.findall(r"(?m)^\s*--([\w-]+)", mfcc_conf)
    return next((f"--{name}" for name in named if name not in {*FEATURES, *INDIFFERENT}), None)


def insert(model: AcousticModel, front: Front) -> AcousticModel:
    """Give the acoustic model with the front before it. Raises `FrontError` for a layout that it does not fit."""
    _require_layout(model.configuration)
    nodes, parts = _network(front)
    lines = []
    for line in model.configuration.split("\n"):
        lines.append(_redirected(line))
        if line.startswith("input-node name=input "):
            lines += nodes
    return model._replace(
        configuration="\n".join(lines),
        components=(*parts, *_with_own(model.components, front.own)),
        left_context=model.left_context + front.context_frames,
        right_context=model.right_context + front.context_frames,
    )


def mended_ivector(matrix: Array, statistics: Array, front: Front) -> tuple[Array, Array]:
    """Give the i-vector's input matrix and mean statistics for narrowband features.

    `matrix` has 281 columns, the last an offset; see `kaldi.read_statistics`. Raises `FrontError` for other shapes.
    """
    if matrix.shape[1] != SPLICED + 1 or statistics.shape != (2, CEPSTRA + 1):
        raise FrontError("its i-vector has another input than seven frames of 40 cepstra")
    weights = matrix[:, :-1] @ front.splice.weights
    offsets = matrix[:, :-1] @ front.splice.offsets + matrix[:, -1]
    moved = statistics.copy()
    moved[0, :-1] += front.shift * statistics[0, -1]
    return np.column_stack([weights, offsets]), moved


def _require_layout(configuration: str) -> None:
    if f"name={NODE}." in configuration:
        raise FrontError("it has a telephone front already")
    inputs = dict(re.findall(r"(?m)^input-node name=(\S+) dim=(\d+)", configuration))
    if inputs.get("input") != str(CEPSTRA) or set(inputs) - {"input", "ivector"}:
        found = ", ".join(f"{name} of {width}" for name, width in inputs.items()) or "none"
        raise FrontError(f"its network has other inputs than {CEPSTRA} cepstra and an i-vector ({found})")


def _redirected(line: str) -> str:
    """Let whatever heard the input hear the front; names may hold dots and dashes, so whole names count."""
    head, mark, heard = line.partition(" input=")
    return head + mark + re.sub(r"(?<![\w.-])input(?![\w.-])", f"{NODE}.out", heard)


def _network(front: Front) -> tuple[list[str], list[Component]]:
    """Give the lines of the configuration and the components, in their order."""
    frames, layers = range(-front.context_frames, front.context_frames + 1), front.layers
    window = ", ".join(f"Offset(input, {shift})" if shift else "input" for shift in frames)
    nodes, parts, heard = [], [], ""
    for number, layer in enumerate(layers):
        name = f"{NODE}.{number}" if number < len(layers) - 1 else f"{NODE}.out"
        inputs = f"Append({window})" if not number else heard
        if number and name == f"{NODE}.out":
            inputs = f"Append({heard}, {window})"
        nodes.append(f"component-node name={name} component={name} input={inputs}")
        parts.append(_affine(name, layer))
        if name != f"{NODE}.out":
            heard = f"{name}.relu"
            nodes.append(f"component-node name={heard} component={heard} input={name}")
            parts.append(_rectifier(heard, len(layer.offsets)))
    return nodes, parts


def _affine(name: str, layer: Layer) -> Component:
    values = (("LinearParams", float_array(layer.weights)), ("BiasParams", float_array(layer.offsets)))
    return _component(name, "FixedAffineComponent", *values)


def _rectifier(name: str, width: int) -> Component:
    nothing = float_array(np.zeros(0))
    statistics = (("ValueAvg", nothing), ("DerivAvg", nothing), ("Count", b"\x08" + bytes(8)))
    return _component(name, "RectifiedLinearComponent", ("Dim", int32(width)), *statistics)


def _component(name: str, kind: str, *values: tuple[str, bytes]) -> Component:
    inner = [Field(f"<{token}>".encode(), value) for token, value in values]
    return Component(name, (Field(f"<{kind}>".encode(), b""), *inner, Field(f"</{kind}>".encode(), b"")))


def _with_own(components: tuple[Component, ...], own: dict[str, Array]) -> list[Component]:
    """Change parameters of the model's own layers."""
    changed = {component.name: component for component in components}
    for key, change in own.items():
        name, _, token = key.partition(" ")
        before = _parameters(changed.get(name), token)
        if before is None or before.shape != change.shape:
            raise FrontError(f"the front was taught for another model: {key} does not fit")
        changed[name] = changed[name].with_value(token, float_array(before + change))
    return list(changed.values())


def _parameters(component: Component | None, token: str) -> Array | None:
    value = component.value(token) if component else None
    try:
        return None if value is None else read_array(value)
    except KaldiError:
        return None


def _same_number(found: str, wanted: str) -> bool:
    try:
        return float(found) == float(wanted)
    except ValueError:
        return False
