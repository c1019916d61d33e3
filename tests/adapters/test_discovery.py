"""A box looks for its server where a real name server, and files as DHCP programs leave them, tell of one."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.adapters.discovery import Found, Places, find_servers
from tests.faults.programs import wait_for

ADDRESS = "https://calls.example.com:8711"


@contextlib.contextmanager
def name_server(folder: Path, *options: str) -> Iterator[int]:
    """Run dnsmasq on a free port of the loopback, and give it."""
    program = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin")
    if program is None:
        pytest.skip("dnsmasq is missing (package dnsmasq-base)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--keep-in-foreground", "--conf-file=/dev/null", f"--port={port}", "--listen-address=127.0.0.1"]
    command += [
        "--bind-interfaces",
        "--no-resolv",
        "--no-hosts",
        "--local=/#/",
        f"--pid-file={folder / 'pid'}",
        "--user=",
    ]
    process = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
    try:
        wait_for((folder / "pid").exists, 10.0, every_s=0.02)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("networkd", "dhclient"):
        (tmp_path / name).mkdir()
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 127.0.0.1\nsearch desk.test office.test\n")
    return Places(tmp_path / "networkd", tmp_path / "dhclient", resolv_conf)


def test_a_service_record_of_a_search_domain_names_the_server(places: Places, tmp_path: Path) -> None:
    records = ["--srv-host=_undertone._tcp.office.test,second.office.test,8711,20,1"]
    records += ["--srv-host=_undertone._tcp.office.test,first.office.test,8712,10,1"]
    with name_server(tmp_path, *records) as port:
        found = find_servers(places._replace(dns_port=port))
    assert [each.address for each in found] == ["https://first.office.test:8712", "https://second.office.test:8711"]
    assert found[0].how == "DNS, _undertone._tcp.office.test."


def test_a_lease_goes_before_names_and_each_server_is_named_once(places: Places, tmp_path: Path) -> None:
    (places.networkd / "2").write_text(f"OPTION_224={ADDRESS.encode().hex()}\n")
    (places.networkd / "3").write_bytes(b"\xff\x00OPTION_224=\n")
    (places.dhclient / "dhclient.eth0.leases").write_text(f'lease {{\n  option undertone-server "{ADDRESS}";\n}}\n')
    with name_server(tmp_path, "--srv-host=_undertone._tcp.desk.test,other.test,1") as port:
        found = find_servers(places._replace(dns_port=port))
    assert found == [
        Found(ADDRESS, f"DHCP, {places.networkd / '2'}"),
        Found("https://other.test:1", "DNS, _undertone._tcp.desk.test."),
    ]


def test_a_network_that_names_nothing_gives_nothing(places: Places, tmp_path: Path) -> None:
    with name_server(tmp_path, "--srv-host=_undertone._tcp.desk.test") as port:  # a target "." is "no such service"
        assert find_servers(places._replace(dns_port=port)) == []
    assert find_servers(Places(tmp_path / "none", tmp_path / "none", tmp_path / "no-resolv.conf")) == []
