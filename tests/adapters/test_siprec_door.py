from pathlib import Path

import pytest

from appliance.adapters.siprec_door import allow_list, read_passwords, server_tls
from appliance.errors import BadInputError
from appliance.siprec_settings import SiprecSettings

TLS = Path(__file__).parent / "tls"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("10.20.3.4", True),
        ("::ffff:10.20.3.4", True),
        ("10.21.0.1", False),
        ("192.0.2.7", True),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("pbx.example", False),
        ("", False),
    ],
)
def test_addresses_and_networks_let_in_their_own(host: str, *, allowed: bool) -> None:
    assert allow_list(("10.20.0.0/16", "192.0.2.7", "2001:db8::/32"))(host) == allowed


def test_an_allow_list_of_something_else_is_an_error_that_names_it() -> None:
    with pytest.raises(BadInputError, match=r"pbx\.example"):
        allow_list(("pbx.example",))


def secret(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(content, "utf-8")
    path.chmod(mode)
    return path


def test_credentials_are_read_line_by_line(tmp_path: Path) -> None:
    assert read_passwords(secret(tmp_path, "# our border controller\nsbc: one:two\n\npbx:three\n")) == {
        "sbc": "one:two",
        "pbx": "three",
    }


@pytest.mark.parametrize(
    ("content", "mode"), [("", 0o600), ("sbc", 0o600), (":x", 0o600), ("a:", 0o600), ("a:b", 0o640)]
)
def test_credentials_that_are_none_or_open_to_others_are_an_error(tmp_path: Path, content: str, mode: int) -> None:
    path = secret(tmp_path, content, mode)
    with pytest.raises(BadInputError) as error:
        read_passwords(path)
    assert error.value.where == str(path)
    assert "chmod" in error.value.mend


def test_credentials_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        read_passwords(tmp_path / "none")


def test_a_certificate_without_its_key_is_an_error(tmp_path: Path) -> None:
    settings = SiprecSettings((), (), certificate_file=TLS / "ca.pem", key_file=secret(tmp_path, "no key"))
    with pytest.raises(BadInputError, match="certificate"):
        server_tls(settings)


def test_without_a_certificate_there_is_no_tls() -> None:
    assert server_tls(SiprecSettings((), ())) is None
