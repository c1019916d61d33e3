"""The protocol's documents, made from the types that the program itself uses: JSON Schema, AsyncAPI and a page.

`python -m appliance.acceptance.documents` writes them to `appliance/delivery/documents/`. The words stand in the types'
docstrings, so that code and documents cannot tell two stories.
"""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from appliance.delivery import policy
from appliance.delivery.health import Condition, Program
from appliance.delivery.messages import CallStatus, Envelope, FromDevice, FromServer
from appliance.delivery.orders import ERROR_CODES, ORDERS
from appliance.event_json import to_builtins
from appliance.events import CallEnded, Event

SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID: Final = "https://undertone.invalid/undertone.v1.schema.json"
"""Names the schema; nothing is fetched from there (RFC 6761: `.invalid` never resolves)."""

_MESSAGES: Final = tuple(dict.fromkeys([*get_args(FromDevice), *get_args(FromServer)]))

FOLDER: Final = Path(__file__).parents[1] / "delivery" / "documents"

_HEAD: Final = """\
Made from the program's own types (`python -m appliance.acceptance.documents`). How messages play together is told in
[exchanges.md](exchanges.md), what may change in [versions.md](versions.md); for programs there are
[undertone.v1.schema.json](undertone.v1.schema.json) and [undertone.v1.asyncapi.json](undertone.v1.asyncapi.json)."""

_OF_EVENTS: Final = """\
In `envelope.event`. Times count samples at 16 kHz from the beginning of the call; each object that has samples carries
the same times in seconds too (`start_s`, `end_s`, `since_s`), as here: `{sample}`. A server stores types that it does
not know as they are."""

_REF: Final = "#/$defs/{name}"


def schema() -> dict[str, Any]:
    """Give the JSON Schema 2020-12 of every message, command and event; a message is one of `oneOf`."""
    defs = _definitions(_REF)
    return {
        "$schema": SCHEMA_DIALECT,
        "$id": SCHEMA_ID,
        "title": policy.SUBPROTOCOL,
        "description": "One text message of the WebSocket. Fields that a receiver does not know are ignored.",
        "oneOf": [{"$ref": _REF.format(name=message.__name__)} for message in _MESSAGES],
        "$defs": defs,
    }


