"""What an ID token must be, and who it says somebody is: values in, values out.

OpenID Connect Core 1.0, section 3.1.3.7. The signature must be by a key of the provider's own set, with an algorithm of
our list, whatever the token's header says.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from appliance.central.access.people import ALL_TEAMS, Person
from appliance.central.openid.settings import OpenId

SKEW_S: Final = 60
"""Clocks of two servers that are kept by NTP differ by less; this forgives one that is not, for a while."""

MAX_AGE_S: Final = 600
"""From the token's making to its use here: the browser comes back at once."""

MAX_TOKEN_CHARACTERS: Final = 65_536
MAX_KEYS: Final = 50
MAX_NAME_CHARACTERS: Final = 80
MAX_VALUES: Final = 1_000

NAME_PREFIX: Final = "openid:"
"""In names of the record: nobody who signs in by password can be called so, for their names hold no colon."""

Key = RSAKey | ECKey


class Known(NamedTuple):
    """Who somebody is: the person, and the provider's own name for them, which it never gives to anybody else."""

    person: Person
    subject: str


class TokenError(Exception):
    """An ID token that proves nothing; the text says why, for the log."""


class UnknownKeyError(TokenError):
    """Signed with a key that is not in the set: perhaps the provider has a newer one."""


class NoRoleError(Exception):
    """The provider knows them, and nothing makes them anything here; the text is the name."""


def keys_of(listed: Sequence[Any]) -> dict[str, Key]:
    """Give the provider's signing keys by their ids (RFC 7517); what is no such key is passed over."""
    found: dict[str, Key] = {}
    for each in listed[:MAX_KEYS]:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        try:
            found[str(each.get("kid", ""))] = _import(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def verified(token: str, keys: Mapping[str, Key], settings: OpenId, nonce: str, now_s: int) -> dict[str, Any]:
    """Give the claims of a token that this provider made for us, now, for this nonce. Raises `TokenError`."""
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise TokenError("the ID token is too large")
    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") not in settings.algorithms:
            raise TokenError(f"signed by {str(header.get('alg'))[:20]!r}, allowed: {', '.join(settings.algorithms)}")
        claims = jwt.decode(token, _key(keys, header.get("kid")), algorithms=list(settings.algorithms)).claims
        registry = jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=SKEW_S,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenError(str(error)) from error
    _check_more(claims, settings, nonce, now_s)
    return claims


def person(claims: Mapping[str, Any], settings: OpenId) -> Known:
    """Make of verified claims who this is. Raises `NoRoleError`, and `TokenError` for a name that cannot be."""
    name = claims.get(settings.name_claim) or claims["sub"]
    if not isinstance(name, str) or not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise TokenError(f"the claim {settings.name_claim} holds no name")
    values = set(_values(claims, settings.roles_claim))
    granted = [grant for grant in settings.grants if grant.value in values]
    if not granted:
        raise NoRoleError(name)
    teams = {team for grant in granted for team in grant.teams}
    if settings.teams_claim:
        teams |= {team for team in _values(claims, settings.teams_claim) if team != ALL_TEAMS}
    roles = frozenset(grant.role for grant in granted)
    return Known(Person(NAME_PREFIX + name, roles, frozenset(teams)), claims["sub"])


def _import(key: dict[str, Any]) -> Key:
    if key.get("kty") == "RSA":
        return RSAKey.import_key(key)
    if key.get("kty") == "EC":
        return ECKey.import_key(key)
    raise ValueError("another kind of key")


def _key(keys: Mapping[str, Key], kid: object) -> Key:
    if kid is None and len(keys) == 1:
        return next(iter(keys.values()))
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise UnknownKeyError("signed with a key that the provider does not list")
    return key


def _check_more(claims: Mapping[str, Any], settings: OpenId, nonce: str, now_s: int) -> None:
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise TokenError("not made for this sign-in: another nonce")
    audience = claims["aud"]
    if claims.get("azp", settings.client_id) != settings.client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        raise TokenError("made for another client")
    if claims["iat"] < now_s - MAX_AGE_S:
        raise TokenError("too old")


def _values(claims: Mapping[str, Any], name: str) -> list[str]:
    """Give the texts of a claim; its name may be a path into an object."""
    value: Any = claims
    if name in claims:
        value = claims[name]
    else:
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed[:MAX_VALUES] if isinstance(each, str)]
