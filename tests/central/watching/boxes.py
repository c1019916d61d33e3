"""Boxes for the tests: what they say of themselves, and a whole fleet of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.delivery.health import Condition, HealthMessage, Program

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def said(*names: str, why: str = "why", number: int = 3, **fields: Any) -> HealthMessage:
    conditions = tuple(Condition(name, why) for name in names) or (Condition("ok", "All is well"),)
    program = Program(version="1.4.0", number=number)
    given: dict[str, Any] = {"conditions": conditions, "program": program, "uptime_s": 3600.0} | fields
    return HealthMessage(**given)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)
