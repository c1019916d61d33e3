"""The worked example is of RFC 7616 §3.9.1; the rest is our own."""

import pytest

from appliance.telephony.sip_digest import ALGORITHMS, NONCE_LIFE_S, DigestGuard, response_digest
from appliance.telephony.sip_headers import parse_parameters, split_list
from appliance.telephony.sip_message import Request, parse_message
from appliance.telephony.sip_status import RefusedError
from tests.telephony.siprec_messages import request

NOW_S = 1_000.0
KNOWN = "correct horse"


def guard() -> DigestGuard:
    return DigestGuard("undertone", {"sbc": KNOWN}, b"secret")


def challenge(of: DigestGuard, now_s: float = NOW_S, algorithm: str = "SHA-256") -> dict[str, str]:
    with pytest.raises(RefusedError) as refusal:
        of.check(asked(), now_s)
    assert refusal.value.status == 401
    offers = [parse_parameters(";".join(split_list(text.partition(" ")[2]))) for _, text in refusal.value.headers]
    return next(offer for offer in offers if offer["algorithm"] == algorithm)


def asked(authorization: str = "") -> Request:
    message = parse_message(request("INVITE", more=(f"Authorization: {authorization}",) if authorization else ()))
    assert isinstance(message, Request)
    return message


def signed(offered: dict[str, str], password: str = KNOWN, **changes: str) -> Request:
    given = {"username": "sbc", "uri": "sip:box@192.0.2.1", "nc": "00000001", "cnonce": "c", **offered} | changes
    given["response"] = changes.get("response") or response_digest(given["algorithm"], given, password, "INVITE")
    return asked("Digest " + ", ".join(f'{name}="{text}"' for name, text in given.items()))


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_digest_is_the_standard_s(algorithm: str, digest: str) -> None:
    given = {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
    }
    assert response_digest(algorithm, given, "Circle of Life", "GET") == digest


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_right_password_opens_with_every_algorithm(algorithm: str) -> None:
    door = guard()
    assert door.check(signed(challenge(door, algorithm=algorithm)), NOW_S + 1) == "sbc"


@pytest.mark.parametrize(
    "change",
    [
        {"password": "donkey"},
        {"username": "other"},
        {"realm": "other"},
        {"qop": "auth-int"},
        {"algorithm": "SHA-1", "response": "0" * 40},
        {"response": "é"},
        {"nonce": "1000-1-" + "0" * 32},
        {"nonce": "x"},
        {"nc": "1"},
        {"nc": "-0000001"},
    ],
)
def test_anything_else_is_challenged_again(change: dict[str, str]) -> None:
    door = guard()
    with pytest.raises(RefusedError) as refusal:
        door.check(signed(challenge(door), **change), NOW_S)
    assert refusal.value.status == 401
    assert refusal.value.headers


def test_a_nonce_is_good_for_rising_counters_and_for_its_time() -> None:
    door = guard()
    offered = challenge(door)
    door.check(signed(offered), NOW_S)
    door.check(signed(offered, nc="00000002"), NOW_S)
    for replayed, at_s in (("00000002", NOW_S), ("00000003", NOW_S + NONCE_LIFE_S + 1)):
        with pytest.raises(RefusedError) as refusal:
            door.check(signed(offered, nc=replayed), at_s)
        assert "stale=true" in refusal.value.headers[0][1]


def test_a_nonce_that_is_forgotten_cannot_be_replayed() -> None:
    door = guard()
    first = challenge(door)
    door.check(signed(first), NOW_S)
    for _ in range(300):
        door.check(signed(challenge(door)), NOW_S)
    with pytest.raises(RefusedError):
        door.check(signed(first), NOW_S)


def test_a_request_uri_that_was_rewritten_on_the_way_does_not_matter() -> None:
    door = guard()
    assert door.check(signed(challenge(door), uri="sip:192.0.2.1"), NOW_S) == "sbc"


def test_another_server_s_nonce_is_none_of_ours() -> None:
    with pytest.raises(RefusedError):
        guard().check(signed(challenge(DigestGuard("undertone", {}, b"other"))), NOW_S)
