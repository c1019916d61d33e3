import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.delivery.envelope import Draft, Head, Row, envelope, event_text, head
from appliance.delivery.messages import EventMessage, decode_from_device
from appliance.event_json import to_builtins, to_json
from appliance.events import Utterance

SAID = Utterance(who="caller", start_sample=16_000, end_sample=32_000, number=3, text="hello", words=())


def row(event: bytes) -> Row:
    return Row(7, Draft(call="c", occurred_at="t", clock_synchronised=True, event=event, heard_at="h", shown_at="s"))


def test_an_envelope_has_everything_of_its_draft_and_the_event_as_an_object() -> None:
    made = envelope(row(to_json(SAID)))
    assert (made.seq, made.call, made.occurred_at, made.heard_at, made.shown_at) == (7, "c", "t", "h", "s")
    assert made.event == to_builtins(SAID)


def test_the_head_of_an_event_says_what_delivery_needs() -> None:
    assert head(to_json(SAID)) == Head("utterance", "caller", 16_000, 32_000, 3)


@given(st.binary())
def test_any_bytes_have_a_head_and_an_envelope(event: bytes) -> None:
    head(event)
    assert isinstance(envelope(row(event)).event, dict)


@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_an_event_within_the_limit_is_sent_as_it_is_and_one_above_it_is_declared(size: int) -> None:
    made = envelope(row(to_json(msgspec.structs.replace(SAID, text="x" * size))))
    message = decode_from_device(event_text(made, 65_536))
    assert isinstance(message, EventMessage)
    assert message.envelope.seq == 7
    if size < 65_536:
        assert message.envelope == made
    else:
        assert message.envelope.event["code"] == "event_too_large"
        assert message.envelope.event["start_s"] == 1.0
        assert message.envelope.call == "c"


def test_the_limit_counts_bytes_not_characters() -> None:
    made = envelope(row(to_json(msgspec.structs.replace(SAID, text="ü" * 500))))
    assert "event_too_large" in event_text(made, 1000)
    assert "event_too_large" not in event_text(made, 1500)
