"""Eight calls at once on this computer, which may or may not carry them: what is left out is told, nothing restarts."""

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

import appliance
from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall, LineKind, Report, Sign, Step, unseen
from appliance.adapters.preparation import prepare
from appliance.adapters.recording import Recording, paced
from appliance.call import Call
from appliance.cli.run import load_settings
from appliance.events import Band, CallEnded, Event, Gap, Utterance
from appliance.governor import STAGES, Stage
from appliance.session import Output
from appliance.speech.frames import FRAME_MS
from appliance.switchboard import Switchboard

CALLS = 8
LASTS_S = 20
RECORDING = Path(appliance.__file__).parent / "calls" / "billing_dispute.wav"


class EightCalls:
    """A line with as many calls at once as a box is allowed."""

    kind: LineKind = "siprec"
    band: Band = "narrow"

    def __init__(self) -> None:
        self.on_sign: Sign = unseen
        self.busy = ""
        self.capture = Capture()

    async def calls(self, _report: Report) -> AsyncGenerator[LineCall, None]:
        for _ in range(CALLS):
            yield LineCall(("agent", "caller"), "narrow", self._steps())
        await asyncio.Event().wait()

    async def _steps(self) -> AsyncIterator[Step]:
        async for step in paced(itertools.islice(Recording(RECORDING).frames(), LASTS_S * 1000 // FRAME_MS)):
            yield step


async def overloaded(config: Path) -> tuple[dict[str, list[Event]], list[Stage]]:
    """Give the events of each call, and what the box was leaving out one after the other."""
    prepared = prepare(load_settings(config))._replace(line=EightCalls())
    events, stages, over = defaultdict[str, list[Event]](list), list[Stage](), asyncio.Event()

    def take(name: str, _call: Call, outputs: list[Output]) -> None:
        events[name] += (output for output in outputs if isinstance(output, Event))
        if sum(isinstance(event, CallEnded) for each in events.values() for event in each) == CALLS:
            over.set()

    board = Switchboard(prepared, take, lambda _: None, stages.append)
    assert prepared.host
    await prepared.host.start()
    running = asyncio.create_task(board.run())
    await over.wait()
    board.stop()
    await running
    await prepared.stop_hosts()
    return events, stages


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("english_model")
def test_eight_calls_at_once_are_heard_or_told_to_be_lost_and_no_recognizer_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "device.toml"
    line = f'[line]\nkind = "recording"\nfile = "{RECORDING}"\n'
    config.write_text(f'[device]\nname = "desk"\nstate = "{tmp_path}"\n{line}[light]\nkind = "none"\n', "utf-8")
    with caplog.at_level(logging.INFO):
        events, stages = asyncio.run(overloaded(config))
    assert len(events) == CALLS
    for told in events.values():
        assert any(isinstance(event, Utterance | Gap) for event in told)
    assert "recognizer_hangs" not in caplog.text
    assert "recognizer_lost" not in caplog.text
    for before, after in itertools.pairwise(("all", *stages)):
        assert abs(STAGES.index(after) - STAGES.index(before)) == 1
