import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from appliance.adapters.model_store import installed
from appliance.models.kaldi import (
    AcousticModel,
    Component,
    Field,
    KaldiError,
    float_array,
    int32,
    read_acoustic_model,
    read_array,
    read_matrix_file,
    read_statistics,
    write_acoustic_model,
    write_matrix_file,
    write_statistics,
)

numbers = st.integers(-(2**31), 2**31 - 1)
arrays = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=5), elements=st.floats(-100, 100, width=32)
)
scalars = st.one_of(
    numbers.map(int32),
    st.sampled_from([b"T", b"F"]),
    st.floats(allow_nan=False).map(lambda number: b"\x08" + struct.pack("<d", number)),
)
values = st.one_of(st.just(b""), scalars, st.tuples(scalars, scalars).map(b"".join), arrays.map(float_array))
offsets = st.lists(numbers, max_size=4).map(
    lambda items: Field(b"<TimeOffsets>", int32(len(items)) + struct.pack(f"<{len(items)}i", *items))
)
fields = st.one_of(offsets, st.builds(Field, st.sampled_from([b"<Dim>", b"<LinearParams>", b"<RankInOut>"]), values))
components = st.builds(
    lambda name, inner: Component(name, (Field(b"<XComponent>", b""), *inner, Field(b"</XComponent>", b""))),
    st.from_regex(r"[a-z][a-z0-9.-]{0,9}", fullmatch=True),
    st.lists(fields, max_size=4),
)
models = st.builds(
    AcousticModel,
    st.binary(max_size=30).map(lambda data: b"\0B<TransitionModel> " + data.replace(b"<", b"") + b"<Nnet3> "),
    st.sampled_from(["\n", "\ninput-node name=input dim=40\n\n"]),
    st.lists(components, max_size=4).map(tuple),
    numbers,
    numbers,
    st.just(b"<Priors> " + float_array(np.zeros(0))),
)


@given(models)
def test_what_is_written_is_read_back_and_written_the_same_again(model: AcousticModel) -> None:
    data = write_acoustic_model(model)
    assert read_acoustic_model(data) == model
    assert write_acoustic_model(read_acoustic_model(data)) == data


@given(models, st.data())
def test_a_model_that_is_cut_off_anywhere_is_refused(model: AcousticModel, data: st.DataObject) -> None:
    whole = write_acoustic_model(model)
    with pytest.raises(KaldiError):
        read_acoustic_model(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(models, st.data())
def test_damaged_bytes_are_refused_or_read_but_never_crash(model: AcousticModel, data: st.DataObject) -> None:
    damaged = bytearray(write_acoustic_model(model))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = read_acoustic_model(bytes(damaged))
    except KaldiError:
        return
    assert write_acoustic_model(read) == bytes(damaged)


@given(arrays)
def test_an_array_survives_writing_and_reading(array: np.ndarray) -> None:
    assert np.array_equal(read_array(b"??" + float_array(array), 2), array)


@given(hnp.arrays(np.float64, (2, 4), elements=st.floats(1, 2.0**40, width=32)))
def test_statistics_survive_writing_and_reading(statistics: np.ndarray) -> None:
    assert np.allclose(read_statistics(write_statistics(statistics)), statistics, rtol=1e-8)


@pytest.mark.parametrize("text", ["", "[ ]", "[ 1 2 3 \n 1 2 ]", "[ 1 0 \n 1 0 ]", "[ a b \n c d ]"])
def test_statistics_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(KaldiError):
        read_statistics(text)


def test_a_file_with_more_than_a_matrix_is_refused() -> None:
    whole = write_matrix_file(np.ones((2, 3)))
    assert read_matrix_file(whole).shape == (2, 3)
    for damaged in (whole + b" ", whole[:-1], whole[1:], b""):
        with pytest.raises(KaldiError):
            read_matrix_file(damaged)


def test_a_field_is_replaced_in_its_place() -> None:
    component = Component("a", (Field(b"<A>", b""), Field(b"<Dim>", int32(1)), Field(b"</A>", b"")))
    changed = component.with_value("<Dim>", int32(2))
    assert (component.kind, component.value("<Dim>"), changed.value("<Dim>")) == ("A", int32(1), int32(2))
    assert changed.value("<Gain>") is None


def test_a_real_model_is_written_byte_for_byte_as_it_was_read() -> None:
    folder = installed("vosk-model-small-ko-0.22")
    if folder is None:
        pytest.skip("the Korean model is not installed (undertone model fetch vosk-model-small-ko-0.22)")
    data = (folder / "am" / "final.mdl").read_bytes()
    assert write_acoustic_model(read_acoustic_model(data)) == data
    matrix = (folder / "ivector" / "final.mat").read_bytes()
    assert write_matrix_file(read_matrix_file(matrix)) == matrix
