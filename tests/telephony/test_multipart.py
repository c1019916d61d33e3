import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.multipart import parse_body
from appliance.telephony.sip_status import RefusedError
from tests.telephony.siprec_messages import BOUNDARY, capture, multipart, offer, siprec_body

KIND = f'multipart/mixed; boundary="{BOUNDARY}"'


def test_description_and_metadata_are_told_apart() -> None:
    parts = parse_body(KIND, siprec_body())
    assert [(part.kind, part.body) for part in parts] == [
        ("application/sdp", offer()),
        ("application/rs-metadata+xml", capture("rfc.xml")),
    ]


def test_a_body_of_one_kind_is_its_own_part() -> None:
    (part,) = parse_body("Application/SDP", b"v=0")
    assert (part.kind, part.body) == ("application/sdp", b"v=0")


def test_preamble_header_fields_bare_line_feeds_and_epilogue_are_read() -> None:
    body = (
        b"not for you\n--cut-here \t\nContent-Disposition: recording-session\nContent-Type: application/rs-metadata+xml"
        b"\n\n<a>\r\n\r\n</a>\n--cut-here\n\nplain\n--cut-here--\nnor this\n--cut-here\n"
    )
    first, second = parse_body(KIND, body)
    assert first.headers["content-disposition"] == "recording-session"
    assert first.body == b"<a>\r\n\r\n</a>"
    assert (second.kind, second.body) == ("text/plain", b"plain")


def test_a_boundary_inside_a_line_is_no_boundary() -> None:
    (part,) = parse_body(KIND, multipart(("application/sdp", b"a --cut-here\r\n--cut-here-too b")))
    assert part.body == b"a --cut-here\r\n--cut-here-too b"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("multipart/mixed", siprec_body(), id="no boundary"),
        pytest.param('multipart/mixed;boundary=""', siprec_body(), id="empty boundary"),
        pytest.param(f"multipart/mixed;boundary={'x' * 71}", siprec_body(), id="too long a boundary"),
        pytest.param(KIND, siprec_body()[:-10], id="no end"),
        pytest.param(KIND, b"", id="nothing"),
        pytest.param(KIND, b"--cut-here--", id="no part"),
        pytest.param(KIND, multipart(*[("a/b", b"")] * 17), id="too many parts"),
        pytest.param("no type", b"", id="no type"),
        pytest.param(KIND, multipart(("not a type", b"")), id="a part without a type"),
    ],
)
def test_a_body_that_cannot_be_parted_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(RefusedError):
        parse_body(kind, body)


@given(st.lists(st.binary(max_size=60).filter(lambda body: b"--cut-here" not in body), min_size=1, max_size=16))
def test_every_body_comes_out_as_it_went_in(bodies: list[bytes]) -> None:
    parts = parse_body(KIND, multipart(*(("a/b", body) for body in bodies)))
    assert [part.body for part in parts] == bodies
