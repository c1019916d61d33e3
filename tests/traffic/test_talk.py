"""What is said of a simulated call is what a box would say of one."""

import random

from hypothesis import given
from hypothesis import strategies as st

from appliance.delivery.messages import PartialMessage, StatusMessage, decode_from_device, encode
from appliance.event_json import from_json, to_json
from appliance.events import Alert, AlertChanged, CallEnded, CallStarted, Event, Utterance
from appliance.traffic.talk import Moment, moments


def events_of(said: list[Moment]) -> list[Event]:
    return [each.said for each in said if not isinstance(each.said, PartialMessage | StatusMessage)]


@given(st.floats(15, 400), st.integers())
def test_a_call_begins_ends_and_stays_in_order_whatever_is_said(lasts_s: float, seed: int) -> None:
    said = list(moments("c1", lasts_s, random.Random(seed).random))
    events = events_of(said)
    assert isinstance(events[0], CallStarted)
    assert isinstance(events[-1], CallEnded)
    times = [each.at_s for each in said]
    assert times == sorted(times)
    assert times[-1] == lasts_s
    for who in ("agent", "caller"):
        numbers = [each.number for each in events if isinstance(each, Utterance) and each.who == who]
        assert numbers == list(range(1, len(numbers) + 1))


def test_everything_said_is_of_the_protocol() -> None:
    for each in moments("c1", 300, random.Random(4).random):
        if isinstance(each.said, PartialMessage | StatusMessage):
            assert decode_from_device(encode(each.said)) == each.said
        else:
            assert from_json(to_json(each.said)) == each.said


def test_alerts_are_raised_and_pass_and_a_call_has_about_an_event_a_second() -> None:
    events = [each for seed in range(40) for each in events_of(list(moments("c1", 270, random.Random(seed).random)))]
    raised = sum(isinstance(each, Alert) for each in events)
    assert raised > 5
    assert 0 < sum(isinstance(each, AlertChanged) for each in events) <= raised
    assert 0.5 < len(events) / (40 * 270) < 1.5
