"""What is kept of those who were not let in is bounded."""

from appliance.central.identity import TEXTS, RefusedError
from appliance.central.refusals import MAX_KEPT, Refusals


def test_strangers_from_many_addresses_fill_no_memory() -> None:
    refusals = Refusals(TEXTS)
    for number in range(3 * MAX_KEPT):
        refusals.note(f"10.0.0.{number}", RefusedError("unknown_token"))
    assert len(refusals.newest()) == MAX_KEPT
    refusals.note("10.0.0.149", RefusedError("unknown_token"))
    refusals.note(None, RefusedError("revoked", "desk-1"))
    first, second = refusals.newest()[:2]
    assert (first["device"], first["text"], first["count"]) == ("desk-1", TEXTS["revoked"], 1)
    assert (second["remote"], second["count"]) == ("10.0.0.149", 2)
