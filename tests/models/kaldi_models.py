"""Small acoustic models and fronts in the real formats, for tests that need no real voice."""

import struct

import numpy as np

from appliance.models.front import CEPSTRA, SPLICED, Front, Layer, Provenance
from appliance.models.kaldi import AcousticModel, Array, Component, Field, float_array, int32

CONFIGURATION = """
input-node name=ivector dim=4
input-node name=input dim=40
component-node name=first component=first input=Append(Offset(input, -1), input, ReplaceIndex(ivector, t, 0))
component-node name=relu component=relu input=first
component-node name=norm component=norm input=relu
component-node name=tdnn component=tdnn input=norm
component-node name=input-like.noop component=noop input=Sum(Scale(0.5, norm), tdnn)
component-node name=last component=last input=input-like.noop
output-node name=output input=last objective=linear

"""


def component(name: str, kind: str, **values: bytes) -> Component:
    inner = [Field(f"<{token}>".encode(), value) for token, value in values.items()]
    return Component(name, (Field(f"<{kind}>".encode(), b""), *inner, Field(f"</{kind}>".encode(), b"")))


def acoustic_model(configuration: str = CONFIGURATION) -> AcousticModel:
    """Give a model of three layers with everything that the real ones have: splicing, i-vector, time offsets."""
    chance = np.random.default_rng(1)
    width = 2 * CEPSTRA + 4
    shifts = int32(2) + struct.pack("<2i", -3, 3)
    one = b"\x04" + struct.pack("<f", 1.0)
    components = (
        component(
            "first", "FixedAffineComponent", LinearParams=_random(chance, 8, width), BiasParams=_random(chance, 8)
        ),
        component("relu", "RectifiedLinearComponent", Dim=int32(8)),
        component(
            "norm",
            "BatchNormComponent",
            Epsilon=b"\x04" + struct.pack("<f", 0.001),
            TargetRms=one,
            TestMode=b"T",
            StatsMean=float_array(np.ones(8)),
            StatsVar=float_array(np.full(8, 4.0)),
        ),
        component(
            "tdnn", "TdnnComponent", TimeOffsets=shifts, LinearParams=_random(chance, 8, 16), BiasParams=_vector()
        ),
        component("noop", "NoOpComponent"),
        component(
            "last", "NaturalGradientAffineComponent", LinearParams=_random(chance, 5, 8), BiasParams=_random(chance, 5)
        ),
    )
    tail = b"<Priors> " + _vector()
    return AcousticModel(b"\0B<TransitionModel> x <Nnet3> ", configuration, components, 4, 3, tail)


def identity_front(context_frames: int = 3, **provenance: str) -> Front:
    """Give a front that changes nothing, with a hidden layer and `context_frames` before and after each frame."""
    window = CEPSTRA * (2 * context_frames + 1)
    middle = np.zeros((CEPSTRA, window))
    middle[:, window // 2 - CEPSTRA // 2 : window // 2 + CEPSTRA // 2] = np.eye(CEPSTRA)
    hidden = Layer(np.zeros((3, window)), np.ones(3))
    out = Layer(np.hstack([np.zeros((CEPSTRA, 3)), middle]), np.zeros(CEPSTRA))
    told = {"name": "identity", "method": "made up", "data": "none", "figures": "none"} | provenance
    same = Layer(np.eye(SPLICED), np.zeros(SPLICED))
    return Front((hidden, out), same, np.zeros(CEPSTRA), {}, Provenance(**told))


def _random(chance: np.random.Generator, *shape: int) -> bytes:
    values: Array = chance.normal(size=shape)
    return float_array(values)


def _vector() -> bytes:
    return float_array(np.zeros(0))
