"""The device: its composition root.

One asyncio loop carries the call, the uplink and the recognizers' connections. Threads: the outbox's writer, and one
that reads a changed rule pack. Processes: a recognizer host for each model in use and its two workers. Started in the
order of `run_device`, stopped in reverse.

The light comes first: it never waits for the disk or the network.
"""

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.adapters import clock, paths
from appliance.adapters.light import Light, light
from appliance.adapters.outbox import Outbox
from appliance.adapters.preparation import Prepared, prepare
from appliance.adapters.recording import paced, unpaced
from appliance.adapters.rule_file import RuleFile
from appliance.adapters.tasks import task_group
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.call import Call
from appliance.commands import COMMANDS
from appliance.config import Settings
from appliance.delivery.envelope import Draft
from appliance.delivery.messages import Command, Hello, PartialMessage, Result, StatusMessage
from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack
from appliance.events import Alert, BandMeasured, CallEnded, Event, Gap, Utterance, Who, to_json
from appliance.indicator.patterns import Fault, LightState, Pattern, pattern
from appliance.session import Output, Partial
from appliance.speech.frames import Frame
from appliance.version import VERSION

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Delivered(NamedTuple):
    """How many events are safe on this box, and how many of them at the server."""

    committed: int
    acknowledged: int


async def run_device(settings: Settings) -> Delivered:
    """Run the device until its line ends or it is told to stop.

    Raises `BadInputError` for whatever a person has to mend, before anything has started.
    """
    prepared = prepare(settings)
    device = Device(settings, prepared)
    await device.outbox.start()
    try:
        device.end_interrupted_calls()
        if prepared.host:
            await prepared.host.start()
        await device.run()
    finally:
        await prepared.stop_hosts()
        await device.outbox.stop()
    return Delivered(device.outbox.committed, device.outbox.acknowledged)