def asyncapi() -> dict[str, Any]:
    """Give the AsyncAPI 3.0 document, written for the device: it sends to the server and receives from it."""
    to_server, to_device = get_args(FromDevice), get_args(FromServer)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Undertone device protocol",
            "version": "1.0.0",
            "description": "JSON text messages over one WebSocket between a device and its central server.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "central": {
                "host": "central.example",
                "pathname": "/v1/device",
                "protocol": "wss",
                "description": "A certificate per device (TLS 1.3), or `Authorization: Bearer TOKEN` behind a proxy.",
            }
        },
        "channels": {
            "device": {
                "address": "/v1/device",
                "messages": {_tag(each): {"$ref": f"#/components/messages/{_tag(each)}"} for each in _MESSAGES},
                "bindings": {"ws": {"method": "GET", "headers": _upgrade_headers(), "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "sendToServer": _operation("send", to_server),
            "receiveFromServer": _operation("receive", to_device),
        },
        "components": {
            "messages": {_tag(each): _message(each) for each in _MESSAGES},
            "schemas": _definitions("#/components/schemas/{name}"),
        },
    }


def reference() -> str:
    """Give the page for people: every message, command, event, limit, time-out and close code."""
    defs = schema()["$defs"]
    parts = [
        "# undertone.v1: reference",
        _HEAD,
        *_section("Device to server", get_args(FromDevice), defs),
        *_section("Server to device", [each for each in _MESSAGES if each not in get_args(FromDevice)], defs),
        *_section("Inside messages", (Envelope, CallStatus, Condition, Program), defs),
        "## Commands",
        "A command's `name` and its `arguments`:",
        *(_entry(f"`{name}`", order, defs) for name, order in ORDERS.items()),
        "A `result` with `ok` false has one of these in `code`:",
        _table(("code", "means"), [(f"`{code}`", text) for code, text in ERROR_CODES.items()]),
        "## Events",
        _OF_EVENTS.format(sample=msgspec.json.encode(_SAMPLE).decode()),
        *(_entry(f"`{_tag(each)}`", each, defs) for each in get_args(Event)),
        "## Limits and time-outs",
        _table(("name", "value", "why"), _constants()),
        "## Close codes",
        "After a `bye` the WebSocket is closed with:",
        _table(("reason", "code"), [(f"`{reason}`", str(code)) for reason, code in policy.CLOSE_CODES.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _operation(action: str, messages: tuple[Any, ...]) -> dict[str, Any]:
    refs = [{"$ref": f"#/channels/device/messages/{_tag(each)}"} for each in messages]
    return {"action": action, "channel": {"$ref": "#/channels/device"}, "messages": refs}


def _message(kind: type[Any]) -> dict[str, Any]:
    summary = (inspect.getdoc(kind) or "").partition("\n")[0]
    return {"name": _tag(kind), "summary": summary, "payload": {"$ref": f"#/components/schemas/{kind.__name__}"}}


def _definitions(template: str) -> dict[str, Any]:
    types = [*_MESSAGES, *ORDERS.values(), *get_args(Event)]
    _, defs = msgspec.json.schema_components(list(dict.fromkeys(types)), ref_template=template)
    return dict(sorted(defs.items()))


def _upgrade_headers() -> dict[str, Any]:
    header = {"type": "string", "const": policy.SUBPROTOCOL}
    return {"type": "object", "properties": {"Sec-WebSocket-Protocol": header}}


def _section(title: str, kinds: Any, defs: dict[str, Any]) -> list[str]:  # noqa: ANN401 - types, which have no common one
    return [f"## {title}", *(_entry(f"`{_tag(each)}`", each, defs) for each in kinds)]


def _entry(name: str, kind: Any, defs: dict[str, Any]) -> str:  # noqa: ANN401 - a struct's type
    found = defs[kind.__name__]
    required = set(found.get("required", ()))
    rows = [
        (f"`{field}`", _kind(value), "yes" if field in required else f"no, {_default(value)}")
        for field, value in found["properties"].items()
        if field != "type"
    ]
    text = inspect.getdoc(kind) or ""
    body = [f"### {name}", text]
    return "\n\n".join([*body, _table(("field", "type", "required"), rows)] if rows else body)


def _default(value: dict[str, Any]) -> str:
    return f"`{msgspec.json.encode(value['default']).decode()}`" if "default" in value else "left out"


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return f"{value['$ref'].rpartition('/')[2]}"
    if "anyOf" in value:
        return " or ".join(_kind(each) for each in value["anyOf"])
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"])
    names = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤"}
    bounds = ", ".join(f"{sign} {value[name]}" for name, sign in names.items() if name in value)
    items = value.get("items")
    inside = f" of {_kind(items)}" if isinstance(items, dict) and items else ""
    return f"{value.get('type', 'anything')}{inside}" + (f" ({bounds})" if bounds else "")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _constants() -> list[tuple[str, ...]]:
    """Give every limit with its reason, which stands below it in the source."""
    pattern = re.compile(r'^([A-Z_]+): Final = ([\d._]+)\n"""(.*?)"""', re.MULTILINE | re.DOTALL)
    found = pattern.findall(inspect.getsource(policy))
    return [(f"`{name}`", value, " ".join(reason.split())) for name, value, reason in found]


def _tag(kind: Any) -> str:  # noqa: ANN401 - a struct's type
    return str(kind.__struct_config__.tag or kind.__name__)


_SAMPLE: Final = to_builtins(CallEnded(who="both", start_sample=16_000, end_sample=16_000, reason="on_hook"))


def documents() -> dict[str, str]:
    """Give the text of every document that is made, by the name of its file."""
    return {
        "undertone.v1.schema.json": _json(schema()),
        "undertone.v1.asyncapi.json": _json(asyncapi()),
        "reference.md": reference(),
    }


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


if __name__ == "__main__":
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
