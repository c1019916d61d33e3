import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.sip_headers import (
    essentials,
    parse_address,
    parse_cseq,
    parse_parameters,
    parse_uri,
    parse_via,
    split_list,
)
from appliance.telephony.sip_message import parse_message
from appliance.telephony.sip_status import RefusedError
from tests.telephony.siprec_messages import request


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ('"A, <B>" <sip:a@b;lr>;tag=1', "A, <B>", "sip:a@b;lr", "1"),
        ("Ann Lee <sip:a@b>;x;TAG=2", "Ann Lee", "sip:a@b", "2"),
        ("sip:a@b;tag=3", "", "sip:a@b", "3"),
        (r'"say \"hi\"" <sip:a>', 'say "hi"', "sip:a", ""),
        ("<sip:a@[2001:db8::1]:5070>", "", "sip:a@[2001:db8::1]:5070", ""),
    ],
)
def test_an_address_is_read(text: str, display: str, uri: str, tag: str) -> None:
    address = parse_address(text)
    assert (address.display, address.uri, address.tag) == (display, uri, tag)


@pytest.mark.parametrize("text", ["", "<>", "<sip:a", '"a <sip:a>', "<sip:a> b", "sip:a b"])
def test_an_address_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        parse_address(text)


def test_a_uri_is_read() -> None:
    uri = parse_uri("sips:box:secret@[2001:db8::1]:5070;transport=TCP?subject=x")
    assert (uri.scheme, uri.host, uri.port, uri.parameters) == ("sips", "[2001:db8::1]", 5070, {"transport": "TCP"})


@pytest.mark.parametrize(
    ("text", "status"), [("http://a", 416), ("sip:", 400), ("sip:a@b:99999", 400), ("sip:a b", 400)]
)
def test_a_uri_that_cannot_be_used_is_refused_with_its_status(text: str, status: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        parse_uri(text)
    assert refusal.value.status == status


def test_a_via_is_read() -> None:
    via = parse_via("SIP / 2.0 / tcp host.example : 5080 ; branch=z9hG4bK1;rport")
    assert (via.transport, via.host, via.port, via.branch) == ("TCP", "host.example", 5080, "z9hG4bK1")
    assert via.parameters["rport"] == ""


@pytest.mark.parametrize("text", ["INVITE", "1", "99999999999 INVITE", "-1 INVITE", "4294967296 INVITE"])
def test_a_cseq_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        parse_cseq(text)


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_request_without_an_essential_field_is_refused(name: str) -> None:
    lines = [line for line in request("OPTIONS").split(b"\r\n") if not line.startswith(name.encode())]
    with pytest.raises(RefusedError, match=name):
        essentials(parse_message(b"\r\n".join(lines)))


def test_the_method_of_cseq_must_be_the_request_s() -> None:
    with pytest.raises(RefusedError):
        essentials(parse_message(request("OPTIONS", cseq_method="BYE")))


def test_parameters_are_read_with_their_quotes_off_and_the_first_one_counts() -> None:
    assert parse_parameters(';a="x;y";B;a=2') == {"a": "x;y", "b": ""}


@given(st.text(alphabet='",;<>\\ a', max_size=60))
def test_a_list_is_cut_without_losing_a_character(text: str) -> None:
    assert "".join(split_list(text)).replace(" ", "").replace(",", "") == text.replace(" ", "").replace(",", "")


def test_hostile_quotes_and_spaces_cost_no_time() -> None:
    for text in ('"\\' * 8_000, "<" * 16_000, " " * 16_000 + "x", '"' * 16_001, ";" * 16_000):
        split_list(text)
        parse_parameters(text)
        with pytest.raises(RefusedError):
            parse_address(text + '"')
