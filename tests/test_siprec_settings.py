from pathlib import Path

import pytest

from appliance.errors import BadInputError
from appliance.siprec_settings import ListenAddress, SiprecSettings, parse_siprec
from appliance.toml_table import read_table

FOLDER = Path("/etc/undertone")


def parsed(text: str) -> SiprecSettings:
    return parse_siprec(read_table(f'[line]\nkind = "siprec"\n{text}', "device.toml").table("line"), FOLDER)


def test_the_allow_list_alone_is_enough() -> None:
    settings = parsed('allow = ["10.20.0.0/16"]')
    assert settings == SiprecSettings(
        listen=(ListenAddress("udp", "0.0.0.0", 5060), ListenAddress("tcp", "0.0.0.0", 5060)),  # noqa: S104
        allow=("10.20.0.0/16",),
    )


def test_everything_can_be_said() -> None:
    settings = parsed(
        """
        listen = ["tls:[::1]:5061"]
        allow = ["10.0.0.1"]
        max_calls = 8
        rtp_ports = "40000-40099"
        agent_addresses = ["20??"]
        agent_names = ["* (agent)"]
        agent_stream = "second"
        plain_calls = true
        keys = "kept"
        credentials_file = "sip"
        certificate_file = "box.pem"
        key_file = "box.key"
        """
    )
    assert settings.listen == (ListenAddress("tls", "::1", 5061),)
    assert (settings.credentials_file, settings.key_file) == (FOLDER / "sip", FOLDER / "box.key")
    assert (settings.max_calls, settings.agent_stream) == (8, "second")
    assert settings.rtp_ports == (40_000, 40_099)
    assert settings.plain_calls
    assert settings.keep_keys


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "allow"),
        ('allow = ["10.0.0.1"]\nlisten = ["10.0.0.1:5060"]', "listen"),
        ('allow = ["10.0.0.1"]\nlisten = ["udp:10.0.0.1:70000"]', "listen"),
        ('allow = ["10.0.0.1"]\nlisten = ["tls:10.0.0.1:5061"]', "tls"),
        ('allow = ["10.0.0.1"]\nmax_calls = 9', "max_calls"),
        ('allow = ["10.0.0.1"]\nagent_stream = "left"', "agent_stream"),
        ('allow = ["10.0.0.1"]\nmax_call = 2', "max_call"),
        ('allow = ["10.0.0.1"]\ndigest = ["SHA-1"]', "digest"),
        ('allow = ["10.0.0.1"]\ndigest = []', "digest"),
        ('allow = ["10.0.0.1"]\nrtp_ports = "80-90"', "rtp_ports"),
        ('allow = ["10.0.0.1"]\nrtp_ports = "5000-4000"', "rtp_ports"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(text: str, what: str) -> None:
    with pytest.raises(BadInputError, match=what) as error:
        parsed(text)
    assert "device.toml, line" in error.value.where
