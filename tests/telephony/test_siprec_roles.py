import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telephony.siprec_metadata import EMPTY, Participant, parse_metadata
from appliance.telephony.siprec_roles import AgentRule, cast_roles, is_agent
from tests.telephony.siprec_messages import DIALECTS, capture

LABELS = {
    "rfc.xml": ("96", "97"),
    "draft_with_extension_data.xml": ("1", "2"),
    "prefixed_with_vendor_attributes.xml": ("11", "22"),
    "bare.xml": ("1", "2"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_agent_is_found_by_the_extension_in_every_dialect(dialect: str) -> None:
    cast = cast_roles(AgentRule(addresses=("20??",)), parse_metadata(capture(dialect)), LABELS[dialect])
    agent = LABELS[dialect][1 if dialect.startswith("draft") else 0]
    assert [label for label, role in cast.roles.items() if role == "agent"] == [agent]
    assert "2041" in cast.people["agent"].addresses[0]
    assert cast.by == "rule"


def test_a_name_tells_as_well() -> None:
    cast = cast_roles(AgentRule(names=("*agent",)), parse_metadata(capture("rfc.xml")), ("97", "96"))
    assert cast.roles == {"97": "caller", "96": "agent"}


@pytest.mark.parametrize(("place", "roles"), [(0, {"a": "agent", "b": "caller"}), (1, {"a": "caller", "b": "agent"})])
def test_without_a_rule_that_decides_the_place_of_the_stream_does(place: int, roles: dict[str, str]) -> None:
    cast = cast_roles(AgentRule(stream=place), EMPTY, ("a", "b"))
    assert (cast.roles, cast.by, cast.people) == (roles, "place", {})


def test_a_rule_that_fits_both_sides_decides_nothing() -> None:
    cast = cast_roles(AgentRule(addresses=("*",)), parse_metadata(capture("rfc.xml")), ("96", "97"))
    assert cast.by == "place"


def test_of_each_side_one_stream_is_taken() -> None:
    assert cast_roles(AgentRule(), EMPTY, ("a", "b", "c")).roles == {"a": "agent", "b": "caller"}


def test_a_single_stream_is_the_caller_s_unless_the_rule_knows_the_agent() -> None:
    metadata = parse_metadata(capture("rfc.xml"))
    assert cast_roles(AgentRule(addresses=("20*",)), metadata, ("97",)).roles == {"97": "caller"}
    assert cast_roles(AgentRule(addresses=("20*",)), metadata, ("96",)).roles == {"96": "agent"}


def test_a_stream_of_both_voices_is_told_as_mixed_and_belongs_to_nobody() -> None:
    both = capture("rfc.xml").replace(b"<send>c3RyZWFtLWNhbGxlcgAAAA==", b"<send>c3RyZWFtLWFnZW50AAAAAA==")
    cast = cast_roles(AgentRule(addresses=("20*",)), parse_metadata(both), ("96",))
    assert cast.mixed == {"96"}
    assert (cast.roles, cast.people) == ({"96": "caller"}, {})


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_patterns_fit_as_regular_expressions_would(pattern: str, text: str) -> None:
    expected = re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None
    assert is_agent(AgentRule(names=(pattern,)), Participant("1", (), text)) == (expected and bool(text))


def test_a_pattern_of_many_stars_costs_no_time() -> None:
    assert not is_agent(AgentRule(names=("*a" * 60 + "b",)), Participant("1", (), "a" * 100_000))
