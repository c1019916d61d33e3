import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import models
from appliance.adapters.model_adapt import general_front, shipped_front
from appliance.models.front import Front, FrontError
from appliance.models.front_file import read_front, write_front
from tests.adapters.tiny_model import in_folder
from tests.models.kaldi_models import identity_front

FRONTS = Path(models.__file__).parent / "fronts"
OWN = np.random.default_rng(1).normal(0, 0.01, (5, 8)) * np.arange(5)[:, None]
WRITTEN = write_front(identity_front()._replace(own={"last <LinearParams>": OWN, "last <BiasParams>": OWN[:, 0]}))


def test_a_front_survives_writing_and_reading() -> None:
    front = read_front(WRITTEN)
    assert write_front(front) == WRITTEN
    assert np.abs(front.own["last <LinearParams>"] - OWN).max() <= np.abs(OWN).max() / 250
    assert np.allclose(front.own["last <BiasParams>"], OWN[:, 0], rtol=1e-6)
    assert front.provenance == identity_front().provenance


@given(st.integers(0, len(WRITTEN) - 1))
def test_a_front_that_is_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(FrontError):
        read_front(WRITTEN[:length])


@given(st.integers(0, 2000), st.integers(0, 255))
def test_damaged_bytes_are_refused_or_read_but_never_crash(at: int, byte: int) -> None:
    damaged = bytearray(WRITTEN)
    damaged[at] = byte
    with contextlib.suppress(FrontError):
        assert isinstance(read_front(bytes(damaged)), Front)


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(FrontError, match="longer"):
        read_front(WRITTEN + b" ")


def test_layers_that_do_not_fit_are_refused() -> None:
    front = identity_front()
    for broken in (
        front._replace(layers=front.layers[::-1]),
        front._replace(shift=np.zeros(3)),
        front._replace(layers=()),
    ):
        with pytest.raises(FrontError):
            read_front(write_front(broken))


def test_the_general_front_ships_small_and_tells_where_it_comes_from() -> None:
    front = general_front()
    assert len(write_front(front)) < 500_000
    assert "CC BY-SA" in front.provenance.data
    assert not front.own


def test_the_front_that_was_taught_for_the_korean_model_ships_for_that_one_alone(tmp_path: Path) -> None:
    taught = "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4"
    fronts = [read_front(file.read_bytes()) for file in FRONTS.glob("*.front")]
    assert sorted(front.provenance.taught_for for front in fronts) == ["", taught]
    in_folder(tmp_path, {"am/final.mdl": b"another model"})
    assert shipped_front(tmp_path).provenance == general_front().provenance
