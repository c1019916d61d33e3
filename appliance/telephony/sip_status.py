"""What a SIP server answers: the status codes it uses, and the error that carries one (RFC 3261 §21)."""

from typing import Final

from appliance.errors import BadInputError

PHRASES: Final = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
}

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order of the message."""


class RefusedError(BadInputError):
    """A message that is answered with an error status; `headers` go into the answer.

    It is the only error that the parsers of this room raise for SIP, SDP, multipart bodies and metadata.
    """

    def __init__(self, status: int, what: str, headers: Headers = ()) -> None:
        super().__init__(what)
        self.status = status
        self.headers = headers
