"""Looks for the central server on the network, for a box that was told no address.

The order: DHCP's option as systemd-networkd, NetworkManager or dhclient keep it, then DNS. What is found is a candidate
and no more: see `fleet.discovery`.
"""

import logging
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import dns.exception
import dns.rdatatype
import dns.resolver

from appliance.fleet.discovery import (
    MAX_CANDIDATES,
    Srv,
    of_dhclient,
    of_network_manager,
    of_networkd,
    service_names,
    srv_addresses,
)

DNS_S: Final = 4.0
"""For one name, all servers and repeats together; the box comes again anyway."""

NMCLI_S: Final = 5.0

MAX_LEASE_BYTES: Final = 1024**2

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """A server that the network names, and who named it."""

    address: str
    how: str


class Places(NamedTuple):
    """Where this machine keeps what its network told it."""

    networkd: Path = Path("/run/systemd/netif/leases")
    dhclient: Path = Path("/var/lib/dhcp")
    resolv_conf: Path = Path("/etc/resolv.conf")
    dns_port: int = 53


def find_servers(places: Places = Places()) -> list[Found]:  # noqa: B008 - a value that never changes
    """Give the servers that the network names, in the order in which to try them; none when it names none."""
    found: dict[str, Found] = {}
    for candidate in (*_by_dhcp(places), *_by_dns(places)):
        found.setdefault(candidate.address, candidate)
    chosen = list(found.values())[:MAX_CANDIDATES]
    log.info("event=discovery found=%r", [f"{each.address} ({each.how})" for each in chosen])
    return chosen


def _by_dhcp(places: Places) -> Iterator[Found]:
    files: tuple[tuple[Path, str, Callable[[str], str | None]], ...] = (
        (places.networkd, "*", of_networkd),
        (places.dhclient, "dhclient*.lease*", of_dhclient),
    )
    for folder, pattern, read in files:
        for file in sorted(folder.glob(pattern)):
            if address := read(_content(file)):
                yield Found(address, f"DHCP, {file}")
    if address := of_network_manager(_network_manager()):
        yield Found(address, "DHCP, NetworkManager")


def _content(file: Path) -> str:
    try:
        with file.open("rb") as lease:
            return lease.read(MAX_LEASE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""  # not ours to read, or gone meanwhile


def _network_manager() -> str:
    command = ["nmcli", "--terse", "--fields", "DHCP4", "device", "show"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=NMCLI_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""  # it is not installed, or does not run
    return done.stdout


def _by_dns(places: Places) -> Iterator[Found]:
    try:
        resolver = dns.resolver.Resolver(str(places.resolv_conf))
    except (dns.exception.DNSException, OSError, ValueError) as error:
        log.info("event=no_name_service error=%r", str(error))
        return
    resolver.port, resolver.lifetime = places.dns_port, DNS_S
    domains = [*resolver.search, resolver.domain]
    for name in service_names(str(domain) for domain in domains):
        for address in srv_addresses(_records(resolver, name), random.random):
            yield Found(address, f"DNS, {name}")


def _records(resolver: dns.resolver.Resolver, name: str) -> list[Srv]:
    try:
        answer = resolver.resolve(name, dns.rdatatype.SRV, search=False)
    except (dns.exception.DNSException, OSError) as error:
        log.info("event=no_service_record name=%s error=%r", name, str(error))
        return []
    return [Srv(each.priority, each.weight, each.port, str(each.target)) for each in answer]
