"""The file of a telephone front: small enough to ship with the program and to carry to a box.

`undertone-front 1` and a line break; a line of JSON with the provenance and the shapes of the arrays; the arrays in
that order, little-endian, row by row: vectors as float32, matrices as float16, changes of a model's own matrices (many
and small) as one float32 a row and, behind these, 8-bit integers that are multiplied by it.
"""

from typing import Annotated, Final

import msgspec
import numpy as np

from appliance.models.front import CEPSTRA, SPLICED, Front, FrontError, Layer, Provenance
from appliance.models.kaldi import Array

_MAGIC: Final = b"undertone-front 1\n"
_MAX_HEADER_BYTES: Final = 1_000_000
_OWN: Final = "own "
_LARGEST: Final = 127


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    provenance: Provenance
    shapes: dict[str, Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=2)]]


def write_front(front: Front) -> bytes:
    """Give a front's file: a line of identification, a line of JSON, then the arrays in the JSON's order."""
    arrays = _arrays(front)
    header = _Header(front.provenance, {name: array.shape for name, array in arrays.items()})
    parts = [_MAGIC, msgspec.json.encode(header), b"\n"]
    return b"".join([*parts, *(_packed(name, array) for name, array in arrays.items())])


def read_front(data: bytes) -> Front:
    """Read a front's file; raises `FrontError` for one that is damaged or foreign."""
    end = data.find(b"\n", len(_MAGIC), _MAX_HEADER_BYTES)
    if not data.startswith(_MAGIC) or end < 0:
        raise FrontError("it is not the file of a telephone front")
    try:
        header = msgspec.json.decode(data[len(_MAGIC) : end], type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrontError(f"its description is damaged ({error})") from error
    arrays: dict[str, Array] = {}
    at = end + 1
    for name, shape in header.shapes.items():
        length = _packed_bytes(name, shape)
        if min(shape) < 0 or length > len(data) - at:
            raise FrontError("it is cut off")
        arrays[name] = _unpacked(name, shape, data[at : at + length])
        at += length
    if at != len(data):
        raise FrontError("it is longer than its description says")
    return _from_arrays(arrays, header.provenance)


def _packed(name: str, array: Array) -> bytes:
    if array.ndim == 1:
        return array.astype("<f4").tobytes()
    if not name.startswith(_OWN):
        return array.astype("<f2").tobytes()
    steps = np.abs(array).max(axis=1, initial=0.0).astype("<f4") / np.float32(_LARGEST)
    steps[steps == 0] = 1.0
    packed: bytes = steps.astype("<f4").tobytes() + np.round(array / steps[:, None]).astype(np.int8).tobytes()
    return packed


def _packed_bytes(name: str, shape: tuple[int, ...]) -> int:
    if len(shape) == 1:
        return 4 * shape[0]
    return shape[0] * (4 + shape[1]) if name.startswith(_OWN) else 2 * shape[0] * shape[1]


def _unpacked(name: str, shape: tuple[int, ...], data: bytes) -> Array:
    if len(shape) == 1 or not name.startswith(_OWN):
        return np.frombuffer(data, "<f4" if len(shape) == 1 else "<f2").astype(np.float64).reshape(shape)
    steps = np.frombuffer(data, "<f4", shape[0]).astype(np.float64)
    counts = np.frombuffer(data, np.int8, offset=4 * shape[0]).reshape(shape)
    return counts * steps[:, None]


def _arrays(front: Front) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for name, layer in (*((str(n), layer) for n, layer in enumerate(front.layers)), ("splice", front.splice)):
        arrays |= {f"{name}.weights": layer.weights, f"{name}.offsets": layer.offsets}
    return arrays | {"shift": front.shift} | {f"{_OWN}{name}": array for name, array in front.own.items()}


def _from_arrays(arrays: dict[str, Array], provenance: Provenance) -> Front:
    def layer(name: str) -> Layer:
        return Layer(arrays[f"{name}.weights"], arrays[f"{name}.offsets"])

    own = {name.removeprefix(_OWN): array for name, array in arrays.items() if name.startswith(_OWN)}
    count = sum(name.endswith(".weights") for name in arrays) - 1
    try:
        front = Front(tuple(layer(str(n)) for n in range(count)), layer("splice"), arrays["shift"], own, provenance)
    except KeyError as error:
        raise FrontError(f"it lacks {error}") from error
    _require_shapes(front)
    return front


def _require_shapes(front: Front) -> None:
    shapes = (front.splice.weights.shape, front.splice.offsets.shape, front.shift.shape)
    if not front.layers or shapes != ((SPLICED, SPLICED), (SPLICED,), (CEPSTRA,)):
        raise FrontError("its layers are not those of a telephone front")
    window = front.layers[0].weights.shape[-1]
    if window % (2 * CEPSTRA) != CEPSTRA or window > SPLICED:
        raise FrontError("its window is no odd number of frames")
    heard = window
    for number, layer in enumerate(front.layers):
        last = number == len(front.layers) - 1
        rows = CEPSTRA if last else len(layer.offsets)
        columns = heard + (window if last and number else 0)
        if layer.weights.shape != (rows, columns) or layer.offsets.shape != (rows,):
            raise FrontError(f"its layer {number} does not fit the others")
        heard = rows
