import re

import pytest

from appliance.adapters.rtp_cipher import keystream
from appliance.errors import BadInputError
from appliance.telephony.rtcp import Other, ReceiverReport, parse_rtcp, write_receiver_report
from appliance.telephony.rtp import is_rtcp, looks_like_rtp, parse_rtp
from appliance.telephony.srtp import SUITES, SrtcpSender, SrtpKey, SrtpSession, _derived, parse_key

from .rtp_captures import SIP_PORT, datagrams

SUITE = "AES_CM_128_HMAC_SHA1_80"
CRYPTO = re.compile(rb"a=crypto:\d+ (\S+) (\S+)")
PARAMETERS = "inline:pGxKBE2uJXJbMmisj77TvL40xLhGodUbH0ZhOvca"


def real_call() -> tuple[dict[bytes, SrtpSession], list[tuple[bytes, bytes]]]:
    """Give a session for each sender of the captured call, and what each of them sent."""
    sessions: dict[bytes, SrtpSession] = {}
    sent: list[tuple[bytes, bytes]] = []
    for _, datagram in datagrams("call_pcma_srtp"):
        host = datagram.source.host
        if found := CRYPTO.search(datagram.payload):
            sessions[host] = SrtpSession(parse_key(found[1].decode(), found[2].decode()), keystream)
        elif host in sessions and datagram.source.port != SIP_PORT:
            sent.append((host, datagram.payload))
    return sessions, sent


def test_a_real_call_is_opened_with_the_keys_of_its_session_description() -> None:
    sessions, sent = real_call()
    opened = [parse_rtp(sessions[host].open_rtp(data)) for host, data in sent if looks_like_rtp(data)]
    assert len(opened) > 190
    assert {(packet.payload_type, len(packet.payload)) for packet in opened} == {(8, 160)}
    # Speech in A-law keeps to few codes, encrypted bytes to none.
    assert len(set(opened[0].payload)) < 60


def test_real_reports_are_opened_too() -> None:
    sessions, sent = real_call()
    protected = [(host, data) for host, data in sent if is_rtcp(data) and len(data) == 30]
    assert [parse_rtcp(sessions[host].open_rtcp(data)) for host, data in protected] == [(Other(204),)] * len(protected)
    assert protected


def test_reports_of_ours_are_opened_by_who_has_the_key_and_each_has_its_own_number() -> None:
    key = parse_key(SUITE, PARAMETERS)
    sender, session, report = SrtcpSender(key, keystream), SrtpSession(key, keystream), ReceiverReport(77)
    plain = write_receiver_report(report, b"box")
    sent = [sender.protect(plain) for _ in range(3)]
    assert [session.open_rtcp(data) for data in sent] == [plain] * 3
    assert len(set(sent)) == 3
    assert not any(plain[8:] in data for data in sent)
    with pytest.raises(BadInputError, match="does not prove its sender"):
        session.open_rtcp(sent[0][:-1] + bytes([sent[0][-1] ^ 1]))


def test_a_packet_that_was_changed_or_comes_again_is_refused() -> None:
    sessions, sent = real_call()
    host, data = next((host, data) for host, data in sent if looks_like_rtp(data))
    with pytest.raises(BadInputError, match="does not prove its sender"):
        sessions[host].open_rtp(data[:-1] + bytes([data[-1] ^ 1]))
    sessions[host].open_rtp(data)
    with pytest.raises(BadInputError, match="came before"):
        sessions[host].open_rtp(data)


def test_short_packets_are_refused() -> None:
    session = SrtpSession(parse_key(SUITE, PARAMETERS), keystream)
    with pytest.raises(BadInputError, match="less than its header"):
        session.open_rtp(bytes(20))
    with pytest.raises(BadInputError, match="SRTCP packet is truncated"):
        session.open_rtcp(bytes(20))


def test_keys_are_derived_as_in_the_example_of_rfc_3711() -> None:
    master = SrtpKey(
        SUITES[SUITE],
        bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6"),
    )
    keys = _derived(master, 0, keystream)
    assert keys.cipher.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert keys.salt.hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert keys.auth.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_the_lifetime_of_a_key_is_no_part_of_it() -> None:
    assert parse_key(SUITE, f"{PARAMETERS}|2^20") == parse_key(SUITE, PARAMETERS)


@pytest.mark.parametrize(
    ("suite", "parameters", "what"),
    [
        ("F8_128_HMAC_SHA1_80", PARAMETERS, "suite 'F8_128_HMAC_SHA1_80' is not known"),
        (SUITE, "uri:https://keys.example", "not given inline"),
        (SUITE, f"{PARAMETERS}|1:4", "key identifier"),
        (SUITE, "inline:%%%%", "not base64"),
        (SUITE, "inline:AAAA", "has 3 bytes"),
        (SUITE, "", "not given inline"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_by_its_fault(suite: str, parameters: str, what: str) -> None:
    with pytest.raises(BadInputError, match=what):
        parse_key(suite, parameters)
