"""Reads the configuration of an nnet3 network: its nodes, what each of them hears, and at which times."""

import re
from typing import Final, NamedTuple

from appliance.errors import BadInputError


class Heard(NamedTuple):
    """An input descriptor: `what` is Append, Offset, Sum, Scale, Vector or Node.

    `parts` are the descriptors inside, `name` that of a node, `number` an offset in frames or a factor.
    """

    what: str
    parts: tuple["Heard", ...] = ()
    name: str = ""
    number: float = 0.0


class Node(NamedTuple):
    """A node that computes: its component (empty for an output) and what it hears."""

    component: str
    heard: Heard


_TOKEN: Final = re.compile(r"\s*([(),]|[^\s(),]+)")


def read_nodes(configuration: str) -> dict[str, Node]:
    """Give the computing nodes by name; raises `BadInputError` for what this reader does not know."""
    nodes = {}
    for line in filter(None, configuration.split("\n")):
        if line.startswith("input-node "):
            continue
        found = re.match(r"(component|output)-node name=(\S+)(?: component=(\S+))? input=(.*?)( objective=\w+)?$", line)
        if not found:
            raise _unknown(line)
        nodes[found[2]] = Node(found[3] or "", read_heard(found[4]))
    return nodes


def read_heard(text: str) -> Heard:
    """Read one descriptor, such as `Append(Offset(input, -1), input, ReplaceIndex(ivector, t, 0))`."""
    tokens = _TOKEN.findall(text)
    heard, rest = _descriptor(tokens)
    if rest:
        raise _unknown(text)
    return heard


def names_heard(heard: Heard) -> list[str]:
    """Give the nodes that a descriptor names, those heard frame by frame."""
    if heard.what == "Node":
        return [heard.name]
    return [name for part in heard.parts for name in names_heard(part)]


def times_heard(heard: Heard, times: set[int]) -> dict[str, set[int]]:
    """Give the times at which each node is heard, for values at these times."""
    if heard.what == "Node":
        return {heard.name: times}
    if heard.what == "Offset":
        times = {time + int(heard.number) for time in times}
    merged: dict[str, set[int]] = {}
    for part in heard.parts:
        for name, wanted in times_heard(part, times).items():
            merged[name] = merged.get(name, set()) | wanted
    return merged


def _descriptor(tokens: list[str]) -> tuple[Heard, list[str]]:
    if not tokens or tokens[0] in "(),":
        raise _unknown(" ".join(tokens))
    head, rest = tokens[0], tokens[1:]
    if not rest or rest[0] != "(":
        return Heard("Node", name=head), rest
    inside: list[list[str]] = [[]]
    depth = 0
    for at, mark in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth == 0:
            return _call(head, inside), rest[at + 1 :]
        if mark == "," and depth == 1:
            inside.append([])
        elif at:
            inside[-1].append(mark)
    raise _unknown(" ".join(tokens))


def _call(head: str, inside: list[list[str]]) -> Heard:
    if head in {"Append", "Sum"}:
        return Heard(head, tuple(_whole(part) for part in inside))
    if head == "Offset" and len(inside) == 2:
        return Heard(head, (_whole(inside[0]),), number=int(inside[1][0]))
    if head == "Scale" and len(inside) == 2:
        return Heard(head, (_whole(inside[1]),), number=float(inside[0][0]))
    if head == "ReplaceIndex" and inside == [["ivector"], ["t"], ["0"]]:
        return Heard("Vector", name="ivector")
    raise _unknown(head)


def _whole(tokens: list[str]) -> Heard:
    heard, rest = _descriptor(tokens)
    if rest:
        raise _unknown(" ".join(tokens))
    return heard


def _unknown(text: str) -> BadInputError:
    return BadInputError(f"the network has a part of a kind that cannot be taught: {text[:80]!r}")
