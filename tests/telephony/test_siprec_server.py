"""A session from its INVITE to its end, as RFC 3261 and RFC 7866 want it."""

import pytest

from appliance.telephony.sip_actions import Confirmed, Offered, Send
from appliance.telephony.sip_message import parse_message, value
from appliance.telephony.siprec_metadata import voices
from tests.telephony.siprec_client import Client
from tests.telephony.siprec_messages import capture, multipart, offer, request, siprec_body


def test_an_invite_is_offered_answered_and_confirmed() -> None:
    client = Client()
    answer = client.invite()
    (offered,) = client.all(Offered)
    assert [stream.label for stream in offered.streams] == ["96", "97"]
    assert [person.name for person in voices(offered.metadata, "96")] == ["Ines Agent"]
    assert answer.status == 200
    assert [media.port for media in client.description().media] == [40_000, 40_002, 0]
    assert "+sip.srs" in (value(answer, "Contact") or "")
    assert ";received=" not in (value(answer, "Via") or "").partition("rport=5060")[0]
    client.inside("ACK", 1)
    assert len(client.all(Confirmed)) == 1


def test_a_retransmitted_invite_gets_the_same_answer_and_opens_nothing() -> None:
    client = Client()
    client.invite()
    first = client.all(Send)[0]
    client.send(request())
    assert client.actions == [first]
    assert client.server.open_sessions == 1


def test_an_answer_is_sent_again_at_growing_intervals_until_it_is_acknowledged() -> None:
    client = Client()
    client.invite()
    client.wait(3.4)
    assert client.statuses() == [200, 200]  # after 0.5 s and 1.5 s
    client.inside("ACK", 1)
    assert client.wait(40) == []


def test_an_answer_that_nobody_acknowledges_ends_the_session() -> None:
    client = Client()
    client.invite()
    client.wait(32)
    assert client.closed() == ["unacknowledged"]
    assert [asked.method for asked in client.asked()] == ["BYE"]
    assert client.server.open_sessions == 0


def test_a_bye_ends_the_session_and_its_retransmission_is_answered_too() -> None:
    client = Client()
    client.start()
    client.inside("BYE", 2)
    assert client.statuses() == [200]
    assert client.closed() == ["bye"]
    client.inside("BYE", 2)
    assert client.statuses() == [200]
    assert client.closed() == []
    client.wait(33)
    client.inside("BYE", 2)
    assert client.statuses() == [481]


def test_a_cancel_takes_back_an_invite_that_waits_for_its_ports() -> None:
    client = Client()
    client.patient = True
    client.send(request())
    client.send(request("CANCEL", branch="z9hG4bK-call-1-1-INVITE", more=()))
    assert client.statuses() == [200, 487]
    assert client.closed() == ["cancelled"]
    assert client.server.accept("", {}, {}, 0) == []


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    client = Client()
    client.invite()
    client.send(request("CANCEL", branch="z9hG4bK-call-1-1-INVITE", more=()))
    assert client.statuses() == [200]
    assert client.server.open_sessions == 1


def test_hold_and_resume_change_the_direction_and_keep_the_ports() -> None:
    client = Client()
    client.start()
    client.inside("INVITE", 2, body=siprec_body(sdp=offer("inactive")))
    assert all(stream.is_held for stream in client.all(Offered)[0].streams)
    assert {media.direction for media in client.description().media[:2]} == {"inactive"}
    client.inside("ACK", 2)
    client.inside("UPDATE", 3, body=siprec_body())
    assert {media.direction for media in client.description().media[:2]} == {"recvonly"}
    assert client.description().origin.split()[2] == "3"
    assert client.wait(60) == []


def test_a_changed_offer_is_refused_and_the_session_goes_on() -> None:
    client = Client()
    client.start()
    client.inside("INVITE", 2, body=offer().replace(b"audio", b"video"), kind="application/sdp")
    assert client.statuses() == [488]
    client.inside("INVITE", 2, body=offer().replace(b"audio", b"video"), kind="application/sdp")
    assert client.statuses() == [488]
    client.inside("BYE", 3)
    assert client.closed() == ["bye"]


