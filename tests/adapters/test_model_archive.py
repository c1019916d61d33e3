import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.adapters import model_archive
from appliance.adapters.model_archive import ArchiveError, copy_folder, file_facts, unpack

from .tiny_model import in_folder, tiny_files, zipped

FILES = tiny_files()


def archive_of(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def into(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("top", ["vosk-model-tiny/", ""])
def test_a_good_archive_is_unpacked_without_its_top_folder(tmp_path: Path, top: str) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(FILES, top=top))
    unpack(tmp_path / "a.zip", folder := into(tmp_path))
    assert contents(folder) == FILES


def test_only_the_folder_asked_for_is_unpacked(tmp_path: Path) -> None:
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = [("pack/model/x", b"1"), ("pack/model2/y", b"2"), ("z", b"3")]
    unpack(archive_of(tmp_path / "a.whl", members), folder := into(tmp_path), folder="pack/model")
    assert contents(folder) == {"x": b"1"}


def test_an_archive_without_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds nothing in pack"):
        unpack(archive_of(tmp_path / "a.zip", [("x", b"1")]), into(tmp_path), folder="pack")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "a\\..\\x", "~/x", "C:\\x"])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive = archive_of(tmp_path / "a.zip", [("good", b"1"), (name, b"2")])
    with pytest.raises(ArchiveError, match="leads outside"):
        unpack(archive, folder := into(tmp_path))
    assert contents(folder) == {}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_a_special_file_is_refused(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (kind | 0o777) << 16
    with pytest.raises(ArchiveError, match="a link or a special file: 'link'"):
        unpack(archive_of(tmp_path / "a.zip", [(link, b"/etc/passwd")]), into(tmp_path))


def test_a_zip_bomb_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    bomb = archive_of(tmp_path / "a.zip", [("small", b"1"), ("bomb", bytes(200 * 1024 * 1024))])
    assert bomb.stat().st_size < 1024 * 1024
    with pytest.raises(ArchiveError, match="'bomb' unpacks to 209715200 bytes"):
        unpack(bomb, folder := into(tmp_path))
    assert contents(folder) == {}


def test_a_crowd_of_files_is_refused(tmp_path: Path) -> None:
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = [
        (f"f{number}", b"") for number in range(model_archive.MAX_FILES + 1)
    ]
    with pytest.raises(ArchiveError, match="holds 1001 files"):
        unpack(archive_of(tmp_path / "a.zip", members), into(tmp_path))


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = archive_of(tmp_path / "a.zip", [("x", b"1"), ("x", b"2")])
    with pytest.raises(ArchiveError, match="'x' twice"):
        unpack(archive, into(tmp_path))


def test_a_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="as a file and as a folder"):
        unpack(archive_of(tmp_path / "a.zip", [("x", b"1"), ("x/y", b"2")]), into(tmp_path))


def test_an_encrypted_or_strangely_packed_file_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", b"1")
    with pytest.raises(ArchiveError, match="packed in an unusual way"):
        unpack(tmp_path / "a.zip", into(tmp_path))


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("<html>Please log in to the guest network</html>")
    with pytest.raises(ArchiveError, match=r"a\.zip: is not a good zip archive"):
        unpack(tmp_path / "a.zip", into(tmp_path))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_archive_gives_the_true_files_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    small = {name: content[:500] for name, content in FILES.items()}
    packed = bytearray(zipped(small))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.sampled_from([len(packed), data.draw(st.integers(0, len(packed)))]))
    place = tmp_path_factory.mktemp("damaged")
    (place / "a.zip").write_bytes(packed[:length])
    folder = into(place)
    try:
        unpack(place / "a.zip", folder)
    except ArchiveError:
        pass
    else:
        assert set(contents(folder).values()) <= set(small.values())
    assert {path.name for path in place.iterdir()} == {"a.zip", "new"}


def test_a_folder_is_copied_and_its_links_are_refused(tmp_path: Path) -> None:
    source = in_folder(tmp_path / "source", FILES)
    copy_folder(source, folder := into(tmp_path))
    assert contents(folder) == FILES
    (source / "link").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match="link is a link"):
        copy_folder(source, folder)


def test_facts_tell_size_and_hash_of_every_file(tmp_path: Path) -> None:
    facts = file_facts(in_folder(tmp_path, {"a/b": b"abc"}))
    # FIPS 180-2, B.1: the hash of "abc"
    assert facts["a/b"].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert facts["a/b"].bytes == 3


def test_an_empty_archive_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    zipfile.ZipFile(packed, "w").close()
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    with pytest.raises(ArchiveError, match="holds nothing"):
        unpack(tmp_path / "a.zip", into(tmp_path))
