r"""Reads and writes Kaldi's binary files: an nnet3 acoustic model, matrices, mean statistics.

A binary file begins with `\0B`. Tokens such as `<Nnet3>` are ASCII and end in one space. Values, little-endian:

    T or F                       a truth value
    \x04 and 4 bytes             int32 or float32 (which of the two, only the token tells)
    \x08 and 8 bytes             float64
    \x04 <int32 n>, n int32s     a list of integers: the length is written as a plain int32, the items are bare
    FM, DM \x04<rows> \x04<cols>  a matrix of float32 or float64, row by row
    FV, DV \x04<n>               a vector of float32 or float64

An acoustic model (`final.mdl`) is, one after the other: a transition model; `<Nnet3> ` and a line break; the
configuration as text, one node a line; `<NumComponents> ` and an int32; each component as `<ComponentName> NAME
<TYPE> ` with pairs of token and values, and `</TYPE> ` at its end; `</Nnet3> `; `<LeftContext> ` and `<RightContext> `
with an int32 each; priors. What is read here is kept byte for byte, so that writing it again gives the same file.
"""

import re
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MAX_NAME_BYTES = 200  # Kaldi's own names are far shorter; a search for the end of one must not run through a graph
_INTEGER_LISTS = {b"<TimeOffsets>"}
_SCALARS = {b"T": 1, b"F": 1, b" ": 1, b"\x04": 5, b"\x08": 9}
_ITEM: dict[bytes, np.dtype[np.floating]] = {b"F": np.dtype("<f4"), b"D": np.dtype("<f8")}


class KaldiError(ValueError):
    """The bytes are not what Kaldi writes, or not all of it."""


class Field(NamedTuple):
    """A token (`<LinearParams>`) and the bytes of what follows it, up to the next token."""

    token: bytes
    value: bytes


class Component(NamedTuple):
    """A part of the network with its parameters; the first and the last field are its type and its end."""

    name: str
    fields: tuple[Field, ...]

    @property
    def kind(self) -> str:
        """The type without brackets, such as `TdnnComponent`."""
        return self.fields[0].token[1:-1].decode("ascii", "replace")

    def value(self, token: str) -> bytes | None:
        """Give the bytes of the first field with this token, None when there is none."""
        return next((field.value for field in self.fields if field.token == token.encode()), None)

    def with_value(self, token: str, value: bytes) -> "Component":
        """Give the component with this field's bytes replaced."""
        changed = [Field(field.token, value) if field.token == token.encode() else field for field in self.fields]
        return Component(self.name, tuple(changed))


class AcousticModel(NamedTuple):
    """An nnet3 acoustic model. The contexts are frames of input that an output needs before and after it."""

    head: bytes
    """Everything before the configuration."""
    configuration: str
    components: tuple[Component, ...]
    left_context: int
    right_context: int
    tail: bytes
    """Everything after the contexts."""


def read_acoustic_model(data: bytes) -> AcousticModel:
    """Read `final.mdl`; raises `KaldiError` that says what is wrong at which byte."""
    start = data.find(b"<Nnet3> ")
    if not data.startswith(b"\0B<TransitionModel> ") or start < 0:
        raise KaldiError("it is not an nnet3 acoustic model in binary form")
    start += len(b"<Nnet3> ")
    end = data.find(b"<NumComponents> ", start)
    if end < 0:
        raise KaldiError("it ends before the network's components")
    reader = _Reader(data, end)
    count = reader.int32_after(b"<NumComponents>")
    if count < 0:
        raise KaldiError(f"an impossible number of components, {count}")
    components = tuple(reader.component() for _ in range(count))
    reader.expect(b"</Nnet3>")
    left, right = reader.int32_after(b"<LeftContext>"), reader.int32_after(b"<RightContext>")
    if not data.startswith(b"<Priors> ", reader.at):
        raise KaldiError("it ends before the priors")
    priors = _array_length(data, reader.at + len(b"<Priors> "))
    if priors is None or reader.at + len(b"<Priors> ") + priors > len(data):
        raise KaldiError("it ends within the priors")
    try:
        configuration = data[start:end].decode("ascii")
    except UnicodeDecodeError as error:
        raise KaldiError("the network's configuration is not text") from error
    return AcousticModel(data[:start], configuration, components, left, right, data[reader.at :])


def write_acoustic_model(model: AcousticModel) -> bytes:
    """Give the bytes of `final.mdl`: the very same that were read, when nothing was changed."""
    parts = [model.head, model.configuration.encode("ascii"), b"<NumComponents> ", int32(len(model.components))]
    for component in model.components:
        parts += [b"<ComponentName> ", component.name.encode("ascii"), b" "]
        parts += [field.token + b" " + field.value for field in component.fields]
    parts += [b"</Nnet3> <LeftContext> ", int32(model.left_context), b"<RightContext> ", int32(model.right_context)]
    return b"".join([*parts, model.tail])


def int32(number: int) -> bytes:
    """Give an integer as Kaldi writes it."""
    return b"\x04" + struct.pack("<i", number)


