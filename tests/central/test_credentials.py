"""The devices' tokens."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.central.credentials import Credentials, add_device, remove_device
from appliance.errors import BadInputError
from appliance.secret_file import write_secret


def test_a_token_opens_the_door_for_its_own_device_only(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    tokens = {name: add_device(path, name) for name in ("desk-1", "desk-2")}
    known = Credentials(path)
    assert {known.device_of(token): token for token in tokens.values()} == tokens
    assert known.device_of("") is None
    assert known.device_of("undertone_\udcff") is None


def test_the_file_holds_no_token_and_is_for_the_owners_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "credentials.json"
    token = add_device(path, "desk-1")
    assert token not in path.read_text()
    assert len(token) > 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    names = {entry.name for entry in path.parent.iterdir()}
    assert names == {"credentials.json", ".credentials.json.lock"}  # nothing half-written is left


def test_a_new_token_replaces_the_old_one_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    old = add_device(path, "desk-1")
    with pytest.raises(BadInputError, match="has a token already"):
        add_device(path, "desk-1")
    new = add_device(path, "desk-1", replace=True)
    known = Credentials(path)
    assert (known.device_of(old), known.device_of(new)) == (None, "desk-1")


@pytest.mark.parametrize("name", ["", "a b", "-x", "../x", "x" * 65, "é", "a/b"])
def test_a_name_that_cannot_be_a_devices_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match="cannot be the name"):
        add_device(tmp_path / "credentials.json", name)


def test_removing_a_device_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    add_device(path, "desk-1")
    with pytest.raises(BadInputError, match="no device 'desk-7'") as error:
        remove_device(path, "desk-7")
    assert "desk-1" in error.value.mend


@pytest.mark.parametrize("text", ["", "{", '{"devices": []}', '{"devices": {"desk-1": {"token_sha256": 5}}}'])
def test_a_broken_file_is_named_with_the_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match="not a credentials file"):
        Credentials(path)


def test_a_file_that_breaks_later_keeps_the_last_good_state(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "credentials.json"
    token = add_device(path, "desk-1")
    known = Credentials(path)
    path.write_text("{ half")
    assert known.device_of(token) == "desk-1"
    assert known.device_of(token) == "desk-1"
    assert caplog.text.count("credentials_unreadable") == 1
    path.unlink()
    assert known.device_of(token) is None, "a file that was taken away knows nobody"


def test_a_secret_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    (tmp_path / "token" / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        write_secret(tmp_path / "token", "x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["token"]


def test_boxes_enrolled_at_the_same_time_all_stay_enrolled(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    names = [f"desk-{number}" for number in range(12)]
    with ThreadPoolExecutor(max_workers=12) as pool:
        tokens = list(pool.map(lambda name: add_device(path, name), names))

    known = Credentials(path)

    assert [known.device_of(token) for token in tokens] == names
