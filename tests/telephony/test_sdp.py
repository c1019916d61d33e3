import pytest

from appliance.telephony.sdp import Codec, codecs, parse_sdp, serialise_sdp
from appliance.telephony.sdp_answer import acceptable_streams, answer
from appliance.telephony.sip_status import RefusedError
from tests.telephony.siprec_messages import offer

KEY = "inline:" + "A" * 40
SECURE = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_32 " + KEY.encode() + b"\r\n"
    b"a=crypto:2 AES_CM_128_HMAC_SHA1_80 " + KEY.encode() + b"\r\n"
)


def single(media: str, *attributes: str) -> bytes:
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", f"m={media}", *attributes]
    return "\r\n".join((*lines, "")).encode()


def test_an_offer_is_read_with_its_labels_codecs_and_hosts() -> None:
    first, second, video = parse_sdp(offer()).media
    assert (first.label, first.port, first.host, first.direction) == ("96", 12240, "192.0.2.10", "sendonly")
    assert second.host == "192.0.2.11"
    assert video.kind == "video"
    assert codecs(first) == (
        Codec(0, "PCMU", 8_000),
        Codec(8, "PCMA", 8_000),
        Codec(9, "G722", 8_000),
        Codec(111, "OPUS", 48_000, 2, "useinbandfec=1"),
        Codec(101, "TELEPHONE-EVENT", 8_000, 1, "0-15"),
    )


def test_streams_of_unknown_kind_are_declined_and_the_others_received() -> None:
    offered = parse_sdp(offer())
    streams = acceptable_streams(offered, most=8)
    assert [(stream.section, stream.label) for stream in streams] == [(0, "96"), (1, "97")]
    answered = answer(offered, {0: 40_000, 1: 40_002}, "- 1 1 IN IP4 192.0.2.1", {})
    assert [media.port for media in answered.media] == [40_000, 40_002, 0]
    again = parse_sdp(serialise_sdp(answered, "192.0.2.1"))
    assert [media.direction for media in again.media[:2]] == ["recvonly", "recvonly"]
    assert again.media[0].label == "96"
    assert again.media[1].formats == ("8",)
    assert codecs(again.media[0]) == codecs(offered.media[0])


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "recvonly"), ("sendrecv", "recvonly"), ("recvonly", "inactive"), ("inactive", "inactive")],
)
def test_the_answer_s_direction_follows_the_offer_s(offered: str, answered: str) -> None:
    description = parse_sdp(offer(offered))
    assert answer(description, {0: 4000}, "-", {}).media[0].direction == answered
    assert acceptable_streams(description, most=1)[0].is_held == (answered == "inactive")


def test_a_direction_of_the_whole_session_counts_where_a_stream_names_none() -> None:
    body = offer().replace(b"a=sendonly\r\n", b"").replace(b"t=0 0\r\n", b"t=0 0\r\na=inactive\r\n")
    assert parse_sdp(body).media[0].direction == "inactive"


def test_a_secure_stream_is_answered_with_the_better_suite_and_our_own_key() -> None:
    offered = parse_sdp(SECURE)
    (stream,) = acceptable_streams(offered, most=1)
    assert stream.crypto
    assert (stream.crypto.tag, stream.crypto.suite, stream.crypto.key) == ("2", "AES_CM_128_HMAC_SHA1_80", KEY)
    (media,) = answer(offered, {0: 4000}, "-", {0: "inline:ours"}).media
    assert media.attribute("crypto") == "2 AES_CM_128_HMAC_SHA1_80 inline:ours"
    assert media.protocol == "RTP/SAVP"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(single("audio 4000 RTP/AVP 18", "a=rtpmap:18 G729/8000"), "codecs", id="codec"),
        pytest.param(single("audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), "codecs", id="keys alone"),
        pytest.param(single("audio 4000 UDP/TLS/RTP/SAVPF 0"), "keys in the description", id="keys by DTLS"),
        pytest.param(single("audio 4000 RTP/SAVP 0"), "keys in the description", id="no keys"),
        pytest.param(single("image 4000 udptl t38"), "only audio", id="fax"),
        pytest.param(single("audio 0 RTP/AVP 0"), "no audio", id="nothing wanted"),
        pytest.param(SECURE.replace(b"A" * 40, b"A" * 40 + b" UNENCRYPTED_SRTP"), "keys", id="session parameters"),
    ],
)
def test_an_offer_without_anything_to_hear_is_not_acceptable_and_says_why(body: bytes, why: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        acceptable_streams(parse_sdp(body), most=8)
    assert refusal.value.status == 488
    assert why in refusal.value.headers[0][1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"v=1\r\n", 400, id="version"),
        pytest.param(b"v=0\r\nhello\r\n", 400, id="no line of a description"),
        pytest.param(single("audio x RTP/AVP 0"), 400, id="media"),
        pytest.param(single("audio 70000 RTP/AVP 0"), 400, id="port"),
        pytest.param(
            single("audio 4000 RTP/AVP 0").replace(b"IN IP4 192.0.2.1\r\nt", b"ATM x\r\nt"), 400, id="network"
        ),
        pytest.param(b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 17, 400, id="too many media"),
        pytest.param(b"v=0\r\n" + b"a=x\r\n" * 300, 400, id="too many attributes"),
        pytest.param(b"v=0\r\n" + b"a=" + b"x" * 40_000, 413, id="too large"),
    ],
)
def test_a_description_that_cannot_be_read_is_refused_with_its_status(body: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        parse_sdp(body)
    assert refusal.value.status == status
