"""Who and what the devices' door turns away."""

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import websockets
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from appliance.central import credentials
from appliance.delivery import messages, policy

from .conftest import Start
from .rig import Central, FakeDevice, central_in, hello
from .script import started


async def refusal_of(central: Central, **headers: str) -> int:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(
            f"ws://127.0.0.1:{central.port}/v1/device", subprotocols=[websockets.Subprotocol(policy.SUBPROTOCOL)],
            additional_headers=headers, proxy=None,
        ):  # fmt: skip
            pass
    return int(refused.value.response.status_code)


async def goodbye_to(central: Central, *texts: str | bytes, greet: bool = True) -> tuple[messages.Bye, int]:
    """Send raw messages and give the server's last message and the close code."""
    async with central.socket() as socket:
        for text in ([messages.encode(hello())] if greet else []) + list(texts):
            await socket.send(text)
        device = FakeDevice(socket)
        bye = await device.read_until(messages.Bye)
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await socket.recv()
        assert socket.close_code is not None
        return bye, socket.close_code


def event_text(**fields: Any) -> str:
    envelope: dict[str, Any] = {
        "seq": 1,
        "call": "c1",
        "occurred_at": "t",
        "clock_synchronised": True,
        "event": {"type": "x"},
    }
    return str(messages.encode(messages.EventMessage(envelope=messages.Envelope(**(envelope | fields)))))


PARTIAL = messages.encode(
    messages.PartialMessage(call="c1", who="caller", utterance=1, text="w", start_sample=0, end_sample=77)
)


def test_an_unknown_token_is_refused_before_the_upgrade(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            assert await refusal_of(central, Authorization="Bearer undertone_wrong") == 401
            assert await refusal_of(central, Authorization=f"Basic {central.token}") == 401
            assert await refusal_of(central) == 401

    asyncio.run(run())


def test_a_device_that_does_not_offer_the_sub_protocol_is_refused(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            headers = {"Authorization": f"Bearer {central.token}"}
            with pytest.raises(websockets.InvalidStatus, match="400"):
                async with connect(f"ws://127.0.0.1:{central.port}/v1/device", additional_headers=headers, proxy=None):
                    pass

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "truncated"),
        ("[]", "object"),
        ('{"type": 7}', "$.type"),
        ('{"type": "event", "envelope": {"seq": -1}}', "$.envelope"),
        (event_text(seq=2**53), "$.envelope.seq"),
        (event_text(event={"n": 7}).replace("7", "1e999"), "range"),
        ('{"type":"event","envelope":{"seq":1,"event":{"x":' + "[" * 30_000, "recursion"),
        (event_text(call="half").replace("half", "\\ud800"), "surrogate"),
        (event_text(event={"half": 1}).replace("half", "\\udc00"), "surrogate"),
        (PARTIAL.replace("77", "7" * 400), "$.end_sample"),
        (b"\x00\x01", "text"),
        (messages.encode(hello()), "before"),
    ],
)  # fmt: skip
def test_what_is_no_message_of_the_protocol_ends_the_link_and_names_the_place(
    start: Start, text: str | bytes, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with start() as central:
            bye, code = await goodbye_to(central, text)
            assert bye.reason == "protocol_error"
            assert place in bye.text
            assert code == 1008
            async with central.device() as device:
                await device.send_event(1, started())
                await device.read_acked(1)

    asyncio.run(run())
    assert caplog.text.count("protocol_error") == 1


def test_a_message_above_the_limit_is_refused_with_its_size(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            bye, code = await goodbye_to(central, event_text(event={"x": "y" * policy.MAX_MESSAGE_BYTES}))
            assert "larger than 65536" in bye.text
            assert code == 1008

    asyncio.run(run())


def test_a_huge_message_just_cuts_the_link(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.socket.send("x" * 1_000_000)
            with pytest.raises(websockets.ConnectionClosed):
                await device.read_until(messages.Bye)
            assert device.socket.close_code == 1009

    asyncio.run(run())


@pytest.mark.parametrize(
    ("first", "reason", "text"),
    [
        (messages.encode(hello("desk-2")), "unauthorized", "another device"),
        (messages.encode(messages.Pong(id=1)), "protocol_error", "must be hello"),
        (None, "protocol_error", "no hello"),
    ],
)
def test_the_first_message_must_be_this_devices_hello(start: Start, first: str | None, reason: str, text: str) -> None:
    async def run() -> None:
        async with start() as central:
            bye, _ = await goodbye_to(central, *([first] if first else []), greet=False)
            assert bye.reason == reason
            assert text in bye.text

    asyncio.run(run())


def test_a_removed_device_is_cut_off_while_the_server_runs(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            credentials.remove_device(central.credentials, "desk-1")
            assert (await device.read_until(messages.Bye)).reason == "revoked"
            assert await refusal_of(central, Authorization=f"Bearer {central.token}") == 401

    asyncio.run(run())


def test_a_device_added_while_the_server_runs_may_connect(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            token = central.add_device("desk-2")
            async with central.device("desk-2", token):
                pass

    asyncio.run(run())


fields = st.dictionaries(
    st.text(max_size=4) | st.sampled_from(["type", "end_sample", "alert"]), st.none() | st.integers()
)

shapes = st.sampled_from(["event", "partial", "status", "result", "pong", "bye", "hello", "?"]).flatmap(
    lambda kind: st.fixed_dictionaries(
        {"type": st.just(kind)},
        optional={
            "envelope": st.fixed_dictionaries(
                {
                    "seq": st.integers(-9, 10**6) | st.integers(2**53),
                    "call": st.text(max_size=5) | st.none(),
                    "occurred_at": st.text(max_size=5),
                    "clock_synchronised": st.booleans(),
                    "event": fields,
                }
            ),
            "id": st.integers() | st.text(max_size=3),
            "ok": st.booleans(),
            "reason": st.sampled_from(["stopping", "revoked", "bored"]),
            "call": st.text(max_size=3) | st.none(),
            "who": st.sampled_from(["agent", "caller", "nobody"]),
            "utterance": st.integers(0, 5),
            "text": st.text(max_size=5),
            "start_sample": st.integers(0, 9),
            "end_sample": st.integers(0, 9),
            "level": st.sampled_from(["normal", "urgent"]),
            "blinking": st.booleans(),
        },
    )
)


@settings(max_examples=40, deadline=None)
@given(st.lists(shapes.map(json.dumps) | st.text(max_size=20), min_size=1, max_size=8))
def test_whatever_a_device_sends_the_server_goes_on_and_keeps_the_next_event(texts: list[str]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with central_in(Path(folder)) as central:
                with contextlib.suppress(websockets.ConnectionClosed):
                    async with central.device() as device:
                        for text in texts:
                            await device.socket.send(text)
                async with central.device() as device:
                    seq = device.acked + 1
                    await device.send_event(seq, started())
                    await device.read_acked(seq)
                assert (await central.get("/api/stats"))["fault"] == ""

    asyncio.run(run())