class Device:
    """What the parts of the device have to know of each other."""

    def __init__(self, settings: Settings, prepared: Prepared) -> None:
        self._settings = settings
        self._prepared = prepared
        self._light: Light = light(settings.light)
        self._shown: Pattern | None = None
        # Until the first attempt has failed there is nothing to tell anybody.
        self._link_online = True
        self._lost_sides: set[Who] = set()
        self._faults: set[Fault] = set() if prepared.model else {"no_model"}
        self._deaf_sides: set[Who] = set() if prepared.model else {*prepared.line.sides}
        self._call: Call | None = None
        self._call_name = ""
        self._has_ended = False
        self.outbox = Outbox((settings.state or paths.home()) / "outbox.db", self._receive_outbox_fault)
        self.uplink = self._new_uplink()
        file, given = settings.rules_file, prepared.rules
        self._rule_file = RuleFile(file, given, self._replace_rules, self._refuse_rules) if file else None

    def end_interrupted_calls(self) -> None:
        """End the calls that an earlier run of this device could not."""
        for call in self.outbox.unfinished_calls():
            at = call.end_sample
            self._append(call.call, CallEnded(who="both", start_sample=at, end_sample=at, reason="interrupted"))

    async def run(self) -> None:
        """Run the uplink, and one call from the line's first frame to its last."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        async with task_group() as group:
            if self.uplink:
                group.create_task(self.uplink.run(), name="uplink")
            watching = group.create_task(self._watch_rules(), name="rules")
            await self._run_call()
            watching.cancel()
            if self.uplink:
                await self.uplink.stop()

    async def _run_call(self) -> None:
        self._call_name = f"{clock.utc().replace(':', '').replace('-', '')[:15]}Z-{secrets.token_hex(4)}"
        line = self._prepared.line
        fast = self._settings.line.pace == "fast"
        self._call = Call(
            self._prepared.new_session(), line.sides, self._prepared.hosts, self._receive_outputs, lockstep=fast
        )
        steps = unpaced(line.frames()) if fast else paced(line.frames())
        await self._call.run(self._noted(steps))
        self._call = None
        self._has_ended = True
        self._refresh()

    async def _noted(self, steps: AsyncIterator[tuple[Frame, ...]]) -> AsyncIterator[tuple[Frame, ...]]:
        """Say when the first frame was heard: from then on the box is not deaf."""
        log.info("event=listening call=%s", self._call_name)
        async for step in steps:
            yield step

    async def _watch_rules(self) -> None:
        """Take a changed rule pack; without a file of its own the device has nothing to read again."""
        if self._rule_file:
            await self._rule_file.run()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, log.info, "event=rules_unchanged reason=shipped")

    def _replace_rules(self, rules: RulePack) -> None:
        log.warning("event=rules_replaced name=%r version=%r", rules.name, rules.version)
        self._prepared = self._prepared._replace(rules=rules)
        if self._call:
            self._call.tell(self._call.session.replace_rules(rules))
            self._refresh()

    def _refuse_rules(self, error: BadInputError) -> None:
        log.error("event=rules_refused error=%r mend=%r", str(error), error.mend)
        if self._call:
            text = f"A changed rule pack was refused, the one before it stays: {error} ({error.mend})"
            self._call.tell(self._call.session.receive_notice("rules_refused", text))

    def _stop(self) -> None:
        if self._call:
            self._call.stop()

    def _receive_outputs(self, outputs: list[Output]) -> None:
        self._refresh()
        for output in outputs:
            if isinstance(output, Partial):
                self._note_recognizer(output)
                self._show_partial(output)
            elif isinstance(output, Event):
                self._note_band(output)
                self._note_recognizer(output)
                self._append(self._call_name, output)

    def _refresh(self) -> None:
        """Bring the light, and the server's picture of it, up to date."""
        state = self._light_state()
        shown = pattern(state)
        if shown != self._shown:
            self._shown = shown
            self._light.show(shown)
        if self.uplink:
            self.uplink.show_status(self._status(state))

    def _light_state(self) -> LightState:
        faults = frozenset(self._faults)
        if not self._call:
            return LightState(link_online=self._link_online, faults=faults)
        showing = self._call.session.showing
        return LightState(
            level=showing.level,
            blinking=showing.blinking,
            reason=showing.reason,
            link_online=self._link_online,
            faults=faults,
            in_call=True,
        )

    def _status(self, state: LightState) -> StatusMessage:
        alert = self._call.session.showing.alert if self._call else 0
        return StatusMessage(
            call=self._call_name if self._call else None,
            level=state.level,
            blinking=state.blinking,
            reason=state.reason,
            alert=alert or None,
            faults=tuple(sorted(state.faults)),
        )

    def _show_partial(self, partial: Partial) -> None:
        if self.uplink:
            self.uplink.show_partial(
                PartialMessage(
                    call=self._call_name,
                    who=partial.side,
                    utterance=partial.utterance,
                    text=partial.text,
                    start_sample=partial.start_sample,
                    end_sample=partial.end_sample,
                )
            )

    def _append(self, call: str, event: Event) -> None:
        heard_at_s = self._call.heard_at_s(event.end_sample) if self._call else None
        self.outbox.append(
            Draft(
                call=call,
                occurred_at=clock.utc(),
                clock_synchronised=clock.is_synchronised(),
                event=to_json(event),
                heard_at=None if heard_at_s is None else clock.utc(heard_at_s),
                shown_at=clock.utc() if isinstance(event, Alert) else None,
            )
        )

    def _note_band(self, event: Event) -> None:
        """Show that no model hears a side, from when its band was measured until it carries another one."""
        if isinstance(event, BandMeasured):
            self._deaf_sides -= {event.who}
            self._deaf_sides |= set() if event.model else {event.who}
            self._set_fault("no_model", present=bool(self._deaf_sides))

    def _note_recognizer(self, output: Event | Partial) -> None:
        """Show a lost recognizer from the hole that it left until words of that side come again."""
        if isinstance(output, Gap) and output.reason == "recognizer_lost":
            self._lost_sides.add(output.who)
        elif isinstance(output, Utterance):
            self._lost_sides.discard(output.who)
        elif isinstance(output, Partial):
            self._lost_sides.discard(output.side)
        self._set_fault("recognizer_lost", present=bool(self._lost_sides))

    def _receive_outbox_fault(self, fault: str | None) -> None:
        self._set_fault("outbox_full", present=fault == "outbox_full")
        self._set_fault("outbox_broken", present=fault == "outbox_broken")

    def _receive_link(self, state: LinkState, text: str) -> None:
        log.info("event=link state=%s text=%r", state, text)
        if self._has_ended:
            return  # our own goodbye is not a fault
        self._link_online = state == "online"
        self._set_fault("link_refused", present=state == "refused")
        self._refresh()

    def _set_fault(self, fault: Fault, *, present: bool) -> None:
        if present == (fault in self._faults):
            return
        if present:
            self._faults.add(fault)
        else:
            self._faults.remove(fault)
        self._refresh()

    def _new_uplink(self) -> Uplink | None:
        central = self._settings.central
        if central is None:
            return None
        server = Server(central.url, central.token_file, central.ca_file)
        return Uplink(server, self.outbox, self._hello, self._do, self._receive_link)

    def _hello(self) -> Hello:
        rules = self._prepared.rules
        models = {choice.model.name: None for choice in self._prepared.choices.values() if choice.model}
        return Hello(
            device=self._settings.device,
            firmware=VERSION,
            boot=BOOT_ID.read_text().strip(),
            last_seq=0,
            clock_synchronised=clock.is_synchronised(),
            models=tuple(models),
            rules=f"{rules.name} {rules.version}",
            capabilities=tuple(COMMANDS),
        )

    def _do(self, command: Command) -> Result:
        if command.name not in COMMANDS:
            return Result(id=command.id, ok=False, error=f"unknown command {command.name!r}")
        if not self._call or command.arguments.get("call") != self._call_name:
            return Result(id=command.id, ok=False, error="this call is over")
        try:
            outputs = COMMANDS[command.name](self._call.session, command.arguments)
        except (msgspec.ValidationError, BadInputError) as error:
            return Result(id=command.id, ok=False, error=str(error))
        self._call.tell(outputs)
        self._refresh()
        return Result(id=command.id, ok=True)
