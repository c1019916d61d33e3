"""Every refusal is a SIP status, and none of them leaves anything behind."""

import pytest

from appliance.telephony.sip_actions import Offered, Send
from appliance.telephony.sip_digest import DigestGuard, response_digest
from appliance.telephony.sip_headers import parse_parameters, split_list
from appliance.telephony.sip_message import value, values
from appliance.telephony.siprec_server import MAX_OVER, Admission
from tests.telephony.siprec_client import PEER, Client
from tests.telephony.siprec_messages import BOUNDARY, capture, multipart, offer, request, siprec_body

G729 = offer().replace(b"0 8 9 111 101", b"18").replace(b"RTP/AVP 8 18", b"RTP/AVP 18")


@pytest.mark.parametrize(
    ("data", "status", "header"),
    [
        pytest.param(request(more=("Require: siprec, 100rel",)), 420, "Unsupported: 100rel", id="extension"),
        pytest.param(request(body=offer(), kind="application/sdp", more=()), 421, "Require: siprec", id="no siprec"),
        pytest.param(request(kind="text/plain"), 415, "Accept: application/sdp, ", id="type"),
        pytest.param(
            request(more=("Require: siprec", "Content-Encoding: gzip")), 415, "Accept-Encoding: identity", id="encoding"
        ),
        pytest.param(
            request(body=multipart(("application/sdp", offer()), ("application/pidf+xml", b""))),
            415,
            "Accept: ",
            id="part",
        ),
        pytest.param(request(body=siprec_body(sdp=G729)), 488, "Warning: 305", id="codec"),
        pytest.param(
            request(body=capture("rfc.xml"), kind="application/rs-metadata+xml"), 488, "Warning", id="no offer"
        ),
        pytest.param(request(body=b""), 488, "Warning", id="no body"),
        pytest.param(request(body=siprec_body(sdp=b"v=0\r\nm=x")), 400, "", id="description"),
        pytest.param(request(kind=f"multipart/mixed;boundary={BOUNDARY}x"), 400, "", id="boundary"),
        pytest.param(request().replace(b"INVITE sip:", b"INVITE http:", 1), 416, "", id="scheme"),
        pytest.param(request().replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 1), 505, "", id="version"),
        pytest.param(request().replace(b"Contact:", b"X-Contact:"), 400, "", id="contact"),
        pytest.param(request().replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), 400, "", id="cseq"),
        pytest.param(request().replace(b"Content-Length: ", b"Content-Length: 9"), 400, "", id="length"),
        pytest.param(request(more=("Require: siprec", "Session-Expires: 60")), 422, "Min-SE: 90", id="interval"),
        pytest.param(request("REGISTER"), 405, "Allow: INVITE, ", id="method"),
        pytest.param(request("BYE"), 481, "", id="stray bye"),
        pytest.param(request("CANCEL", more=()), 481, "", id="stray cancel"),
        pytest.param(request(to_tag="unknown"), 481, "", id="unknown dialog"),
    ],
)
def test_a_request_that_cannot_be_obeyed_gets_its_status(data: bytes, status: int, header: str) -> None:
    client = Client()
    client.send(data)
    assert client.statuses() == [status]
    assert client.refused() == [status]
    name, _, text = header.partition(": ")
    assert not name or text in (value(client.answer(), name) or "")
    assert client.server.open_sessions == 0
    assert client.server.wake_s == float("inf")


@pytest.mark.parametrize("data", [b"hello", b"\r\n\r\n", request("ACK"), request().replace(b"Via:", b"X-Via:")])
def test_what_nobody_could_take_an_answer_to_gets_none(data: bytes) -> None:
    client = Client()
    client.send(data)
    assert client.all(Send) == []


def test_an_address_that_is_not_allowed_is_forbidden_even_to_end_a_session() -> None:
    client = Client()
    client.start()
    stranger = PEER._replace(host="203.0.113.9")
    for data in (request("OPTIONS"), request("BYE", cseq=2, to_tag=client.to_tag)):
        client.send(data, stranger)
        assert client.statuses() == [403]
    assert client.server.open_sessions == 1


def test_more_sessions_than_allowed_are_busy_until_one_ends() -> None:
    client = Client(Admission(max_sessions=2))
    client.start("a")
    tag = client.to_tag
    client.start("b")
    assert client.invite("c").status == 486
    assert value(client.answer(), "Retry-After")
    client.send(request("OPTIONS", call_id="o"))
    assert client.statuses() == [486]
    client.send(request("BYE", cseq=2, call_id="a", to_tag=tag))
    assert client.invite("c", cseq=2).status == 200


def test_a_session_that_brings_no_sound_makes_room_for_a_new_one_and_others_do_not() -> None:
    client = Client(Admission(max_sessions=2))
    client.invite("a")
    (first,) = (offered.session for offered in client.all(Offered))
    client.invite("b")
    assert client.invite("c").status == 486
    client.server.silent = frozenset({first})
    client.invite("c", cseq=2)
    assert client.closed() == ["gone"]
    assert [asked.method for asked in client.asked()] == ["BYE"]
    assert client.server.open_sessions == 2


def test_a_box_without_strength_says_so_and_keeps_what_it_has() -> None:
    client = Client()
    client.start("a")
    client.server.admission = client.server.admission._replace(busy="the processor is behind")
    assert client.invite("b").status == 503
    assert value(client.answer(), "Retry-After")
    assert client.server.open_sessions == 1


def test_the_same_invite_by_another_way_is_a_loop() -> None:
    client = Client()
    client.start()
    client.send(request(branch="z9hG4bK-other"))
    assert client.statuses() == [482]


def test_a_plain_call_is_taken_where_that_is_allowed() -> None:
    client = Client(Admission(max_sessions=1, plain=True))
    assert client.invite(body=offer(), kind="application/sdp", more=()).status == 200
    assert client.all(Offered)[0].metadata.participants == {}


def test_a_flood_of_sessions_leaves_bounded_memory() -> None:
    client = Client()
    for number in range(3 * MAX_OVER):
        client.start(f"call-{number}")
        client.inside("BYE", 2, f"call-{number}")
    assert len(client.server._sessions) <= MAX_OVER + 2


def test_a_password_is_asked_for_before_anything_else_and_only_for_new_sessions() -> None:
    known = "horse"
    client = Client(guard=DigestGuard("undertone", {"sbc": known}, b"secret"))
    answer = client.invite()
    assert answer.status == 401
    challenges = [text.partition(" ")[2] for text in values(answer, "WWW-Authenticate")]
    given = parse_parameters(";".join(split_list(challenges[-1])))
    given |= {"username": "sbc", "uri": "sip:box@192.0.2.1", "nc": "00000001", "cnonce": "x"}
    given["response"] = response_digest(given["algorithm"], given, known, "INVITE")
    signed = "Authorization: Digest " + ", ".join(f'{name}="{text}"' for name, text in given.items())
    client.start(cseq=2, more=("Require: siprec", signed))
    client.inside("BYE", 3)
    assert client.closed() == ["bye"]
