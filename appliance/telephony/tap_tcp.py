"""SIP over TCP that is overheard: segments put in order enough to cut messages from them."""

from typing import Final

from appliance.telephony.ethernet import Address, Datagram
from appliance.telephony.sip_message import NotSipError
from appliance.telephony.sip_stream import StreamFramer
from appliance.telephony.tap_dialogs import looks_like_sip

MOST_STREAMS: Final = 256
_STEPS: Final = 1 << 32


class _Stream:
    def __init__(self, expected: int) -> None:
        self.framer = StreamFramer()
        self.expected = expected


class SipStreams:
    """The connections on which SIP has been seen; each is followed from the first message that begins a segment.

    A segment that came before is passed over. One that is missing ends what can be known of the message it was part
    of: the stream is taken up again where a segment begins with a message.
    """

    def __init__(self) -> None:
        self._streams: dict[tuple[Address, Address], _Stream] = {}

    def receive(self, segment: Datagram) -> list[bytes]:
        """Take a segment; give the messages that are whole by it."""
        if not segment.payload:
            return []
        key = (segment.source, segment.target)
        stream = self._streams.get(key)
        if stream and (segment.sequence - stream.expected) % _STEPS > _STEPS // 2:
            return []  # sent again
        if stream is None or segment.sequence != stream.expected:
            self._streams.pop(key, None)
            if not looks_like_sip(segment.payload):
                return []
            stream = self._streams[key] = _Stream(segment.sequence)
            if len(self._streams) > MOST_STREAMS:
                del self._streams[next(iter(self._streams))]
        stream.expected = (segment.sequence + len(segment.payload)) % _STEPS
        try:
            return stream.framer.receive(segment.payload)
        except NotSipError:
            del self._streams[key]
            return []