def float_array(values: Array) -> bytes:
    """Give a matrix or a vector as float32."""
    kind = b"FM " if values.ndim == 2 else b"FV "
    return kind + b"".join(int32(length) for length in values.shape) + values.astype("<f4").tobytes()


def read_array(data: bytes, at: int = 0) -> Array:
    """Read the matrix or vector that begins at this byte; raises `KaldiError`."""
    length = _array_length(data, at)
    if length is None or at + length > len(data):
        raise KaldiError(f"there is no complete matrix at byte {at}")
    shape = _shape(data, at)
    items = np.frombuffer(data, _ITEM[data[at : at + 1]], int(np.prod(shape)), at + 3 + 5 * len(shape))
    return items.astype(np.float64).reshape(shape)


def read_matrix_file(data: bytes) -> Array:
    """Read a file that holds one matrix, such as `final.mat`; raises `KaldiError`."""
    if not data.startswith(b"\0B") or _array_length(data, 2) != len(data) - 2:
        raise KaldiError("it does not hold one matrix in binary form")
    return read_array(data, 2)


def write_matrix_file(matrix: Array) -> bytes:
    """Give a file that holds one matrix."""
    return b"\0B" + float_array(matrix)


def read_statistics(text: str) -> Array:
    """Read `global_cmvn.stats` in text form: sums with the count of frames, then sums of squares with a 0.

    Gives a matrix of two rows; raises `KaldiError`.
    """
    rows = text.strip().removeprefix("[").removesuffix("]").strip().splitlines()
    try:
        values = [[float(number) for number in row.split()] for row in rows]
    except ValueError as error:
        raise KaldiError("the statistics are not numbers") from error
    if len(values) != 2 or len(values[0]) != len(values[1]) or len(values[0]) < 2 or values[0][-1] <= 0:
        raise KaldiError("the statistics are not two rows of one length with a count")
    return np.array(values)


def write_statistics(statistics: Array) -> str:
    """Give `global_cmvn.stats` in text form."""
    rows = ["  " + " ".join(f"{number:.9g}" for number in row) for row in statistics]
    return " [\n" + " \n".join(rows) + " ]\n"


class _Reader:
    """A place in the bytes, behind which everything has been read."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def token(self) -> bytes:
        end = self._data.find(b" ", self.at, self.at + _MAX_NAME_BYTES)
        token = self._data[self.at : end]
        if end < 0 or not token:
            raise KaldiError(f"no token at byte {self.at}: it is cut off or damaged")
        self.at = end + 1
        return token

    def expect(self, token: bytes) -> None:
        at = self.at
        if (found := self.token()) != token:
            raise KaldiError(f"{token.decode()} should stand at byte {at}, not {found[:40]!r}")

    def int32_after(self, token: bytes) -> int:
        self.expect(token)
        number = _int32(self._data, self.at)
        self.at += 5
        return number

    def component(self) -> Component:
        self.expect(b"<ComponentName>")
        name = self.token()
        if not re.fullmatch(rb"[\w.-]+", name):
            raise KaldiError(f"no name of a component before byte {self.at}")
        fields = [self._field()]
        end = b"</" + fields[0].token[1:]
        while fields[-1].token != end:
            fields.append(self._field())
        return Component(name.decode(), tuple(fields))

    def _field(self) -> Field:
        token = self.token()
        if not re.fullmatch(rb"</?\w+>", token):
            raise KaldiError(f"no token before byte {self.at}")
        start = self.at
        while self._data[self.at : self.at + 1] != b"<":
            self.at += _value_length(self._data, self.at, token)
        return Field(token, self._data[start : self.at])


def _value_length(data: bytes, at: int, token: bytes) -> int:
    if at >= len(data):
        raise KaldiError(f"it ends within {token.decode()}: it is cut off")
    if (length := _array_length(data, at)) is not None:
        return length
    if token in _INTEGER_LISTS:
        return 5 + 4 * _length(data, at)
    length = _SCALARS.get(data[at : at + 1])
    if length is None:
        raise KaldiError(f"an unknown value of {token.decode()} at byte {at}: it is damaged")
    return length


def _array_length(data: bytes, at: int) -> int | None:
    if data[at : at + 3] not in {b"FM ", b"DM ", b"FV ", b"DV "}:
        return None
    shape = _shape(data, at)
    return 3 + 5 * len(shape) + _ITEM[data[at : at + 1]].itemsize * int(np.prod(shape))


def _shape(data: bytes, at: int) -> tuple[int, ...]:
    dimensions = 2 if data[at + 1 : at + 2] == b"M" else 1
    return tuple(_length(data, at + 3 + 5 * number) for number in range(dimensions))


def _length(data: bytes, at: int) -> int:
    length = _int32(data, at)
    if not 0 <= length <= len(data):
        raise KaldiError(f"an impossible length, {length}, at byte {at}")
    return length


def _int32(data: bytes, at: int) -> int:
    if data[at : at + 1] != b"\x04" or len(data) < at + 5:
        raise KaldiError(f"no integer at byte {at}: it is damaged")
    number: int = struct.unpack_from("<i", data, at + 1)[0]
    return number
