"""Which addresses, tokens and CA files are taken, and what is said of the others."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.uplink_server import Server, check, read_token, tls
from appliance.errors import BadInputError


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "url",
    [
        "wss://central.example/device",
        "wss://central.example:8443",
        "ws://localhost:8080/device",
        "ws://127.0.0.1/device",
        "ws://127.8.9.1/device",
        "ws://[::1]:80/device",
    ],
)
def test_tls_everywhere_and_none_on_loopback(url: str, token: Path) -> None:
    check(Server(url, token))


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ws://central.example/device", "without TLS everybody on the way can read the calls"),
        ("ws://10.0.0.1/device", "without TLS everybody on the way can read the calls"),
        ("ws://127.0.0.1.example/device", "without TLS everybody on the way can read the calls"),
        ("https://central.example/device", "this is not the address of a WebSocket"),
        ("wss:///device", "this is not the address of a WebSocket"),
        ("central.example", "this is not the address of a WebSocket"),
        ("wss://central.example:port/", "this is not an address"),
        ("wss://me:secret@central.example/", "the address holds a user, a password or a fragment"),
        ("wss://central.example/#top", "the address holds a user, a password or a fragment"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_with_its_mend(url: str, what: str, token: Path) -> None:
    with pytest.raises(BadInputError, match=what) as refused:
        check(Server(url, token))
    assert refused.value.mend
    assert "secret" not in str(refused.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(url: str) -> None:
    with pytest.raises(BadInputError):
        check(Server(url, Path("/nowhere/token")))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604, 0o601])
def test_a_token_that_others_may_use_is_refused(token: Path, mode: int) -> None:
    token.chmod(mode)
    with pytest.raises(BadInputError, match=f"other users may use this token \\(mode {mode:04o}\\)") as refused:
        read_token(token)
    assert refused.value.mend == f"chmod 600 {token}"


@pytest.mark.parametrize("content", ["", "\n", "two words", "two\nlines", "ünï", "x" * 9000, "a\x00b"])
def test_a_token_that_is_none_is_refused_and_not_shown(token: Path, content: str) -> None:
    token.write_text(content)
    with pytest.raises(BadInputError, match="this is not a token") as refused:
        read_token(token)
    assert content.strip() == "" or content not in str(refused.value)


def test_a_token_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="the token cannot be read: No such file"):
        read_token(tmp_path / "token")


def test_a_token_is_read_without_its_line_end(token: Path) -> None:
    assert read_token(token) == "s3cret"


def test_a_ca_file_that_holds_no_certificate_is_refused(tmp_path: Path, token: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for ca_file in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(BadInputError, match="the CA file cannot be used") as refused:
            check(Server("wss://central.example", token, ca_file))
        assert refused.value.where == str(ca_file)


def test_there_is_no_tls_on_loopback_without_it(token: Path) -> None:
    assert tls(Server("ws://localhost", token)) is None
    assert tls(Server("wss://localhost", token)) is not None
