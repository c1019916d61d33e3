"""Where a box that was told no address looks for its server: an option of DHCP, then a service record of DNS.

Nothing here is trusted. Whoever answers for DHCP or DNS on the desk's network can name any server; the claim that the
box carries holds the fingerprint of the one authority whose servers it will tell anything (`delivery.enrolment`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

DHCP_OPTION: Final = 224
"""For an address as text, `https://HOST:PORT`. The first of the options that are left to each site (RFC 3942)."""

DHCP_NAME: Final = "undertone-server"
"""What `dhclient.conf` may call it: `option undertone-server code 224 = text;`."""

SERVICE: Final = "_undertone._tcp"
"""The service of the SRV record (RFC 2782), below each search domain of the network."""

MAX_ADDRESS_CHARACTERS: Final = 255
"""What one option of DHCP holds."""

MAX_LEASE_CHARACTERS: Final = 1024**2
"""Far more than the leases of one card: what is longer is no lease."""

MAX_CANDIDATES: Final = 8
"""A network names one server, or two; a hostile one must not keep the box from ever coming to the honest one."""

LAST_PORT: Final = 65_535

_HOST: Final = r"[0-9A-Za-z](?:[0-9A-Za-z.-]{0,251}[0-9A-Za-z])?|\[[0-9A-Fa-f:.]{2,45}\]"
_ADDRESS: Final = re.compile(rf"(?:(?:https|wss)://)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?(?:/[!-~]*)?")


class Srv(NamedTuple):
    """One service record."""

    priority: int
    weight: int
    port: int
    target: str


def server_address(text: str) -> str | None:
    """Read an address, `https://HOST:PORT` or `HOST:PORT`, and give it as the former; None for what is none."""
    said = text.strip("\0 \t\r\n\"'")
    found = _ADDRESS.fullmatch(said) if len(said) <= MAX_ADDRESS_CHARACTERS else None
    port = int(found["port"] or 443) if found else 0
    return f"https://{found['host']}:{port}" if found and 0 < port <= LAST_PORT else None


def of_networkd(lease: str) -> str | None:
    """Read the option from a lease that systemd-networkd keeps in `/run/systemd/netif/leases`."""
    found = re.findall(rf"(?m)^OPTION_{DHCP_OPTION}=([0-9A-Fa-f]*)\s*$", lease[:MAX_LEASE_CHARACTERS])
    return server_address(_of_hex(found[-1])) if found else None


def of_dhclient(leases: str) -> str | None:
    """Read the option from the newest lease, the last, of a file that dhclient keeps in `/var/lib/dhcp`."""
    newest = leases[-MAX_LEASE_CHARACTERS:].rpartition("lease {")[2]
    found = re.findall(rf"(?m)^\s*option (?:{DHCP_NAME}|unknown-{DHCP_OPTION}) ([^;\n]*);", newest)
    return server_address(_of_text(found[-1])) if found else None


def of_network_manager(said: str) -> str | None:
    """Read the option from what `nmcli --fields DHCP4 device show` says."""
    found = re.findall(rf"(?m)\bprivate_{DHCP_OPTION} = (.*)$", said[:MAX_LEASE_CHARACTERS])
    return server_address(_of_text(found[-1].replace("\\", ""))) if found else None


def service_names(domains: Iterable[str]) -> list[str]:
    """Give the names to ask for, one for each search domain."""
    return [f"{SERVICE}.{domain.strip('.')}." for domain in dict.fromkeys(domains) if domain.strip(".")]


def in_order(records: Iterable[Srv], random: Callable[[], float]) -> list[Srv]:
    """Put records in the order in which they are to be tried (RFC 2782): by priority, by chance within one.

    `random` gives numbers from 0 to 1. A target "." says that there is no such service.
    """
    left = sorted(record for record in records if record.target.strip("."))
    ordered: list[Srv] = []
    while left and len(ordered) < MAX_CANDIDATES:
        same = [record for record in left if record.priority == left[0].priority]
        chosen = _drawn(same, random() * sum(record.weight for record in same))
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def srv_addresses(records: Iterable[Srv], random: Callable[[], float]) -> Iterator[str]:
    """Give the addresses that records stand for, in order; what cannot be one is passed over."""
    for record in in_order(records, random):
        if address := server_address(f"https://{record.target.rstrip('.')}:{record.port}"):
            yield address


def _drawn(records: list[Srv], drawn: float) -> Srv:
    running = 0.0
    for record in records:
        running += record.weight
        if running >= drawn:
            return record
    return records[-1]


def _of_text(value: str) -> str:
    """Give an option as it is shown: a text, or its bytes in hexadecimal digits."""
    value = value.strip()
    if re.fullmatch(r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2})+", value):
        return _of_hex("".join(part.zfill(2) for part in value.split(":")))
    if not value.startswith('"') and re.fullmatch(r"([0-9A-Fa-f]{2}){8,}", value):
        return _of_hex(value)
    return value


def _of_hex(digits: str) -> str:
    try:
        return bytes.fromhex(digits).decode("ascii", "replace")
    except ValueError:
        return ""
