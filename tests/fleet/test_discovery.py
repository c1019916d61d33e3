"""Reading what a network says of where the server is."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.fleet.discovery import (
    MAX_CANDIDATES,
    Srv,
    in_order,
    of_dhclient,
    of_network_manager,
    of_networkd,
    server_address,
    service_names,
    srv_addresses,
)

ADDRESS = "https://calls.example.com:8711"
HEX = ADDRESS.encode().hex()

NETWORKD = f"""# This is private data. Do not parse.
ADDRESS=10.0.0.17
DOMAINNAME=desk.example.com
OPTION_224={HEX}
OPTION_249=00
"""
DHCLIENT = """lease {
  interface "eth0";
  option undertone-server "https://old.example.com:8711";
  expire 0 2026/01/01 00:00:00;
}
lease {
  interface "eth0";
  option undertone-server "https://calls.example.com:8711";
}
"""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (ADDRESS, ADDRESS),
        ("calls.example.com:8711\0", ADDRESS),
        ("wss://calls.example.com:8711/v1/device", ADDRESS),
        ("calls.example.com", "https://calls.example.com:443"),
        ("[fd00::1]:8711", "https://[fd00::1]:8711"),
        ("http://calls.example.com", None),
        ("https://user@calls.example.com", None),
        ("https://calls.example.com:99999", None),
        ("https://calls .example.com", None),
        ("https://-x", None),
        ("file:///etc/passwd", None),
        ("", None),
        ("a" * 300, None),
    ],
)
def test_an_address_is_read_as_people_write_it(text: str, address: str | None) -> None:
    assert server_address(text) == address


def test_each_program_s_lease_gives_the_option() -> None:
    assert of_networkd(NETWORKD) == ADDRESS
    assert of_dhclient(DHCLIENT) == ADDRESS
    assert (
        of_dhclient(f"lease {{\n option unknown-224 {':'.join(HEX[i : i + 2] for i in range(0, len(HEX), 2))};\n}}")
        == ADDRESS
    )
    assert of_network_manager(f"DHCP4.OPTION[7]:private_224 = {HEX}\nDHCP4.OPTION[8]:x = 1") == ADDRESS
    assert of_network_manager(f"DHCP4.OPTION[7]:private_224 = {ADDRESS.replace(':', chr(92) + ':')}") == ADDRESS


def test_a_lease_without_the_option_gives_nothing() -> None:
    assert of_networkd("OPTION_22=00\nOPTION_224=zz\n") is None
    assert of_dhclient("") is None
    assert of_dhclient(DHCLIENT.replace("undertone-server", "other")) is None
    assert of_network_manager("DHCP4.OPTION[1]:domain_name = x") is None


def test_an_option_of_an_older_lease_is_not_taken() -> None:
    assert of_dhclient(DHCLIENT + 'lease {\n  interface "eth0";\n}\n') is None


def test_every_search_domain_is_asked_once() -> None:
    assert service_names(["a.test.", "b.test", "a.test.", "."]) == [
        "_undertone._tcp.a.test.",
        "_undertone._tcp.b.test.",
    ]


def test_records_are_tried_by_priority_and_weight() -> None:
    records = [Srv(20, 0, 1, "late."), Srv(10, 0, 2, "never."), Srv(10, 5, 3, "first.")]
    assert [record.target for record in in_order(records, lambda: 0.9)] == ["first.", "never.", "late."]
    assert list(srv_addresses([Srv(0, 0, 0, "."), Srv(1, 1, 8711, "calls.example.com.")], lambda: 0.5)) == [ADDRESS]


RECORD = st.builds(Srv, st.integers(0, 3), st.integers(0, 9), st.integers(0, 65535), st.sampled_from("abc."))


@given(st.lists(RECORD, max_size=12), st.randoms(use_true_random=False))
def test_nothing_is_lost_or_doubled_in_the_order(records: list[Srv], chance: Random) -> None:
    ordered = in_order(records, chance.random)
    assert [each.priority for each in ordered] == sorted(each.priority for each in ordered)
    usable = [each for each in records if each.target != "."]
    assert len(ordered) == min(len(usable), MAX_CANDIDATES)
    assert all(ordered.count(each) <= usable.count(each) for each in ordered)


@given(st.text(), st.sampled_from([of_networkd, of_dhclient, of_network_manager, server_address]))
def test_whatever_a_network_says_is_read_or_passed_over(text: str, read: Callable[[str], str | None]) -> None:
    for said in (text, f"OPTION_224={text}", f"lease {{\noption unknown-224 {text};", f"private_224 = {text}"):
        address = read(said)
        assert address is None or server_address(address) == address
