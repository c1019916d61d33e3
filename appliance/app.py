"""The device: its composition root.

One asyncio loop carries the calls, the uplink and the recognizers' connections. Threads: the outbox's writer, one that
reads a changed rule pack or writes the mute's latch, and one for each light that can be unplugged. Processes: a
recognizer host for each model in use, and two workers of it for each call. Started in the order of `run_device`,
stopped in reverse.

The light comes first: it never waits for the disk or the network.
"""

import asyncio
import logging
import signal
from functools import partial
from typing import NamedTuple

from appliance.adapters import paths
from appliance.adapters.call_lock import CallLock
from appliance.adapters.identifying import Identifying
from appliance.adapters.lights import Lights
from appliance.adapters.line import Trouble
from appliance.adapters.mute_button import mute_pressed
from appliance.adapters.mute_switch import MuteSwitch
from appliance.adapters.preparation import Prepared, prepare
from appliance.adapters.renewal import Renewal
from appliance.adapters.rule_file import RuleFile
from appliance.adapters.service_manager import ServiceManager
from appliance.adapters.tasks import task_group
from appliance.adapters.watchman import Look, Watchman
from appliance.call import Call
from appliance.config import Settings
from appliance.device_state import DeviceState
from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack
from appliance.events import Event
from appliance.governor import STAGE_WORDS, Stage
from appliance.indicator.looks import Pattern, dimmed
from appliance.indicator.patterns import pattern
from appliance.remote import Remote
from appliance.reporting import Reporting
from appliance.session import CallSession, Output, Partial
from appliance.switchboard import Switchboard

log = logging.getLogger(__name__)


class Delivered(NamedTuple):
    """How many events are safe on this box, and how many of them at the server."""

    committed: int
    acknowledged: int


async def run_device(settings: Settings) -> Delivered:
    """Run the device until its line has no more calls or it is told to stop.

    Raises `BadInputError` for whatever a person has to mend, before anything has started.
    """
    prepared = prepare(settings)
    device = Device(settings, prepared)
    outbox = device.reporting.outbox
    device.watchman.start()
    await outbox.start()
    device.show_start()
    try:
        device.reporting.end_interrupted_calls()
        if prepared.host:
            await prepared.host.start()
        await device.run()
    finally:
        await prepared.stop_hosts()
        await outbox.stop()
        device.lights.stop()
        device.watchman.stop()
    return Delivered(outbox.committed, outbox.acknowledged)


