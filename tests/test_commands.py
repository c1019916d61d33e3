"""What the server asks of a call, as it comes over the wire."""

from typing import Any

import msgspec
import pytest

from appliance.commands import COMMANDS
from appliance.events import AlertChanged, CallContext

from .test_session import THREAT, Talk, at


def test_an_alert_is_acknowledged_by_its_number() -> None:
    talk = Talk(THREAT).run_until(5)
    (changed,) = COMMANDS["acknowledge"](talk.session, {"call": "c1", "alert": 1})
    assert isinstance(changed, AlertChanged)
    assert (changed.alert, changed.change) == (1, "acknowledged")


def test_an_alert_whose_rule_allows_no_snooze_is_left_as_it_is() -> None:
    talk = Talk(THREAT).run_until(5)
    assert COMMANDS["snooze"](talk.session, {"alert": 1}) == []
    assert talk.session.showing.blinking


def test_what_the_server_knows_of_the_caller_is_an_event() -> None:
    talk = Talk({}).run_until(5)
    (context,) = COMMANDS["context"](talk.session, {"call": "c1", "tier": "gold", "queued_s": 90})
    assert context == CallContext(who="caller", start_sample=at(5), end_sample=at(5), tier="gold", queued_s=90)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("acknowledge", {}),
        ("acknowledge", {"alert": "1"}),
        ("acknowledge", {"alert": True}),
        ("snooze", {"alert": -1}),
        ("context", {"tier": 3}),
        ("context", {"tier": "x" * 101}),
        ("context", {"queued_s": -1}),
        ("context", {"queued_s": float("nan")}),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        COMMANDS[name](Talk({}).session, arguments)
