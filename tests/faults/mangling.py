"""Messages as a broken or hostile peer sends them: good ones, spoilt in one to three ways."""

import random
from collections.abc import Callable, Sequence

from appliance.acceptance.probe import event_samples, message_samples
from appliance.acceptance.wire import enveloped
from appliance.delivery import messages

SCALARS = (
    "0", "-1", "1e999", "-0.0", "9007199254740993", "1" * 400, "null", "true", '""', '"\\ud800"', '"\\u0000"', "[]",
    "{}", '"' + "x" * 3000 + '"', "[" * 2000, '{"a":' * 1100, '"2026-13-45T99:99:99Z"', '"0001-01-01T00:00:00+23:59"',
)  # fmt: skip
"""Values that programs stumble over."""

BYTES = (b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"{", b"}", b"\\", b",", b"\xf0\x9f\x98\x80")

FROM_DEVICE = [
    messages.encode(message)
    for message in (
        messages.Hello(device="desk-1", firmware="1", boot="b", last_seq=0, clock_synchronised=True),
        *message_samples(),
        messages.Result(id="1", ok=False, error="no", code="refused", details={"a": [1]}),
        messages.Pong(id=1),
        *(messages.EventMessage(envelope=enveloped(seq, event)) for seq, event in enumerate(event_samples(), 1)),
    )
]
FROM_SERVER = [
    messages.encode(message)
    for message in (
        messages.Welcome(resume_after=0, server_time="2026-01-01T00:00:00.000Z"),
        messages.Ack(seq=0),
        messages.Ping(id=3, server_time="2026-01-01T00:00:00.000Z", rtt_ms=1.5),
        messages.Pong(id=1),
        messages.Bye(reason="overloaded", text="later", retry_after_s=0.5),
        messages.Command(id="1", name="guidance", arguments={"call": "c", "text": "Breathe", "show_s": 3}),
        messages.Command(id="2", name="rules", arguments={"pack": "x", "version": "1"}),
    )
]


def mangled(samples: Sequence[str], chance: random.Random) -> bytes:
    """Give one of the samples, spoilt."""
    text = chance.choice(samples).encode()
    for _ in range(chance.choice((1, 1, 2, 3))):
        text = chance.choice(WAYS)(text, chance)
    return text


def _flip(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]


def _cut(text: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    return chance.choice((text[:first], text[:first] + text[last:]))


def _repeat(text: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    return text[:last] + text[first:]


def _insert(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(BYTES) + text[at:]


def _replace_value(text: bytes, chance: random.Random) -> bytes:
    """Put another value in the place of one that stands behind a colon."""
    colons = [at for at, letter in enumerate(text) if letter == ord(":")]
    if not colons:
        return chance.choice(SCALARS).encode()
    at = chance.choice(colons) + 1
    end = min((found for found in (text.find(b",", at), text.find(b"}", at)) if found > 0), default=len(text))
    return text[:at] + chance.choice(SCALARS).encode() + text[end:]


def _swap_key(text: bytes, chance: random.Random) -> bytes:
    keys = [b'"type"', b'"seq"', b'"id"', b'"envelope"', b'"event"', b'"call"']
    return text.replace(chance.choice(keys), chance.choice(keys), 1)


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _cut, _repeat, _insert, _replace_value, _replace_value, _replace_value, _swap_key,
)  # fmt: skip
