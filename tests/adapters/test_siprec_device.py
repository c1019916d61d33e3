"""The device as its owner runs it: two real telephones are recorded by it, and it writes down what they said."""

import asyncio
import contextlib
import shutil
import signal
import sys
from pathlib import Path

import pytest

import appliance
from appliance.adapters.outbox_store import OutboxStore
from appliance.cli.demo_exchange import Exchange
from appliance.cli.demo_phones import phones
from appliance.cli.demo_siprec import free_port, line_table
from appliance.event_json import from_json
from appliance.events import CallEnded, CallStarted, Event, Gap, Utterance

CALL = Path(appliance.__file__).parent / "calls" / "billing_dispute.wav"
TALK_S = 5.0
"""The agent's greeting and a pause behind it."""

STOP_S = 30.0


@pytest.mark.skipif(not shutil.which("baresip"), reason="baresip is not installed; `./undertone test` installs it")
@pytest.mark.usefixtures("english_model")
def test_what_two_telephones_say_is_written_down(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "device.toml"
    config.write_text(
        f'[device]\nname = "desk"\nstate = "{tmp_path}"\n{line_table(port)}[light]\nkind = "none"\n', "utf-8"
    )
    asyncio.run(record(config, port, tmp_path))
    store = OutboxStore(tmp_path / "outbox.db")
    with contextlib.closing(store):
        events: list[Event] = [from_json(row.draft.event) for row in store.read_after(0, 1_000)]
    started = next(event for event in events if isinstance(event, CallStarted))
    assert started.line == "siprec"
    assert started.identity
    assert (started.identity.agent, started.identity.caller) == (
        "sip:2041@exchange.example",
        "sip:+15550100@exchange.example",
    )
    said = [(event.who, event.text.lower()) for event in events if isinstance(event, Utterance)]
    assert any(who == "agent" and "thank you for calling" in text for who, text in said), said
    assert not any(isinstance(event, Gap) for event in events)
    assert isinstance(events[-1], CallEnded)
    assert events[-1].reason == "on_hook"


async def record(config: Path, port: int, folder: Path) -> None:
    device = await asyncio.create_subprocess_exec(sys.executable, "-m", "appliance", "run", "--config", str(config))
    try:
        exchange = Exchange()
        exchange_port = await exchange.open()
        async with phones(folder, CALL, exchange_port):
            await exchange.connect(port)
            await asyncio.sleep(TALK_S)
            await exchange.end()
        await asyncio.sleep(1.0)  # for the last words
    finally:
        device.send_signal(signal.SIGTERM)
        await asyncio.wait_for(device.wait(), STOP_S)
