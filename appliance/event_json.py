"""How an event is written as JSON, the form in which it is stored, sent and replayed."""

from typing import Any

import msgspec

from appliance.events import Event, seconds


def to_builtins(event: Event) -> dict[str, Any]:
    """Give the event as a JSON object with `type`, `who`, `start_s` and `end_s` first.

    Each object inside it that has samples gets the same times in seconds.
    """
    fields: dict[str, Any] = _with_seconds(msgspec.to_builtins(event))
    return fields


def to_json(event: Event) -> bytes:
    """Give the event as one line of JSON, the form in which it is stored, sent and replayed."""
    return msgspec.json.encode(to_builtins(event))


def from_json(line: bytes | str) -> Event:
    """Read what `to_json` wrote; unknown fields are ignored.

    Raises `msgspec.ValidationError` for an unknown type or a field of the wrong type.
    """
    return _decoder.decode(line)


_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def _with_seconds(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, (list, tuple)):
        return [_with_seconds(item) for item in value]
    if not isinstance(value, dict):
        return value
    head = {key: value[key] for key in ("type", "who") if key in value}
    if "start_sample" in value:
        head |= {"start_s": seconds(value["start_sample"]), "end_s": seconds(value["end_sample"])}
    if "since_sample" in value:
        head |= {"since_s": seconds(value["since_sample"])}
    return head | {key: _with_seconds(item) for key, item in value.items() if key not in head}
