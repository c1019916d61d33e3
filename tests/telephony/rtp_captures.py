"""Packets that real telephones sent: tests/captures/rtp, recorded from baresip (see the README there)."""

from collections.abc import Iterator
from pathlib import Path

from appliance.telephony.ethernet import Datagram, Dissector
from appliance.telephony.pcap import read_capture
from appliance.telephony.rtp import Packet, looks_like_rtp, parse_rtp

FOLDER = Path(__file__).parents[1] / "captures" / "rtp"
SIP_PORT = 5060


def packet(name: str) -> bytes:
    """Give one packet by its name."""
    return (FOLDER / f"{name}.bin").read_bytes()


def datagrams(name: str) -> Iterator[tuple[float, Datagram]]:
    """Give the datagrams of a captured call, with when they were captured."""
    dissector = Dissector()
    with (FOLDER / f"{name}.pcap").open("rb") as file:
        for captured in read_capture(file.read, name):
            if datagram := dissector.datagram(captured.link, captured.data, captured.captured_s):
                yield captured.captured_s, datagram


def stream(name: str, last_octet: int) -> list[tuple[float, Packet]]:
    """Give the RTP packets from 10.77.0.`last_octet`, in seconds since the first packet of the call."""
    came = [
        (at_s, datagram.source.host[3], parse_rtp(datagram.payload))
        for at_s, datagram in datagrams(name)
        if datagram.source.port != SIP_PORT and looks_like_rtp(datagram.payload)
    ]
    return [(at_s - came[0][0] + 0.02, each) for at_s, host, each in came if host == last_octet]
