"""How the box is, from what is known of it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.health import HOT_C, LEAST_FREE_BYTES, MUTED_LONG_S, RANK, Health, Readings, health
from appliance.indicator.patterns import FAULT_WORDS, Fault

WELL = Readings()
FAULTS = st.frozensets(st.sampled_from(list(FAULT_WORDS)))


@pytest.mark.parametrize(
    ("readings", "name"),
    [
        (WELL, "ok"),
        (Readings(faults=frozenset({"line_deaf"})), "deaf"),
        (Readings(faults=frozenset({"no_model", "outbox_full"})), "deaf"),
        (Readings(faults=frozenset({"outbox_full"})), "disk"),
        (Readings(faults=frozenset({"line_poor"})), "fault"),
        (Readings(faults=frozenset({"link_refused"}), link_online=False), "refused"),
        (Readings(link_online=False, waiting_events=7), "offline"),
        (Readings(link_online=False, has_server=False), "ok"),
        (Readings(temperature_c=HOT_C), "hot"),
        (Readings(temperature_c=HOT_C - 1), "ok"),
        (Readings(throttled=True, temperature_c=90.0), "slow"),
        (Readings(free_bytes=LEAST_FREE_BYTES - 1), "disk"),
        (Readings(since_muted_s=MUTED_LONG_S), "muted"),
        (Readings(since_muted_s=60.0), "ok"),
        (Readings(clock_synchronised=False), "clock"),
    ],
)
def test_the_word_for_a_box_is_its_worst_trouble(readings: Readings, name: str) -> None:
    assert health(readings)[0].name == name


def test_what_waits_for_the_server_is_told() -> None:
    assert "7 events wait" in health(Readings(link_online=False, waiting_events=7))[0].why


@given(FAULTS, st.booleans(), st.booleans(), st.none() | st.floats(0, 120))
def test_every_trouble_is_told_once_and_worst_first(
    faults: frozenset[Fault], online: bool, right_time: bool, temperature_c: float | None
) -> None:
    readings = Readings(faults=faults, link_online=online, clock_synchronised=right_time, temperature_c=temperature_c)
    found = health(readings)
    hot = temperature_c is not None and temperature_c >= HOT_C
    troubles = len(faults) + (not online) + (not right_time) + hot
    assert len(found) == max(1, troubles)
    assert (found == (Health("ok", "All is well"),)) == (not troubles)
    assert [RANK[each.name] for each in found] == sorted(RANK[each.name] for each in found)
    assert msgspec.convert(msgspec.to_builtins(found), tuple[Health, ...]) == found
