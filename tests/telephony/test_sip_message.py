import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.sip_message import (
    MAX_MESSAGE_BYTES,
    BrokenBodyError,
    NotSipError,
    Request,
    Response,
    parse_message,
    respond,
    serialise,
    value,
    values,
)
from appliance.telephony.sip_stream import PONG, StreamFramer
from tests.telephony.siprec_messages import request, siprec_body

NAMES = st.from_regex(r"[A-Za-z][A-Za-z-]{0,20}", fullmatch=True).filter(
    lambda name: len(name) > 1 and name.lower() != "content-length"
)
TEXTS = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=50).map(
    lambda text: text.strip(" \t")
)


def test_a_message_is_read() -> None:
    message = parse_message(request())
    assert isinstance(message, Request)
    assert message.method == "INVITE"
    assert value(message, "call-id") == "call-1"
    assert message.body == siprec_body()


def test_short_names_and_folded_lines_are_read_as_the_long_ones() -> None:
    message = parse_message(
        b"OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1\r\nSUBJECT: one\r\n\ttwo\r\nl: 0\r\n\r\n"
    )
    assert value(message, "Via") == "SIP/2.0/UDP a;branch=1"
    assert value(message, "Subject") == "one two"


def test_a_response_echoes_what_names_the_transaction() -> None:
    message = parse_message(request())
    assert isinstance(message, Request)
    answer = parse_message(serialise(respond(message, 486, to_tag="ours")))
    assert isinstance(answer, Response)
    assert (answer.status, answer.reason) == (486, "Busy Here")
    assert values(answer, "Via") == values(message, "Via")
    assert value(answer, "To") == "<sip:box@192.0.2.1>;tag=ours"


def test_bytes_that_are_no_text_are_echoed_as_they_came() -> None:
    raw = request("OPTIONS").replace(b"Recorder, client", b"Gar\xe7on")
    message = parse_message(raw)
    assert isinstance(message, Request)
    assert b'From: "Gar\xe7on"' in serialise(respond(message, 200))


def test_what_follows_the_body_in_a_datagram_is_discarded() -> None:
    assert parse_message(request("OPTIONS") + b"trailing").body == b""


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(b"INVITE sip:a SIP/2.0\r\nVia SIP\r\n\r\n", id="a field without its colon"),
        pytest.param(b"INVITE sip:a SIP/2.0\r\nSubject: a\nContact: b\r\n\r\n", id="a bare line feed"),
        pytest.param(b"INVITE sip:a SIP/2.0\r\n" + b"a: b\r\n" * 200 + b"\r\n", id="too many fields"),
        pytest.param(b"INVITE sip:a SIP/2.0\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", id="too long a header"),
        pytest.param(b"x" * (MAX_MESSAGE_BYTES + 1), id="too large"),
    ],
)
def test_what_is_no_sip_message_is_refused(raw: bytes) -> None:
    with pytest.raises(NotSipError):
        parse_message(raw)


@pytest.mark.parametrize("length", ["9999", "abc", "-1", "0\r\nContent-Length: 3"])
def test_a_body_of_another_length_can_still_be_answered(length: str) -> None:
    raw = request("OPTIONS").replace(b"Content-Length: 0", f"Content-Length: {length}".encode())
    with pytest.raises(BrokenBodyError) as refusal:
        parse_message(raw)
    assert value(refusal.value.message, "Call-ID") == "call-1"


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=20), st.binary(max_size=200))
def test_what_is_written_is_read_again(fields: list[tuple[str, str]], body: bytes) -> None:
    message = Request("OPTIONS", "sip:a", tuple(fields), body)
    again = parse_message(serialise(message))
    assert [text for _, text in again.headers[:-1]] == [text for _, text in fields]
    assert again.body == body
    assert serialise(again) == serialise(parse_message(serialise(again)))


@given(st.lists(st.integers(1, 400), max_size=30))
def test_a_stream_gives_the_same_messages_however_it_is_cut(cuts: list[int]) -> None:
    wanted = [request(), request("OPTIONS", cseq=2), request("BYE", cseq=3)]
    stream = b"\r\n\r\n".join(wanted)
    framer, given_out = StreamFramer(), list[bytes]()
    while stream:
        size = cuts.pop() if cuts else len(stream)
        given_out += framer.receive(stream[:size])
        stream = stream[size:]
    assert [each for each in given_out if each != PONG] == wanted
    assert framer.is_idle


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"A" * 20_000, id="a header without end"),
        pytest.param(b"BYE sip:a SIP/2.0\r\nVia: x\r\n\r\n", id="no length"),
        pytest.param(b"BYE sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n", id="two lengths"),
        pytest.param(b"BYE sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n", id="too long a body"),
    ],
)
def test_a_stream_that_cannot_be_cut_is_refused(stream: bytes) -> None:
    with pytest.raises(NotSipError):
        StreamFramer().receive(stream)
