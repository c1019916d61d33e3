import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.update.manifest import MAX_OFFER_BYTES, read_offer, signed_offer

from .releases import NEW_KEY, NEXT, OLD_KEY, TRUSTED, release

OFFER = signed_offer(release(7), {"old": OLD_KEY})


def test_what_is_signed_is_what_is_read() -> None:
    for offered in (release(7), release(8, percent=0.5, keys=NEXT)):
        assert read_offer(signed_offer(offered, {"old": OLD_KEY}), TRUSTED) == offered


def test_a_key_that_nobody_trusts_signs_in_vain() -> None:
    with pytest.raises(BadInputError, match=r"no trusted key.*signed by: new; trusted: old"):
        read_offer(signed_offer(release(7), {"new": NEW_KEY}), TRUSTED)


def test_another_key_under_a_trusted_name_signs_in_vain() -> None:
    with pytest.raises(BadInputError, match="no trusted key"):
        read_offer(signed_offer(release(7), {"old": NEW_KEY}), TRUSTED)


def test_one_trusted_signature_of_several_is_enough() -> None:
    both = signed_offer(release(7), {"old": OLD_KEY, "new": NEW_KEY})
    assert read_offer(both, TRUSTED) == read_offer(both, NEXT) == release(7)


def test_without_a_trusted_key_nothing_is_taken() -> None:
    with pytest.raises(BadInputError, match="trusted: none"):
        read_offer(OFFER, {})


@given(at=st.integers(0, len(OFFER) - 2), byte=st.integers(0, 255))
def test_a_changed_offer_is_refused_or_says_the_same(at: int, byte: int) -> None:
    changed = OFFER[:at] + bytes([byte]) + OFFER[at + 1 :]
    with contextlib.suppress(BadInputError):
        assert read_offer(changed, TRUSTED) == release(7)


@given(st.binary(max_size=300))
def test_whatever_is_offered_only_a_signature_makes_it_a_release(document: bytes) -> None:
    with pytest.raises(BadInputError):
        read_offer(document, TRUSTED)


def test_an_offer_has_a_bound() -> None:
    with pytest.raises(BadInputError, match="at most"):
        read_offer(OFFER + b" " * MAX_OFFER_BYTES, TRUSTED)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file", "../undertone.tar.gz"),
        ("file", ".."),
        ("number", 0),
        ("ring_percent", 100.5),
        ("sha256", "00"),
        ("version", "one\n"),
        ("keys", {"new": b"short"}),
        ("format", "undertone-release-2"),
    ],
)
def test_a_signature_does_not_make_nonsense_good(field: str, value: object) -> None:
    nonsense = msgspec.structs.replace(release(7), **{field: value})
    with pytest.raises(BadInputError, match=field):
        read_offer(signed_offer(nonsense, {"old": OLD_KEY}), TRUSTED)
