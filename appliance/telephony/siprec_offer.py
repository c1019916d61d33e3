"""What a request of a recording client asks for: its session description and its metadata (RFC 7866 §9)."""

from typing import Final, NamedTuple

from appliance.telephony.multipart import Part, media_type, parse_body
from appliance.telephony.sdp import Description, parse_sdp
from appliance.telephony.sip_headers import options
from appliance.telephony.sip_message import Request, value
from appliance.telephony.sip_status import RefusedError
from appliance.telephony.siprec_metadata import Metadata, parse_metadata

EXTENSIONS: Final = ("siprec", "timer")
METHODS: Final = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE")
ACCEPT: Final = "application/sdp, application/rs-metadata+xml, application/rs-metadata, multipart/mixed"

_METADATA: Final = frozenset({"application/rs-metadata+xml", "application/rs-metadata"})
"""The RFC's name, and that of the drafts, which some clients still use."""


class Asked(NamedTuple):
    """What a body held. `metadata` None: it brought none; `notices` say what of it could not be used."""

    description: Description | None
    metadata: Metadata | None
    notices: tuple[str, ...]


def check_request(request: Request) -> None:
    """Raise `RefusedError` for what RFC 3261 §8.2 makes a server look at first: version, method, URI, extensions."""
    if value(request, "SIP-Version"):
        raise RefusedError(505, "another version of SIP")
    if request.method not in METHODS:
        raise RefusedError(405, f"the method {request.method[:32]}", (("Allow", ", ".join(METHODS)),))
    if not request.uri.lower().startswith(("sip:", "sips:", "tel:")):
        raise RefusedError(416, "the scheme of the URI is neither sip nor sips")
    unknown = sorted(options(request, "Require") - set(EXTENSIONS))
    if unknown and request.method not in {"ACK", "CANCEL"}:
        raise RefusedError(420, f"the extension {unknown[0][:32]}", (("Unsupported", ", ".join(unknown)),))


def read_body(request: Request, before: Metadata) -> Asked:
    """Read the body of a request; `before` is what its metadata change.

    Raises `RefusedError`: 415 for a body that nobody here reads, 400 or 413 for one that cannot be read. Metadata that
    cannot be read are no reason to lose a call: they become a notice.
    """
    if not request.body:
        return Asked(None, None, ())
    if (value(request, "Content-Encoding") or "identity").strip().lower() != "identity":
        raise RefusedError(415, "an encoded body", (("Accept-Encoding", "identity"),))
    content_type = value(request, "Content-Type") or ""
    parts = parse_body(content_type, request.body)
    descriptions = [part for part in parts if part.kind == "application/sdp"]
    told = [part for part in parts if part.kind in _METADATA]
    unknown = [part for part in parts if part not in descriptions and part not in told and not _is_optional(part)]
    if unknown or len(descriptions) > 1 or not (descriptions or told):
        what = unknown[0].kind if unknown else media_type(content_type)[0]
        raise RefusedError(415, f"a body of the type {what[:64]}", (("Accept", ACCEPT),))
    description = parse_sdp(descriptions[0].body) if descriptions else None
    metadata, notices = _metadata(told, before)
    return Asked(description, metadata, notices)


def _metadata(told: list[Part], before: Metadata) -> tuple[Metadata | None, tuple[str, ...]]:
    metadata = before
    try:
        for part in told:
            metadata = parse_metadata(part.body, metadata)
    except RefusedError as error:
        return None, (f"metadata that cannot be used: {error.what}",)
    return (metadata if told else None), ()


def _is_optional(part: Part) -> bool:
    """Say whether a part may be left unread (RFC 3261 §20.11)."""
    return "handling=optional" in part.headers.get("content-disposition", "").replace(" ", "").lower()
