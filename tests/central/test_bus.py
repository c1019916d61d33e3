"""The newest state of the devices, and the pages that read it."""

import asyncio
import json
from typing import Any

from appliance.central.bus import MAX_WAITING, Bus
from appliance.delivery.messages import PartialMessage, StatusMessage
from appliance.event_json import to_builtins

from .rig import hello
from .script import said, span


def partial(text: str, utterance: int = 1, who: Any = "caller", call: str = "c1") -> PartialMessage:
    return PartialMessage(call=call, who=who, utterance=utterance, text=text, **span(1, 2))


def entry(seq: int, event: Any, call: str = "c1") -> dict[str, Any]:
    return {"seq": seq, "call": call, "event": to_builtins(event)}


def state_of(bus: Bus) -> Any:
    (state,) = bus.devices()
    return state


def read(messages: list[bytes]) -> list[tuple[str, Any]]:
    lines = [message.decode().split("\n") for message in messages]
    return [(line[0].removeprefix("event: "), json.loads(line[2].removeprefix("data: "))) for line in lines]


def test_a_reader_sees_the_snapshot_first_and_then_every_change_in_order() -> None:
    bus = Bus([])
    bus.connected("desk-1", hello())
    with bus.reader() as reader:
        assert reader.lost
        ((kind, snapshot),) = read([bus.catch_up(reader)])
        assert (kind, snapshot["devices"][0]["device"]) == ("snapshot", "desk-1")
        bus.partial("desk-1", partial("hel"))
        bus.stored("desk-1", entry(1, said("hello")))
        assert [kind for kind, _ in read(reader.take())] == ["partial", "event"]
        assert reader.take() == []


def test_a_slow_reader_loses_its_queue_and_gets_a_new_snapshot() -> None:
    bus = Bus([])
    with bus.reader() as slow, bus.reader() as quick:
        bus.catch_up(slow)
        bus.catch_up(quick)
        for seq in range(MAX_WAITING + 50):
            bus.stored("desk-1", entry(seq, said("x")))
            assert len(quick.take()) == 1
        assert slow.lost
        assert not quick.lost
        assert slow.take() == [], "memory is bounded"
        bus.catch_up(slow)
        bus.stored("desk-1", entry(999, said("x")))
        assert len(slow.take()) == 1


def test_final_words_end_the_partial_of_their_utterance_and_no_later_one() -> None:
    bus = Bus([])
    bus.status("desk-1", StatusMessage(call="c1", level="normal", blinking=False, reason=""))
    bus.partial("desk-1", partial("one", utterance=1))
    bus.partial("desk-1", partial("other side", who="agent"))
    bus.stored("desk-1", entry(1, said("one two", number=1)))
    assert [item["text"] for item in state_of(bus).partials] == ["other side"]
    assert state_of(bus).last_words.text == "one two"
    bus.partial("desk-1", partial("three", utterance=2))
    bus.stored("desk-1", entry(2, said("one two", number=1)))
    assert [item["text"] for item in state_of(bus).partials] == ["other side", "three"]


def test_an_empty_partial_takes_the_words_away() -> None:
    bus = Bus([])
    bus.partial("desk-1", partial("noise"))
    bus.partial("desk-1", partial(""))
    assert state_of(bus).partials == []


def test_a_lost_link_and_a_new_call_end_all_partials() -> None:
    bus = Bus([])
    bus.partial("desk-1", partial("half a sen"))
    bus.disconnected("desk-1")
    assert state_of(bus).partials == []
    bus.partial("desk-1", partial("half a sen"))
    bus.status("desk-1", StatusMessage(call="c2", level="normal", blinking=False, reason=""))
    assert state_of(bus).partials == []


def test_an_utterance_of_an_unknown_shape_does_no_harm() -> None:
    bus = Bus([])
    bus.partial("desk-1", partial("words"))
    for event in (
        {"type": "utterance"},
        {"type": "utterance", "who": "caller", "number": "x", "text": 1, "end_sample": 5},
    ):
        bus.stored("desk-1", {"seq": 1, "call": "c1", "event": event})
    assert len(state_of(bus).partials) == 1


def test_closing_the_bus_ends_every_reader() -> None:
    async def run() -> None:
        bus = Bus([])
        with bus.reader() as reader:
            bus.catch_up(reader)
            bus.close()
            await reader.wait()
            assert reader.closed

    asyncio.run(run())
