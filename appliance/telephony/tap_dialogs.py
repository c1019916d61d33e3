"""SIP dialogs that are overheard: which calls there are, and where their voices go (RFC 3261, RFC 3264).

Nothing is answered here. Only what both parties have agreed on is believed: an offer and its answer. Each INVITE is
followed by its Call-ID from the offer to the BYE; a message that was not captured leaves the state as it was.
"""

import ipaddress
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from appliance.errors import BadInputError
from appliance.telephony.ethernet import Address
from appliance.telephony.rtp_payloads import PayloadFormat, payload_format
from appliance.telephony.sdp import parse_sdp
from appliance.telephony.sdp_answer import StreamOffer, acceptable_streams
from appliance.telephony.sip_headers import Essentials, essentials
from appliance.telephony.sip_message import Message, Request, Response, parse_message
from appliance.telephony.sip_status import RefusedError
from appliance.telephony.srtp import SrtpKey, parse_key

MOST_DIALOGS: Final = 500
"""Of a whole mirror port; of more the oldest are forgotten."""

Party = Literal["from", "to"]
"""Who sent the first INVITE, and who was invited."""

OTHER: Final[dict[Party, Party]] = {"from": "to", "to": "from"}


class Media(NamedTuple):
    """Where one party hears, what it understands there, the key of what it sends, and whether it sends at all."""

    address: Address
    payloads: Mapping[int, PayloadFormat]
    key: SrtpKey | None
    is_silent: bool


class Dialog(NamedTuple):
    """One call as far as it has been overheard. `was_answered`: by what SIP says."""

    call_id: str
    from_tag: str
    uris: Mapping[Party, str]
    media: Mapping[Party, Media]
    was_answered: bool = False

    @property
    def is_up(self) -> bool:
        """Say whether both parties talk, and where."""
        return self.was_answered and len(self.media) == len(OTHER)


class Change(NamedTuple):
    """What a message has changed: the dialog as it is now, or that it is over."""

    dialog: Dialog
    is_over: bool = False


class Dialogs:
    """All dialogs that are going on."""

    def __init__(self) -> None:
        self._dialogs: dict[str, Dialog] = {}

    def receive(self, data: bytes) -> Change | None:
        """Take a message; give what it changed of a call of which some media are known.

        Raises `BadInputError` for what is no SIP.
        """
        try:
            message = parse_message(data)
            known = essentials(message)
        except RefusedError as error:
            raise BadInputError(f"no SIP message: {error}") from error
        before = self._dialogs.get(known.call_id) or _opened(message, known)
        if before is None:
            return None
        if _ends(message, known, before):
            self._dialogs.pop(known.call_id, None)
            return Change(before, is_over=True)
        after = _answered(_described(before, message, known), message, known)
        self._dialogs.pop(known.call_id, None)
        self._dialogs[known.call_id] = after
        if len(self._dialogs) > MOST_DIALOGS:
            del self._dialogs[next(iter(self._dialogs))]
        return Change(after) if after != before and after.media else None

    def forget(self, call_id: str) -> None:
        """Take that this call is over by other signs."""
        self._dialogs.pop(call_id, None)


def looks_like_sip(data: bytes) -> bool:
    """Say whether a datagram can be SIP, whatever its port."""
    line, end, _ = data[:1_024].partition(b"\r\n")
    return bool(end) and (line.startswith(b"SIP/2.0 ") or line.endswith(b" SIP/2.0"))


def _opened(message: Message, known: Essentials) -> Dialog | None:
    if not isinstance(message, Request) or message.method != "INVITE" or known.to.tag:
        return None
    uris: dict[Party, str] = {"from": known.from_.uri, "to": known.to.uri}
    return Dialog(known.call_id, known.from_.tag, uris, {})


def _ends(message: Message, known: Essentials, dialog: Dialog) -> bool:
    if isinstance(message, Request):
        return message.method == "BYE" or (message.method == "CANCEL" and not dialog.was_answered)
    if known.cseq.method != "INVITE" or message.status < 300 or message.status in _SENT_AGAIN:
        return False
    # A refused re-INVITE leaves the call as it was, unless the other end knows no call (RFC 3261, section 14.1).
    return not dialog.was_answered or message.status in _NO_CALL


_SENT_AGAIN: Final = (401, 407, 422)
_NO_CALL: Final = (408, 481)


def _described(dialog: Dialog, message: Message, known: Essentials) -> Dialog:
    """Take a session description: of whom it is tells the direction of the message."""
    is_answer = isinstance(message, Response)
    if not message.body or (isinstance(message, Response) and not 180 <= message.status < 300):
        return dialog
    requester: Party = "from" if known.from_.tag == dialog.from_tag else "to"
    party = OTHER[requester] if is_answer else requester
    media = _media(message.body)
    return dialog._replace(media={**dialog.media, party: media}) if media else dialog


def _answered(dialog: Dialog, message: Message, known: Essentials) -> Dialog:
    is_yes = isinstance(message, Response) and 200 <= message.status < 300 and known.cseq.method == "INVITE"
    return dialog._replace(was_answered=dialog.was_answered or is_yes)


def _media(body: bytes) -> Media | None:
    try:
        stream = acceptable_streams(parse_sdp(body), most=1)[0]
        host = ipaddress.ip_address(stream.host).packed
        return Media(Address(host, stream.port), payloads(stream), _key(stream), stream.is_held)
    except (RefusedError, BadInputError, ValueError):
        return None  # a voice that cannot be followed; the call may still be seen by its other messages


def payloads(stream: StreamOffer) -> dict[int, PayloadFormat]:
    """Give what the payload types of a stream stand for."""
    known = {codec.payload_type: payload_format(codec.name, codec.clock_hz) for codec in stream.codecs}
    return {number: form for number, form in known.items() if form}


def _key(stream: StreamOffer) -> SrtpKey | None:
    return parse_key(stream.crypto.suite, stream.crypto.key) if stream.crypto else None
