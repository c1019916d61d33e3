"""SIPREC messages for tests, put together from the documents in `tests/captures/sip`."""

from pathlib import Path

CAPTURES = Path(__file__).parent.parent / "captures" / "sip"
BOUNDARY = "cut-here"
DIALECTS = ("rfc.xml", "draft_with_extension_data.xml", "prefixed_with_vendor_attributes.xml", "bare.xml")


def capture(name: str) -> bytes:
    return (CAPTURES / name).read_bytes()


def offer(direction: str = "sendonly") -> bytes:
    return capture("offer.sdp").replace(b"\n", b"\r\n").replace(b"sendonly", direction.encode())


def multipart(*parts: tuple[str, bytes]) -> bytes:
    written = [
        b"--%s\r\nContent-Type: %s\r\n\r\n%s\r\n" % (BOUNDARY.encode(), kind.encode(), body) for kind, body in parts
    ]
    return b"".join(written) + b"--%s--\r\n" % BOUNDARY.encode()


def siprec_body(metadata: bytes = b"", sdp: bytes = b"") -> bytes:
    told = metadata or capture("rfc.xml")
    return multipart(("application/sdp", sdp or offer()), ("application/rs-metadata+xml", told))


def request(
    method: str = "INVITE",
    body: bytes | None = None,
    *,
    cseq: int = 1,
    branch: str = "",
    call_id: str = "call-1",
    to_tag: str = "",
    kind: str = f"multipart/mixed;boundary={BOUNDARY}",
    more: tuple[str, ...] = ("Require: siprec", "Supported: timer"),
    cseq_method: str = "",
) -> bytes:
    if body is None:
        body = siprec_body() if method == "INVITE" else b""
    branch = branch or f"z9hG4bK-{call_id}-{cseq}-{cseq_method or method}"
    lines = [
        f"{method} sip:box@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.10:5060;branch={branch};rport",
        "Max-Forwards: 70",
        'From: "Recorder, client" <sip:src@192.0.2.10>;tag=src-1',
        f"To: <sip:box@192.0.2.1>{f';tag={to_tag}' if to_tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {cseq_method or method}",
        "Contact: <sip:src@192.0.2.10:5060>;+sip.src",
        *more,
        *([f"Content-Type: {kind}"] if body else []),
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
