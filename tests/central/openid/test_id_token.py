"""What an ID token must be, and who it makes of somebody."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from appliance.central.access.people import Person
from appliance.central.openid.id_token import (
    MAX_AGE_S,
    NAME_PREFIX,
    SKEW_S,
    Key,
    Known,
    NoRoleError,
    TokenError,
    UnknownKeyError,
    keys_of,
    person,
    verified,
)
from appliance.central.openid.settings import USUAL_ALGORITHMS, Grant, OpenId

NOW_S = 1_800_000_000
ISSUER = "https://login.example.com"
KEY = ECKey.generate_key("P-256", {"kid": "one"})
OTHER = ECKey.generate_key("P-256", {"kid": "one"})
RSA = RSAKey.generate_key(2048, {"kid": "two"})
KEYS: dict[str, Key] = {"one": KEY, "two": RSA}
GOOD: dict[str, Any] = {
    "iss": ISSUER, "aud": "undertone", "sub": "1001", "iat": NOW_S, "exp": NOW_S + 300, "nonce": "n",
    "preferred_username": "sam", "groups": ["staff", "leads"],
}  # fmt: skip
GRANTS = (Grant("leads", "supervisor", ("billing",)), Grant("all", "supervisor", ("*",)), Grant("law", "auditor", ()))


def settings(**fields: Any) -> OpenId:
    usual: dict[str, Any] = {
        "issuer": ISSUER, "client_id": "undertone", "client_secret": None, "page": "https://desk.example.com",
        "label": "", "scopes": ("openid",), "name_claim": "preferred_username", "roles_claim": "groups",
        "teams_claim": "", "algorithms": USUAL_ALGORITHMS, "signs_out_there": True, "ca_file": None, "grants": GRANTS,
    }  # fmt: skip
    return OpenId(**(usual | fields))


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "ES256", kid: str | None = "one") -> str:
    header = {"alg": alg} | ({"kid": kid} if kid else {})
    return jwt.encode(header, claims, key, [alg])


def checked(token: str, now_s: int = NOW_S, nonce: str = "n", **fields: Any) -> dict[str, Any]:
    return verified(token, KEYS, settings(**fields), nonce, now_s)


def test_a_token_of_the_provider_for_us_and_now_is_good() -> None:
    assert checked(signed(GOOD)) == GOOD
    assert checked(signed(GOOD, RSA, "RS256", "two"))["sub"] == "1001"
    assert checked(signed(GOOD | {"aud": ["other", "undertone"], "azp": "undertone"}))["sub"] == "1001"
    assert verified(signed(GOOD, kid=None), {"one": KEY}, settings(), "n", NOW_S) == GOOD, "the only key there is"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example.com"}, {"iss": ISSUER + "/"}, {"aud": "other"}, {"aud": []},
        {"aud": ["undertone", "other"]}, {"azp": "other"}, {"sub": None}, {"sub": 5}, {"nonce": "m"}, {"nonce": None},
        {"exp": NOW_S - SKEW_S}, {"exp": "soon"}, {"exp": None}, {"iat": None}, {"iat": NOW_S + SKEW_S + 1},
        {"iat": NOW_S - MAX_AGE_S - 1}, {"nbf": NOW_S + SKEW_S + 1},
    ],
)  # fmt: skip
def test_a_token_for_another_client_sign_in_or_time_is_refused(wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in (GOOD | wrong).items() if value is not None}
    with pytest.raises(TokenError):
        checked(signed(claims))


def test_clocks_may_differ_a_little() -> None:
    assert checked(signed(GOOD), NOW_S - SKEW_S)
    assert checked(signed(GOOD), NOW_S + 299 + SKEW_S)


def test_the_tokens_own_header_decides_nothing() -> None:
    public = json.dumps(KEY.as_dict(private=False)).encode()
    with pytest.raises(TokenError, match="signed by 'HS256'"):
        checked(signed(GOOD, OctKey.import_key(public), "HS256"))
    with pytest.raises(TokenError, match="signed by 'none'"):
        checked("eyJhbGciOiJub25lIn0." + signed(GOOD).split(".")[1] + ".")
    with pytest.raises(TokenError):
        checked(signed(GOOD, OTHER))
    with pytest.raises(TokenError, match="signed by 'ES256'"):
        checked(signed(GOOD), algorithms=("RS256",))
    with pytest.raises(TokenError):
        checked(signed(GOOD, KEY, "ES256", "two"))
    for kid in ("three", None):
        with pytest.raises(UnknownKeyError):
            checked(signed(GOOD, kid=kid))


@given(st.integers(0, 2_000), st.text(max_size=3))
def test_no_damaged_token_passes_and_none_breaks_the_reader(place: int, text: str) -> None:
    token = signed(GOOD)
    damaged = token[: place % len(token)] + text + token[place % len(token) + 1 :]
    with contextlib.suppress(TokenError):
        assert checked(damaged) == GOOD, "the same claims: base64 has several ways to write its last character"


def test_keys_that_cannot_sign_are_passed_over() -> None:
    listed = [
        KEY.as_dict(private=False), {**RSA.as_dict(private=False), "use": "enc"}, {"kty": "oct", "k": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!"}, {"kty": "RSA"}, "nonsense", None, 5,
    ]  # fmt: skip
    assert list(keys_of(listed)) == ["one"]


def test_groups_make_roles_and_teams() -> None:
    known = person(GOOD, settings())
    assert known == Known(Person(NAME_PREFIX + "sam", frozenset({"supervisor"}), frozenset({"billing"})), "1001")
    both = person(GOOD | {"groups": ["law", "leads"]}, settings()).person
    assert both.roles == {"auditor", "supervisor"}
    assert both.teams == {"billing"}
    deep = GOOD | {"groups": None, "realm_access": {"roles": "law"}}
    assert person(deep, settings(roles_claim="realm_access.roles")).person.roles == {"auditor"}
    dotted = GOOD | {"https://example.com/roles": ["law"]}
    assert person(dotted, settings(roles_claim="https://example.com/roles")).person.roles == {"auditor"}
    unnamed = {name: value for name, value in GOOD.items() if name != "preferred_username"}
    assert person(unnamed, settings()).person.name == NAME_PREFIX + "1001"


def test_a_claim_of_teams_never_means_all_teams() -> None:
    claims = GOOD | {"desks": ["*", "sales"]}
    assert person(claims, settings(teams_claim="desks")).person.teams == {"billing", "sales"}


@pytest.mark.parametrize("groups", [None, [], "staff", ["staff"], {"leads": True}, [["leads"]], 5, "Leads"])
def test_whoever_has_no_role_is_nobody_here(groups: Any) -> None:
    with pytest.raises(NoRoleError, match="sam"):
        person(GOOD | {"groups": groups}, settings())


@pytest.mark.parametrize("name", [["sam"], {"a": 1}, "sam\n(server)", "x" * 200, "\x1b[2J"])
def test_a_name_that_would_spoil_the_record_is_refused(name: Any) -> None:
    with pytest.raises(TokenError, match="holds no name"):
        person(GOOD | {"preferred_username": name}, settings())
