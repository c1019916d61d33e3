"""The way back of a response: over the hop that its request came from (RFC 3261 §18.2, RFC 3581)."""

from appliance.telephony.sip_actions import Peer
from appliance.telephony.sip_headers import DEFAULT_PORT, Via
from appliance.telephony.sip_message import Request


def mark_arrival(request: Request, via: Via, peer: Peer) -> Request:
    """Give the request with its topmost Via telling where it really came from (RFC 3261 §18.2.1, RFC 3581 §4)."""
    mark = ""
    if "rport" in via.parameters or via.host != peer.host:
        mark = f";received={peer.host}"
    at = next(at for at, (name, _) in enumerate(request.headers) if name == "Via")
    first, comma, rest = request.headers[at][1].partition(",")
    if not via.parameters.get("rport") and "rport" in via.parameters:
        first = _fill_rport(first, peer.port)
    headers = (*request.headers[:at], ("Via", f"{first}{mark}{comma}{rest}"), *request.headers[at + 1 :])
    return request._replace(headers=headers)


def reply_to(via: Via, peer: Peer) -> Peer:
    """Give where a response goes: back over the stream, or to a datagram's source, at its port if it asks for that."""
    if peer.transport != "udp" or "rport" in via.parameters:
        return peer
    return peer._replace(port=via.port or DEFAULT_PORT)


def _fill_rport(text: str, port: int) -> str:
    pieces = text.split(";")
    return ";".join(f"rport={port}" if piece.strip().lower() in {"rport", "rport="} else piece for piece in pieces)