def test_metadata_alone_are_taken_by_update() -> None:
    client = Client()
    client.start()
    client.inside("UPDATE", 2, body=capture("partial_transfer.xml"), kind="application/rs-metadata+xml")
    assert client.statuses() == [200]
    (told,) = client.all(Confirmed)
    assert [person.name for person in voices(told.metadata, "96")] == ["Omar Second"]


def test_metadata_that_cannot_be_read_cost_no_call_and_are_told() -> None:
    client = Client()
    assert client.invite(body=siprec_body(b"<recording>")).status == 200
    assert "cannot be used" in client.all(Offered)[0].notices[0]


def test_a_refresh_without_a_description_is_answered_with_ours() -> None:
    client = Client()
    client.start()
    client.inside("INVITE", 2)
    assert [media.port for media in client.description().media] == [40_000, 40_002, 0]


def test_a_second_offer_while_one_is_answered_has_to_wait() -> None:
    client = Client()
    client.start()
    client.patient = True
    client.inside("INVITE", 2, body=siprec_body())
    client.inside("UPDATE", 3, body=siprec_body())
    assert client.statuses() == [500]
    assert value(client.answer(), "Retry-After") == "1"


def test_a_request_out_of_order_is_refused() -> None:
    client = Client()
    client.start()
    client.inside("OPTIONS", 5)
    client.inside("BYE", 4)
    assert client.statuses() == [500]
    assert client.server.open_sessions == 1


def test_hanging_up_says_bye_until_it_is_answered() -> None:
    client = Client()
    client.start()
    (name,) = client.server._by_name
    client.actions = client.server.hang_up(name, "stopped", client.now_s)
    (bye,) = client.asked()
    assert client.closed() == ["stopped"]
    client.wait(0.6)
    assert client.asked() == [bye]
    fields = "\r\n".join(
        f"{name}: {text}" for name, text in bye.headers if name in {"Via", "From", "To", "Call-ID", "CSeq"}
    )
    client.send(f"SIP/2.0 200 OK\r\n{fields}\r\n\r\n".encode())
    assert client.wait(3) == []


def test_a_response_goes_to_the_source_or_to_the_port_that_via_names() -> None:
    client = Client()
    client.send(request("OPTIONS"), client.peer._replace(host="192.0.2.77", port=6000))
    (sent,) = client.all(Send)
    assert (sent.peer.host, sent.peer.port) == ("192.0.2.77", 6000)
    assert b"rport=6000;received=192.0.2.77" in sent.data
    client.send(request("OPTIONS").replace(b";rport", b""), client.peer._replace(port=6000))
    assert client.all(Send)[0].peer.port == 5060


def test_routes_and_contact_lead_our_own_requests() -> None:
    client = Client()
    client.start(more=("Require: siprec", "Record-Route: <sip:p1.example;lr>, <sip:p2.example;lr>"))
    client.actions = client.server.hang_up(next(iter(client.server._by_name)), "stopped", client.now_s)
    (bye,) = client.asked()
    assert bye.uri == "sip:src@192.0.2.10:5060"
    assert [text for name, text in bye.headers if name == "Route"] == ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]


@pytest.mark.parametrize("kind", ["application/rs-metadata", "application/rs-metadata+xml"])
def test_either_name_of_the_metadata_s_type_is_known(kind: str) -> None:
    client = Client()
    client.invite(body=multipart(("application/sdp", offer()), (kind, capture("bare.xml"))), more=())
    assert len(client.all(Offered)[0].metadata.participants) == 2


def test_a_stream_s_answers_go_back_over_the_stream() -> None:
    peer = Client().peer._replace(transport="tcp", connection=7, port=33_000)
    client = Client(peer=peer)
    answer = client.start()
    assert client.all(Send) == []
    assert "transport=tcp" in (value(answer, "Contact") or "")
    assert parse_message(request()) is not None
