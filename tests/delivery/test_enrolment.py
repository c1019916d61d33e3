"""Claim codes: what a person carries to a new box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.delivery.enrolment import Claim, claim_code, fingerprint, parse_claim
from appliance.errors import BadInputError

HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(HEX, HEX)
def test_a_claim_code_comes_back_as_it_was_in_any_case(token: str, authority: str) -> None:
    code = claim_code(Claim(token, authority))
    assert parse_claim(code) == parse_claim(f" {code.lower()}\n") == Claim(token, authority)


@given(HEX, HEX, st.integers(4, 76), st.sampled_from("0123456789ABCDEF"))
def test_a_slip_of_the_pen_is_noticed(token: str, authority: str, place: int, digit: str) -> None:
    code = claim_code(Claim(token, authority))
    wrong = code[:place] + digit + code[place + 1 :]
    if wrong != code:
        with pytest.raises(BadInputError) as error:
            parse_claim(wrong)
        assert token.upper() not in str(error.value)


@given(st.text(max_size=40))
def test_any_text_is_a_claim_or_refused_with_the_mend(text: str) -> None:
    with pytest.raises(BadInputError) as error:
        parse_claim(text)
    assert error.value.mend


def test_a_fingerprint_is_the_beginning_of_sha_256() -> None:
    assert fingerprint(b"abc") == "ba7816bf8f01cfea414140de5dae2223"
