"""What the server asks of a call, as it comes over the wire."""

from typing import Any

import msgspec
import pytest

from appliance.commands import COMMANDS
from appliance.errors import BadInputError
from appliance.events import AlertChanged, CallContext

from .scripted_call import THREAT, Talk, at


def test_an_alert_is_acknowledged_by_its_number() -> None:
    talk = Talk(THREAT).run_until(5)
    (changed,) = COMMANDS["acknowledge"](talk.session, {"call": "c1", "alert": 1})
    assert isinstance(changed, AlertChanged)
    assert (changed.alert, changed.change) == (1, "acknowledged")


@pytest.mark.parametrize("alert", [1, 7])
def test_an_alert_that_cannot_be_put_off_is_left_as_it_is_and_the_server_is_told(alert: int) -> None:
    talk = Talk(THREAT).run_until(5)
    with pytest.raises(BadInputError, match=f"alert {alert} cannot be put off"):
        COMMANDS["snooze"](talk.session, {"call": "c1", "alert": alert})
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
