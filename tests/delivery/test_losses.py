from appliance.delivery.envelope import Draft
from appliance.delivery.losses import Losses
from appliance.event_json import from_json, to_json
from appliance.events import Gap, Utterance


def draft(call: str, start_sample: int, end_sample: int, occurred_at: str = "") -> Draft:
    event = Utterance(who="agent", start_sample=start_sample, end_sample=end_sample, number=1, text="", words=())
    return Draft(call=call, occurred_at=occurred_at, clock_synchronised=False, event=to_json(event))


def gap(start_sample: int, end_sample: int) -> Gap:
    return Gap(who="both", start_sample=start_sample, end_sample=end_sample, reason="outbox_full")


def declared(losses: Losses) -> dict[str, object]:
    return {draft.call: from_json(draft.event) for draft in losses.declarations()}


def test_each_call_has_one_gap_from_its_first_to_its_last_event() -> None:
    losses = Losses()
    for each in (draft("a", 50, 60), draft("b", 5, 9), draft("a", 10, 20), draft("a", 90, 95)):
        losses.note(each)
    assert declared(losses) == {"a": gap(10, 95), "b": gap(5, 9)}


def test_a_gap_is_dated_as_the_last_event_noted() -> None:
    losses = Losses()
    losses.note(draft("a", 0, 1, "early"))
    losses.note(draft("a", 1, 2, "late"))
    assert [each.occurred_at for each in losses.declarations()] == ["late"]


def test_declarations_stay_until_they_are_cleared() -> None:
    losses = Losses()
    losses.note(draft("a", 0, 1))
    assert losses.declarations() == losses.declarations() != []
    losses.clear()
    assert losses.declarations() == []


def test_losses_noted_elsewhere_are_taken_in() -> None:
    losses, others = Losses(), Losses()
    losses.note(draft("a", 10, 20))
    others.note(draft("a", 0, 5))
    others.note(draft("b", 1, 2))
    losses.merge(others)
    assert declared(losses) == {"a": gap(0, 20), "b": gap(1, 2)}