class Device:
    """What the parts of the device have to know of each other."""

    def __init__(self, settings: Settings, prepared: Prepared) -> None:
        self._settings = settings
        self.lights = Lights(settings.light, self.toggle_mute, self._refresh)
        self._manager = ServiceManager()
        prepared.line.on_sign = self._manager.receive_sign
        self._shown: Pattern | None = None
        self._state = DeviceState(has_model=prepared.model is not None)
        self._board = Switchboard(prepared, self._receive_outputs, self._receive_troubles, self._receive_stage)
        self._folder = settings.state or paths.home()
        self.identifying = Identifying(self._refresh)
        self._call_lock = CallLock(self._folder)
        self._mute = MuteSwitch(prepared.line.capture, self._folder, self._refresh)
        self._remote = Remote(self._board, self._state, self._refresh, self._replace_rules, self.identifying)
        self._troubles: frozenset[Trouble] = frozenset()
        self.reporting = Reporting(settings, self._folder, self._board, self._remote, self._state, self._refresh)
        self.watchman = Watchman(settings.metrics_port, self._folder, self._look, self.reporting.show_health)
        file, given = settings.rules_file, prepared.rules
        replace, refuse, reading = self._replace_rules, self._refuse_rules, self._manager.reloading
        self._rule_file = RuleFile(file, given, replace, refuse, reading) if file else None

    def show_start(self) -> None:
        """Light up, before anything that takes time."""
        self._state.starting = True
        self.lights.start()
        self._refresh()

    async def run(self) -> None:
        """Run the uplink, and the calls of the line until it has no more or the device is told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._board.stop)
        async with task_group() as group:
            group.create_task(self.reporting.run(), name="uplink")
            watching = [
                group.create_task(self._renew(), name="renewal"),
                group.create_task(self._watch_rules(), name="rules"),
                group.create_task(self._mute.run(), name="mute"),
                group.create_task(self.watchman.run(), name="watchman"),
            ]
            loop.add_signal_handler(signal.SIGUSR1, self.toggle_mute)
            self._state.starting = False
            self._refresh()
            with mute_pressed(self._settings.mute_pin, self.toggle_mute):
                await self._board.run()
            self._manager.stopping()
            for task in watching:
                task.cancel()
            await self._mute.finish()
            await self.reporting.stop()

    def toggle_mute(self) -> None:
        """Mute the box or unmute it, as a person at it wants; to mute takes effect before this returns."""
        self._mute.toggle()

    async def _watch_rules(self) -> None:
        """Take a changed rule pack; without a file of its own the device has nothing to read again."""
        if self._rule_file:
            await self._rule_file.run()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, log.info, "event=rules_unchanged reason=shipped")

    async def _renew(self) -> None:
        """Keep the box's certificate fresh, where it has one."""
        server = self.reporting.server
        if server and server.identity:
            await Renewal(server, server.identity).run()

    def _replace_rules(self, rules: RulePack) -> None:
        log.warning("event=rules_replaced name=%r version=%r", rules.name, rules.version)
        self._board.prepared = self._board.prepared._replace(rules=rules)
        self._board.tell_all(lambda session: session.replace_rules(rules))
        self._refresh()

    def _refuse_rules(self, error: BadInputError) -> None:
        log.error("event=rules_refused error=%r mend=%r", str(error), error.mend)
        text = f"A changed rule pack was refused, the one before it stays: {error} ({error.mend})"
        self._board.tell_all(lambda session: session.receive_notice("rules_refused", text))

    def _receive_troubles(self, troubles: tuple[Trouble, ...]) -> None:
        """Show what is wrong with the line, and tell what is new to the calls that it troubles."""
        for new in (trouble for trouble in troubles if trouble not in self._troubles):
            log.warning("event=line_trouble fault=%s text=%r", new.fault, new.text)
            self._board.tell_all(partial(CallSession.receive_notice, code=new.fault, text=new.text))
        self._troubles = frozenset(troubles)
        self._state.set_line_faults(trouble.fault for trouble in troubles)
        self._refresh()

    def _receive_stage(self, stage: Stage) -> None:
        """Show that the box has too much to do, and tell the calls what is left undone."""
        self._state.set_fault("too_slow", present=stage != "all")
        for call in self._board.calls.values():
            if call.waiting_s is not None:  # a line that waits for us misses nothing
                call.tell(call.session.receive_notice("too_slow", STAGE_WORDS[stage]))
        self._refresh()

    def _receive_outputs(self, name: str, call: Call, outputs: list[Output]) -> None:
        told = [output for output in outputs if isinstance(output, Event | Partial)]
        for output in told:
            self._state.receive(name, call.sides, output)
        self._refresh()
        for output in told:
            if isinstance(output, Event):
                self.watchman.receive(output)
                self.reporting.tell(name, output, call.heard_at_s(output.end_sample))
            else:
                self.reporting.show_partial(name, output)

    def _refresh(self) -> None:
        """Bring the light, and the server's picture of it, up to date."""
        calls = self._board.calls
        paused = {name for name, call in calls.items() if call.session.is_paused}
        self._state.show_calls({name: call.session.showing for name, call in calls.items()}, paused)
        self._state.identifying = self.identifying.is_on
        self._state.is_muted = self._mute.is_muted
        self._state.set_fault("mute_not_saved", present=self._mute.is_failing)
        self._state.set_fault("light_lost", present=bool(self.lights.troubles))
        shown = dimmed(pattern(self._state.light()), self._remote.brightness)
        if shown != self._shown:
            self._shown = shown
            self.lights.show(shown)
            self._manager.show_status(shown.text)
        self._call_lock.show(is_on=bool(calls))
        self.reporting.show_status()

    def _look(self) -> Look:
        outbox = self.reporting.outbox
        return Look(
            faults=self._state.faults,
            has_server=self.reporting.server is not None,
            link_online=self._state.link_online,
            is_muted=self._mute.is_muted,
            # While the disk is full the server has events that this box never could commit.
            waiting_events=max(0, outbox.committed - outbox.acknowledged),
            calls=len(self._board.calls),
            levels_dbfs=calls[-1].levels_dbfs if (calls := list(self._board.calls.values())) else {},
        )
