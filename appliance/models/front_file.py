"""The file of a telephone front: small enough to ship with the program and to carry to a box.

`undertone-front 1` and a line break; a line of JSON with the provenance and the shapes of the arrays; the arrays in
that order, little-endian, row by row.
"""

from typing import Annotated, Final

import msgspec
import numpy as np

from appliance.models.front import CEPSTRA, SPLICED, Front, FrontError, Layer, Provenance
from appliance.models.kaldi import Array

_MAGIC: Final = b"undertone-front 1\n"
_MAX_HEADER_BYTES: Final = 1_000_000
_KINDS: Final[dict[int, np.dtype[np.floating]]] = {1: np.dtype("<f4"), 2: np.dtype("<f2")}
"""Offsets reach hundreds and keep seven digits; the many weights are as good with three."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    provenance: Provenance
    shapes: dict[str, Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=2)]]


def write_front(front: Front) -> bytes:
    """Give a front's file: a line of identification, a line of JSON, then the arrays in the JSON's order."""
    arrays = _arrays(front)
    header = _Header(front.provenance, {name: array.shape for name, array in arrays.items()})
    parts = [_MAGIC, msgspec.json.encode(header), b"\n"]
    return b"".join([*parts, *(array.astype(_KINDS[array.ndim]).tobytes() for array in arrays.values())])


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
        kind = _KINDS[len(shape)]
        length = kind.itemsize * int(np.prod(shape, dtype=object))
        if not 0 <= length <= len(data) - at:
            raise FrontError("it is cut off")
        arrays[name] = np.frombuffer(data[at : at + length], kind).astype(np.float64).reshape(shape)
        at += length
    if at != len(data):
        raise FrontError("it is longer than its description says")
    return _from_arrays(arrays, header.provenance)


def _arrays(front: Front) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for name, layer in (*((str(n), layer) for n, layer in enumerate(front.layers)), ("splice", front.splice)):
        arrays |= {f"{name}.weights": layer.weights, f"{name}.offsets": layer.offsets}
    return arrays | {"shift": front.shift} | {f"own {name}": array for name, array in front.own.items()}


def _from_arrays(arrays: dict[str, Array], provenance: Provenance) -> Front:
    def layer(name: str) -> Layer:
        return Layer(arrays[f"{name}.weights"], arrays[f"{name}.offsets"])

    own = {name.removeprefix("own "): array for name, array in arrays.items() if name.startswith("own ")}
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
