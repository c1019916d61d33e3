"""Cut a stream of bytes (TCP, TLS) into SIP messages by their Content-Length (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

import re
from typing import Final

from appliance.telephony.sip_message import MAX_HEAD_BYTES, MAX_MESSAGE_BYTES, NotSipError

PONG: Final = b"\r\n"
"""The answer to a peer's keep-alive, two empty lines."""

_LENGTH: Final = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)


class StreamFramer:
    """Collects bytes until messages are whole; holds at most one message more than it was given at once."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._searched_bytes = 0

    @property
    def is_idle(self) -> bool:
        """Say whether no message has been begun."""
        return not self._waiting

    def receive(self, data: bytes) -> list[bytes]:
        """Give each message that is now whole, and `PONG` for each keep-alive.

        Raises `NotSipError` when the stream cannot be cut any further: it must be closed.
        """
        self._waiting += data
        cut: list[bytes] = []
        while self._waiting:
            if self._waiting.startswith(b"\r\n"):
                if self._waiting.startswith(b"\r\n\r\n"):
                    cut.append(PONG)
                    del self._waiting[:4]
                elif len(self._waiting) > 2:
                    del self._waiting[:2]
                else:
                    break
            elif (message := self._next()) is not None:
                cut.append(message)
            else:
                break
        return cut

    def _next(self) -> bytes | None:
        end = self._waiting.find(b"\r\n\r\n", max(0, self._searched_bytes - 3))
        self._searched_bytes = len(self._waiting)
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._waiting) > MAX_HEAD_BYTES):
            raise NotSipError(f"a header of more than {MAX_HEAD_BYTES} bytes")
        if end < 0:
            return None
        # RFC 3261 §20.14: over a stream the length must be given.
        lengths = {int(text) for text in _LENGTH.findall(self._waiting, 0, end + 2)}
        if len(lengths) != 1:
            raise NotSipError("a message on a stream without its one length")
        whole = end + 4 + lengths.pop()
        if whole > MAX_MESSAGE_BYTES:
            raise NotSipError(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
        self._searched_bytes = min(self._searched_bytes, end)
        if len(self._waiting) < whole:
            return None
        message = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        self._searched_bytes = 0
        return message
