import pytest

from appliance.errors import BadInputError
from appliance.models.adapt.network_plan import Heard, names_heard, read_heard, read_nodes, times_heard
from tests.models.kaldi_models import CONFIGURATION

INPUT = Heard("Node", name="input")


def test_a_descriptor_is_read_with_all_that_is_inside() -> None:
    heard = read_heard("Append(Offset(input, -1), input, ReplaceIndex(ivector, t, 0))")
    vector = Heard("Vector", name="ivector")
    assert heard == Heard("Append", (Heard("Offset", (INPUT,), number=-1), INPUT, vector))
    assert names_heard(heard) == ["input", "input"]
    assert read_heard("Sum(Scale(0.66, a.noop), b)").parts[0] == Heard(
        "Scale", (Heard("Node", name="a.noop"),), "", 0.66
    )


def test_the_times_follow_the_offsets() -> None:
    heard = read_heard("Append(Offset(input, -2), Sum(input, other))")
    assert times_heard(heard, {0, 3}) == {"input": {-2, 1, 0, 3}, "other": {0, 3}}


@pytest.mark.parametrize(
    "text", ["IfDefined(input)", "Append(input", "Append(input,)", "", "a b", "Offset(input)", ")("]
)
def test_a_descriptor_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="cannot be taught"):
        read_heard(text)


def test_the_nodes_of_a_network_are_read() -> None:
    nodes = read_nodes(CONFIGURATION)
    assert list(nodes) == ["first", "relu", "norm", "tdnn", "input-like.noop", "last", "output"]
    assert nodes["output"].heard == Heard("Node", name="last")
    with pytest.raises(BadInputError, match="dim-range-node"):
        read_nodes("dim-range-node name=x input-node=input dim=1 dim-offset=0")
