"""The calls in progress, by name: from the line's first frame of each to its last event."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from appliance.adapters import clock
from appliance.adapters.line import LineCall, Report
from appliance.adapters.preparation import Prepared
from appliance.adapters.tasks import task_group
from appliance.call import Call
from appliance.governor import STAGE_WORDS, TICK_S, Governor, Stage, does
from appliance.session import CallSession, Output

log = logging.getLogger(__name__)

Sink = Callable[[str, Call, list[Output]], None]
"""Takes what a call says, with the call's name."""


class Switchboard:
    """Runs every call that the line gives. `prepared` is what the next call begins with.

    `tell_stage` hears of each change in what a busy box leaves undone.
    """

    def __init__(
        self, prepared: Prepared, sink: Sink, report: Report, tell_stage: Callable[[Stage], None] = lambda _: None
    ) -> None:
        self.prepared = prepared
        self._sink = sink
        self._report = report
        self._tell_stage = tell_stage
        self._governor = Governor()
        self._calls: dict[str, Call] = {}
        self._stopping = asyncio.Event()

    @property
    def calls(self) -> Mapping[str, Call]:
        """Give the calls in progress, oldest first."""
        return MappingProxyType(self._calls)

    async def run(self) -> None:
        """Run the calls of the line until it has no more, or `stop` is called."""
        async with task_group() as group:
            stopping = group.create_task(self._stopping.wait(), name="stopping")
            accepting = group.create_task(self._accept(group), name="line")
            governing = group.create_task(self._govern(), name="governor")
            await asyncio.wait((accepting, stopping), return_when=asyncio.FIRST_COMPLETED)
            governing.cancel()
            stopping.cancel()
            accepting.cancel()

    def stop(self) -> None:
        """End all calls, and take no more."""
        for call in self._calls.values():
            call.stop()
        self._stopping.set()

    def tell_all(self, what: Callable[[CallSession], list[Output]]) -> None:
        """Tell each call in progress something that came from elsewhere than the line."""
        for call in tuple(self._calls.values()):
            call.tell(what(call.session))

    async def _govern(self) -> None:
        """Look again and again whether the box keeps up, and have every call and the line do less or more."""
        due_s = time.monotonic()
        while True:
            waiting = [waits_s for call in self._calls.values() if (waits_s := call.waiting_s) is not None]
            # A recording that waits for us may be late as it likes.
            late_s = time.monotonic() - due_s if waiting or not self._calls else 0.0
            before, stage = self._governor.stage, self._governor.receive_look(late_s, max(waiting, default=0.0))
            if stage != before:
                log.warning("event=load stage=%s calls=%d waiting_s=%.1f", stage, len(waiting), max(waiting, default=0))
                self.prepared.line.busy = "" if does(stage, "no_new_calls") else STAGE_WORDS[stage]
                for call in self._calls.values():
                    call.shed(stage)
                self._tell_stage(stage)
            due_s = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)

    async def _accept(self, group: asyncio.TaskGroup) -> None:
        async with contextlib.aclosing(self.prepared.line.calls(self._report)) as calls:
            async for line_call in calls:
                group.create_task(self._run_call(line_call), name="call")

    async def _run_call(self, line_call: LineCall) -> None:
        name = f"{clock.utc().replace(':', '').replace('-', '')[:15]}Z-{secrets.token_hex(4)}"

        def sink(outputs: list[Output]) -> None:
            self._sink(name, call, outputs)

        call = Call(self.prepared.new_session(line_call), line_call, self.prepared.hosts, sink)
        if self._stopping.is_set():
            return
        self._calls[name] = call
        call.shed(self._governor.stage)
        log.info("event=listening call=%s", name)
        try:
            await call.run()
        finally:
            del self._calls[name]
        self._sink(name, call, [])
        await self.prepared.stop_spare_hosts()
