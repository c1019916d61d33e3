import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.models.catalogue import NAME_PATTERN
from appliance.models.manifest import FileFact, Manifest, read_manifest, write_manifest

facts = st.builds(FileFact, bytes=st.integers(0, 2**40), sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True))
manifests = st.builds(
    Manifest,
    name=st.from_regex(NAME_PATTERN, fullmatch=True),
    engine=st.sampled_from(["vosk", "moonshine"]),
    languages=st.lists(st.sampled_from(["en", "ko", "pt-BR"])).map(tuple),
    bands=st.lists(st.sampled_from(["narrow", "wide"])).map(tuple),
    source=st.text(),
    in_catalogue=st.booleans(),
    files=st.dictionaries(st.sampled_from(["am/final.mdl", "README", "graph/phones/word_boundary.int"]), facts),
)


def read(data: bytes) -> Manifest:
    return read_manifest(data, where="here", mend="do that")


@given(manifests)
def test_a_manifest_is_read_back_as_it_was_written(manifest: Manifest) -> None:
    assert read(write_manifest(manifest)) == manifest


@given(manifests, st.data())
def test_a_manifest_that_is_cut_off_is_a_clear_error(manifest: Manifest, data: st.DataObject) -> None:
    written = write_manifest(manifest).rstrip()
    length = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(BadInputError, match="here: the model's manifest is damaged") as caught:
        read(written[:length])
    assert caught.value.mend == "do that"


@given(st.binary())
def test_any_bytes_give_a_manifest_or_one_clear_error(data: bytes) -> None:
    with pytest.raises(BadInputError):
        read(data)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "am/../../x", "am//x", "am/.", "a\\b", ""])
def test_a_path_that_leads_outside_the_model_is_refused(path: str) -> None:
    good = Manifest("m", "vosk", ("en",), ("wide",), "s", in_catalogue=True, files={"x": FileFact(1, "0" * 64)})
    with pytest.raises(BadInputError):
        read(write_manifest(good).replace(b'"x":', b'"' + path.replace("\\", "\\\\").encode() + b'":'))
