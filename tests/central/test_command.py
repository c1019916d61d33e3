"""`undertone central` as people start it."""

import argparse
import stat
from pathlib import Path

import pytest

from appliance.central.credentials import Credentials
from appliance.cli import central
from appliance.errors import BadInputError

from .rig import ServerProcess, ask


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    central.add_parser(parser.add_subparsers())
    chosen = parser.parse_args(["central", *arguments])
    return int(chosen.run(chosen))


def test_add_device_prints_the_token_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "credentials.json"
    assert run("add-device", "desk-1", "--credentials", str(path)) == 0
    assert Credentials(path).device_of(capsys.readouterr().out.strip()) == "desk-1"
    assert run("--credentials", str(path), "remove-device", "desk-1") == 0
    with pytest.raises(BadInputError, match="there is no device 'desk-1'"):
        run("remove-device", "desk-1", "--credentials", str(path))


def test_a_token_file_is_for_the_owners_eyes_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token_file = tmp_path / "token"
    assert run("add-device", "d", "--credentials", str(tmp_path / "c.json"), "--token-file", str(token_file)) == 0
    assert capsys.readouterr().out == ""
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert Credentials(tmp_path / "c.json").device_of(token_file.read_text().strip()) == "d"


@pytest.mark.parametrize(
    ("listen", "what"),
    [
        ("0.0.0.0:8710", "no TLS"),
        ("192.168.1.5:80", "no TLS"),
        ("desk.example.com:80", "no TLS"),
        (":8710", "no TLS"),
        ("127.0.0.1", "HOST:PORT"),
        ("127.0.0.1:", "HOST:PORT"),
        ("127.0.0.1:65536", "HOST:PORT"),
        ("127.0.0.1:-1", "HOST:PORT"),
        ("127.0.0.1:²", "HOST:PORT"),
    ],
)
def test_only_a_port_of_this_machine_itself_is_accepted(listen: str, what: str) -> None:
    with pytest.raises(BadInputError, match=what) as error:
        run("--listen", listen)
    assert "127.0.0.1:8710" in error.value.mend


@pytest.mark.parametrize(
    ("listen", "host"), [("localhost:0", "localhost"), ("[::1]:5", "::1"), ("127.0.0.1:65535", "127.0.0.1")]
)
def test_the_names_of_the_loopback_are_accepted(listen: str, host: str) -> None:
    assert central.parse_listen(listen)[0] == host


def test_a_port_that_is_taken_is_one_clear_message(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        status, _, body = ask(f"http://127.0.0.1:{server.port}/", None, {})
        assert (status, b"Undertone" in body) == (200, True)
        second = tmp_path / "second"
        files = ["--database", str(second / "c.sqlite"), "--credentials", str(second / "c.json")]
        with pytest.raises(BadInputError, match=r"127\.0\.0\.1:\d+: cannot listen"):
            run("--listen", f"127.0.0.1:{server.port}", *files)


def test_a_store_that_cannot_be_used_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"not a database, certainly not one" * 50)
    with pytest.raises(BadInputError, match=r"c\.sqlite: cannot be used as the store"):
        run("--listen", "127.0.0.1:0", "--database", str(tmp_path / "c.sqlite"), "--credentials", str(tmp_path / "c"))
