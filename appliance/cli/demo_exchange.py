"""A small telephone exchange for the demo and for tests: two real phones call it, and it has the box listen to them.

It only signals: each phone is told the box's ports, and sends its voice there by itself (RFC 3725 calls that
third-party call control). To the box it is a recording client as RFC 7866 describes one. baresip, the phone, cannot be
that itself: it knows neither bodies of several parts nor recording metadata.
"""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from appliance.errors import BadInputError
from appliance.telephony.sdp import Description, Media, parse_sdp, serialise_sdp
from appliance.telephony.sip_headers import Uri, essentials, parse_uri
from appliance.telephony.sip_message import Message, Request, Response, parse_message, respond, serialise
from appliance.telephony.sip_status import Headers, RefusedError

_T = TypeVar("_T")

HERE: Final = "127.0.0.1"
BOUNDARY: Final = "undertone-demo"
PEOPLE: Final = {"agent": "2041", "caller": "+15550100"}
"""The user part of each phone's address."""

AGAIN_S: Final = 0.5
PATIENCE_S: Final = 30.0
"""For the phones and the box to be there: the box loads its speech models first."""

_METADATA: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1">
<datamode>complete</datamode>
<session session_id="{session}"><sipSessionID>{session}</sipSessionID></session>
{people}
</recording>
"""
_PERSON: Final = """\
<participant participant_id="p-{side}">
<nameID aor="sip:{user}@exchange.example"><name>{side}</name></nameID>
</participant>
<stream stream_id="s-{side}" session_id="{session}"><label>{side}</label></stream>
<participantstreamassoc participant_id="p-{side}"><send>s-{side}</send></participantstreamassoc>"""


class Exchange(asyncio.DatagramProtocol):
    """Listens for its phones; `connect` makes the call and `end` ends it."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport
        self._phones: dict[str, tuple[Request, tuple[str, int]]] = {}
        self._responses: asyncio.Queue[Response] = asyncio.Queue()
        self._all_here = asyncio.Event()
        self._box = (HERE, 0)
        self._call_id = secrets.token_hex(8)
        self._to = ""

    async def open(self) -> int:
        """Listen, and give the port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HERE, 0))
        return self._port

    async def connect(self, box_port: int) -> None:
        """Wait for both phones, and have the box listen to them. Raises `BadInputError` where that fails."""
        self._box = (HERE, box_port)
        await _patiently(self._all_here.wait(), "the phones did not call")
        offers = {side: _audio(parse_sdp(invite.body)) for side, (invite, _) in sorted(self._phones.items())}
        body = _recording_body(self._call_id, offers)
        answer = await self._ask("INVITE", 1, (("Content-Type", f"multipart/mixed;boundary={BOUNDARY}"),), body)
        self._to = next(text for name, text in answer.headers if name == "To")
        self._send(self._request("ACK", 1), self._box)
        sections = parse_sdp(answer.body).media
        for (side, (invite, address)), media in zip(sorted(self._phones.items()), sections, strict=True):
            told = media._replace(formats=("0",), attributes=(("rtpmap", "0 PCMU/8000"), ("recvonly", "")))
            description = Description(f"- 1 1 IN IP4 {HERE}", (), (told,))
            headers = (("Contact", f"<sip:{side}@{HERE}:{self._port}>"), ("Content-Type", "application/sdp"))
            ok = respond(invite, 200, headers, serialise_sdp(description, media.host), to_tag=self._call_id)
            self._send(ok, address)

    async def end(self) -> None:
        """Hang up."""
        await self._ask("BYE", 2)
        self.close()

    def close(self) -> None:
        """Be gone, without a word to anybody."""
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a message of a phone or of the box."""
        try:
            message = parse_message(data)
            known = essentials(message)
        except RefusedError:
            return
        if isinstance(message, Response):
            self._responses.put_nowait(message)
        elif known.cseq.method == "INVITE":
            side = next((side for side, user in PEOPLE.items() if _uri(message).user == user), "")
            if side:
                self._phones.setdefault(side, (message, addr))
                self._send(respond(message, 100), addr)
            if len(self._phones) == len(PEOPLE):
                self._all_here.set()
        elif known.cseq.method != "ACK":
            self._send(respond(message, 200, to_tag=self._call_id), addr)

    @property
    def _port(self) -> int:
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    async def _ask(self, method: str, number: int, headers: Headers = (), body: bytes = b"") -> Response:
        request = self._request(method, number, headers, body)
        return await _patiently(self._answer(request), f"the box did not answer {method}")

    async def _answer(self, request: Request) -> Response:
        while True:
            self._send(request, self._box)
            try:
                response = await asyncio.wait_for(self._responses.get(), AGAIN_S)
            except TimeoutError:
                continue
            if response.status >= 300:
                raise BadInputError(f"the box refused the call: {response.status} {response.reason}")
            if response.status >= 200 and essentials(response).cseq.method == request.method:
                return response

    def _request(self, method: str, number: int, headers: Headers = (), body: bytes = b"") -> Request:
        here = f"{HERE}:{self._port}"
        fields = (
            ("Via", f"SIP/2.0/UDP {here};branch=z9hG4bK{self._call_id}{number}{method};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:exchange@{here}>;tag=exchange"),
            ("To", self._to or f"<sip:box@{self._box[0]}:{self._box[1]}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<sip:exchange@{here}>;+sip.src"),
            ("Require", "siprec"),
        )
        return Request(method, f"sip:box@{self._box[0]}:{self._box[1]}", (*fields, *headers), body)

    def _send(self, message: Message, address: tuple[str, int]) -> None:
        self._transport.sendto(serialise(message), address)


async def _patiently(waiting: Coroutine[Any, Any, _T], what: str) -> _T:
    try:
        return await asyncio.wait_for(waiting, PATIENCE_S)
    except TimeoutError as error:
        raise BadInputError(what, mend="see what they say above") from error


def _uri(request: Request) -> Uri:
    return parse_uri(request.uri)


def _audio(description: Description) -> Media:
    return next(media for media in description.media if media.kind == "audio")


def _recording_body(session: str, offers: dict[str, Media]) -> bytes:
    """Give description and metadata: one stream for each side, labelled with its name."""
    sections = tuple(
        media._replace(formats=("0",), attributes=(("rtpmap", "0 PCMU/8000"), ("label", side), ("sendonly", "")))
        for side, media in offers.items()
    )
    sdp = serialise_sdp(Description(f"- 1 1 IN IP4 {HERE}", (), sections), HERE)
    people = "\n".join(_PERSON.format(side=side, user=PEOPLE[side], session=session) for side in offers)
    metadata = _METADATA.format(session=session, people=people).encode()
    parts = (("application/sdp", sdp), ("application/rs-metadata+xml", metadata))
    written = [f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode() + body + b"\r\n" for kind, body in parts]
    return b"".join(written) + f"--{BOUNDARY}--\r\n".encode()
