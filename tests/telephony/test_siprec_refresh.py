"""Sessions that are kept alive by timers (RFC 4028)."""

import pytest

from appliance.telephony.sip_headers import split_list
from appliance.telephony.sip_message import Request, value
from tests.telephony.siprec_client import Client

TIMED = ("Require: siprec", "Supported: timer", "Allow: INVITE, UPDATE")


def reply(asked: Request, status: int) -> bytes:
    names = {"Via", "From", "To", "Call-ID", "CSeq"}
    fields = "".join(f"{name}: {text}\r\n" for name, text in asked.headers if name in names)
    return f"SIP/2.0 {status} x\r\n{fields}\r\n".encode()


@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        (TIMED, "1800;refresher=uac"),
        ((*TIMED, "Session-Expires: 600"), "600;refresher=uac"),
        ((*TIMED, "x: 600;refresher=uas"), "600;refresher=uas"),
        ((*TIMED, "Min-SE: 4000"), "4000;refresher=uac"),
        (("Require: siprec", "Session-Expires: 600"), "600;refresher=uas"),
        (("Require: siprec",), None),
    ],
)
def test_who_refreshes_and_when_is_agreed(fields: tuple[str, ...], answered: str | None) -> None:
    answer = Client().start(more=fields)
    assert value(answer, "Session-Expires") == answered
    requires = split_list(value(answer, "Require") or "")
    assert ("timer" in requires) == bool(answered and "uac" in answered)


def test_a_session_that_its_client_does_not_refresh_is_ended_a_little_before_it_expires() -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90"))
    client.wait(59.9)
    assert client.actions == []
    client.wait(0.2)
    assert client.closed() == ["expired"]
    assert [asked.method for asked in client.asked()] == ["BYE"]


def test_a_session_that_is_refreshed_lives_on() -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90"))
    for cseq in range(2, 10):
        client.wait(50)
        assert client.closed() == []
        client.inside("UPDATE", cseq, more=(*TIMED, "Session-Expires: 90"))
        assert client.statuses() == [200]


def test_where_we_must_refresh_we_do_so_at_half_the_time() -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90;refresher=uas"))
    for _ in range(5):
        client.wait(45.1)
        (asked,) = client.asked()
        assert asked.method == "UPDATE"
        assert value(asked, "Session-Expires") == "90;refresher=uac"
        client.send(reply(asked, 200))
    assert client.server.open_sessions == 1


def test_a_client_without_update_is_refreshed_by_invite_and_its_answer_acknowledged() -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90;refresher=uas"))
    client.wait(45.1)
    client.send(reply(client.asked()[0], 501))
    (asked,) = client.asked()
    assert asked.method == "INVITE"
    assert asked.body.startswith(b"v=0")
    for _ in range(2):  # our ACK may be lost, and the answer come again
        client.send(reply(asked, 200))
        assert [each.method for each in client.asked()] == ["ACK"]
    client.inside("INVITE", 2, more=TIMED)
    assert client.statuses() == [200]


def test_while_our_invite_is_under_way_the_client_s_has_to_wait() -> None:
    client = Client()
    client.start(more=("Require: siprec", "Session-Expires: 90;refresher=uas"))
    client.wait(45.1)
    client.inside("INVITE", 2)
    assert client.statuses() == [491]


@pytest.mark.parametrize("status", [481, 408])
def test_a_client_that_knows_the_session_no_more_has_ended_it(status: int) -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90;refresher=uas"))
    client.wait(45.1)
    client.send(reply(client.asked()[0], status))
    assert client.closed() == ["gone"]


def test_a_client_that_does_not_answer_has_gone() -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90;refresher=uas"))
    client.wait(45.1 + 32)
    assert client.closed() == ["gone"]


def test_a_refresh_that_is_refused_in_passing_is_tried_again_until_the_session_expires() -> None:
    client = Client()
    client.start(more=(*TIMED, "Session-Expires: 90;refresher=uas"))
    client.wait(45.1)
    for _ in range(4):
        client.send(reply(client.asked()[0], 491))
        client.wait(10.1)
        assert client.closed() == []
    client.send(reply(client.asked()[0], 491))
    client.wait(10.1)
    assert client.closed() == ["expired"]
