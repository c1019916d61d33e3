"""Events for the tests of delivery: small calls that can be told apart."""

from appliance.delivery.envelope import Draft
from appliance.event_json import to_json
from appliance.events import CallEnded, CallStarted, Event, Utterance


def draft(event: Event, call: str = "c1") -> Draft:
    return Draft(call=call, occurred_at="2026-01-01T00:00:00.000Z", clock_synchronised=True, event=to_json(event))


def utterance(number: int, call: str = "c1") -> Draft:
    """Say `number`, in the second of that number."""
    start = number * 16_000
    said = Utterance(
        who="caller", start_sample=start, end_sample=start + 16_000, number=number, text=f"text {number}", words=()
    )
    return draft(said, call)


def call_started(call: str = "c1") -> Draft:
    started = CallStarted(
        who="both",
        start_sample=0,
        end_sample=0,
        line="l",
        language="en",
        band="narrow",
        engine="e",
        model="m",
        rules="r",
    )
    return draft(started, call)


def call_ended(end_sample: int, call: str = "c1") -> Draft:
    return draft(CallEnded(who="both", start_sample=end_sample, end_sample=end_sample, reason="on_hook"), call)
