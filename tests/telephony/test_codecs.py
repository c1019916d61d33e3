"""G.711 against the recommendation's own construction: decision values, and outputs halfway between them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.codecs import decode_alaw, decode_ulaw

CODES = bytes(range(256))


def edges(first: list[int], segments: int, steps: int = 16) -> list[int]:
    """Give the decision values: `first`, then segments of 16 steps, each step twice as wide as in the one before."""
    values = list(first)
    width = values[-1] - values[-2]
    for _ in range(segments):
        width *= 2
        values += [values[-1] + width * step for step in range(1, steps + 1)]
    return values


def outputs(decision_values: list[int]) -> list[float]:
    return [(low + high) / 2 for low, high in itertools.pairwise(decision_values)]


def ulaw_by_the_table() -> list[float]:
    # Tables 2a and 2b: the first interval ends at 1, then 15 steps of 2, seven segments follow up to 8159.
    values = edges([0, 1, *range(3, 32, 2)], segments=7)
    assert values[-1] == 8159
    magnitudes = [0.0, *outputs(values)[1:]]
    return [-magnitudes[0x7F - code] if code < 0x80 else magnitudes[0xFF - code] for code in range(256)]


def alaw_by_the_table() -> list[float]:
    # Tables 1a and 1b: 32 steps of 2, then six segments up to 4096; on the line every even bit is inverted.
    values = edges([*range(0, 66, 2)], segments=6)
    assert values[-1] == 4096
    magnitudes = outputs(values)
    plain = [code ^ 0x55 for code in range(256)]
    return [magnitudes[code & 0x7F] if code & 0x80 else -magnitudes[code] for code in plain]


def test_every_ulaw_code_gives_the_value_of_the_table() -> None:
    assert decode_ulaw(CODES).tolist() == [4 * value for value in ulaw_by_the_table()]


def test_every_alaw_code_gives_the_value_of_the_table() -> None:
    assert decode_alaw(CODES).tolist() == [8 * value for value in alaw_by_the_table()]


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0x80, 32124), (0x8F, 16764), (0xEF, 132), (0xFE, 8), (0xFF, 0), (0x7F, 0), (0x7E, -8), (0x00, -32124)],
)
def test_known_ulaw_codes(code: int, sample: int) -> None:
    assert decode_ulaw(bytes([code])).tolist() == [sample]


@pytest.mark.parametrize(("code", "sample"), [(0xAA, 32256), (0xD5, 8), (0x55, -8), (0x2A, -32256), (0x80, 5504)])
def test_known_alaw_codes(code: int, sample: int) -> None:
    assert decode_alaw(bytes([code])).tolist() == [sample]


@given(st.binary(max_size=100))
def test_each_byte_is_one_sample_whatever_stands_around_it(data: bytes) -> None:
    for decode in (decode_ulaw, decode_alaw):
        decoded = decode(data)
        assert decoded.dtype == np.int16
        assert decoded.tolist() == [decode(data[at : at + 1])[0] for at in range(len(data))]
