"""A dialog as its callee sees it: who it is with, and what the next request of either side must look like.

RFC 3261 §12.
"""

from dataclasses import dataclass

from appliance.telephony.sip_actions import Peer
from appliance.telephony.sip_headers import Essentials, parse_address, split_list
from appliance.telephony.sip_message import Request, value, values
from appliance.telephony.sip_status import Headers, RefusedError

DialogKey = tuple[str, str, str]
"""Call-ID, the tag of the client, and ours."""

TransactionKey = tuple[str, str, str]


@dataclass
class Dialog:
    """What RFC 3261 §12.1.1 makes a callee remember. `peer` is where the client's latest request came from."""

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    target: str
    routes: tuple[str, ...]
    remote_cseq: int
    peer: Peer
    local_cseq: int = 0

    @property
    def key(self) -> DialogKey:
        """What names it."""
        return (self.call_id, self.remote_tag, self.local_tag)

    def receive(self, request: Request, cseq: int, peer: Peer) -> None:
        """Take a request of the client. Raises `RefusedError` (500) when it is out of order (§12.2.2)."""
        if cseq <= self.remote_cseq:
            raise RefusedError(500, "an old CSeq")
        self.remote_cseq = cseq
        self.peer = peer
        if request.method in {"INVITE", "UPDATE"} and (contact := value(request, "Contact")):
            self.target = _target(contact)

    def request(self, method: str, branch: str, headers: Headers = (), body: bytes = b"") -> Request:
        """Give our next request in this dialog (§12.2.1.1)."""
        if method != "ACK":
            self.local_cseq += 1
        uri, routes = self.target, self.routes
        if routes and ";lr" not in routes[0].lower():  # a strict router wants to find itself in the first line
            uri, routes = parse_address(routes[0]).uri, (*routes[1:], f"<{self.target}>")
        fields = (
            ("Via", via(self.peer, branch)),
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.local_cseq} {method}"),
            *(("Route", route) for route in routes),
        )
        return Request(method, uri, (*fields, *headers), body)


def open_dialog(request: Request, known: Essentials, local_tag: str, peer: Peer) -> Dialog:
    """Give the dialog that an INVITE without a tag opens. Raises `RefusedError` (400) without a usable Contact."""
    contact = value(request, "Contact")
    if not contact or not known.from_.tag:
        raise RefusedError(400, "an INVITE needs a Contact and a tag in From")
    return Dialog(
        call_id=known.call_id,
        local=f"{value(request, 'To')};tag={local_tag}",
        remote=value(request, "From") or "",
        local_tag=local_tag,
        remote_tag=known.from_.tag,
        target=_target(contact),
        # §12.1.1: for the callee the route set is Record-Route in its own order.
        routes=tuple(route for text in values(request, "Record-Route") for route in split_list(text)),
        remote_cseq=known.cseq.number,
        peer=peer,
    )


def transaction_key(known: Essentials) -> TransactionKey:
    """Give what names a transaction (§17.2.3); an ACK and a CANCEL have that of their INVITE."""
    method = "INVITE" if known.cseq.method in {"ACK", "CANCEL"} else known.cseq.method
    if known.via.branch.startswith("z9hG4bK"):
        return (known.via.branch, f"{known.via.host}:{known.via.port}", method)
    # An element before RFC 3261: the branch tells nothing.
    return (f"{known.call_id} {known.from_.tag} {known.to.tag}", str(known.cseq.number), method)


def via(peer: Peer, branch: str) -> str:
    """Give the Via of a request of ours."""
    return f"SIP/2.0/{peer.transport.upper()} {host_port(peer)};branch=z9hG4bK{branch};rport"


def host_port(peer: Peer) -> str:
    """Give our own address as this peer sees it."""
    host = f"[{peer.local_host}]" if ":" in peer.local_host else peer.local_host
    return f"{host}:{peer.local_port}"


def contact(peer: Peer) -> str:
    """Give our Contact, with the feature tag of a recording server (RFC 7866 §6.1.2)."""
    transport = "" if peer.transport == "udp" else f";transport={peer.transport}"
    return f"<sip:undertone@{host_port(peer)}{transport}>;+sip.srs"


def _target(contact_text: str) -> str:
    first = split_list(contact_text)[:1]
    return parse_address(first[0] if first else "").uri
