"""What the device tells the central server: its greeting, its events, its partials, its state; and how the link is."""

import logging
from collections.abc import Callable
from pathlib import Path

from appliance.adapters import clock
from appliance.adapters.identity import read_identity
from appliance.adapters.outbox import Outbox
from appliance.adapters.server_settings import server_of
from appliance.adapters.uplink import LinkState, Uplink
from appliance.config import BACKLOG_MB, Settings
from appliance.delivery.envelope import Draft
from appliance.delivery.health import HealthMessage
from appliance.delivery.messages import Hello, PartialMessage
from appliance.device_state import DeviceState
from appliance.event_json import to_json
from appliance.events import Alert, CallEnded, Event
from appliance.remote import CAPABILITIES, Remote
from appliance.session import Partial
from appliance.switchboard import Switchboard
from appliance.version import VERSION

log = logging.getLogger(__name__)


class Reporting:
    """The device's side of the server: an outbox always, an uplink where a server is configured.

    The outbox lies in `folder`. `refresh` is called whenever the link or the disk has changed the device's state.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        board: Switchboard,
        remote: Remote,
        state: DeviceState,
        refresh: Callable[[], None],
    ) -> None:
        self.server = server_of(settings)
        self._own_name = settings.device
        self._board = board
        self._state = state
        self._remote = remote
        self._refresh = refresh
        self._has_ended = False
        backlog_mb = settings.central.backlog_mb if settings.central else BACKLOG_MB
        self.outbox = Outbox(folder / "outbox.db", self._receive_outbox_fault, backlog_bytes=backlog_mb * 1_000_000)
        self._uplink = (
            Uplink(self.server, self.outbox, self._hello, remote.do, self._receive_link) if self.server else None
        )

    async def run(self) -> None:
        """Keep the server told until `stop`; without one, return at once."""
        if self._uplink:
            await self._uplink.run()

    async def stop(self) -> None:
        """Say goodbye to the server; from now on a lost link is not a fault."""
        self._has_ended = True
        if self._uplink:
            await self._uplink.stop()

    def end_interrupted_calls(self) -> None:
        """End the calls that an earlier run of this device could not."""
        for call in self.outbox.unfinished_calls():
            at = call.end_sample
            ended = CallEnded(who="both", start_sample=at, end_sample=at, reason="interrupted")
            self.tell(call.call, ended, None)

    def tell(self, call: str, event: Event, heard_at_s: float | None) -> None:
        """Commit an event of a call, whose last sample was heard at `heard_at_s` of our clock, where it was live."""
        self.outbox.append(_draft(call, event, heard_at_s))

    def show_partial(self, call: str, words: Partial) -> None:
        """Tell words that may still change, where somebody wants them; they may be lost."""
        if self._uplink and self._remote.partials:
            self._uplink.show_partial(
                PartialMessage(
                    call=call,
                    who=words.side,
                    utterance=words.utterance,
                    text=words.text,
                    start_sample=words.start_sample,
                    end_sample=words.end_sample,
                )
            )

    def show_status(self) -> None:
        """Bring the server's picture of this device up to date."""
        if self._uplink:
            self._uplink.show_status(self._state.status())

    def show_health(self, health: HealthMessage) -> None:
        """Tell the server how this box is."""
        if self._uplink:
            self._uplink.show_health(health)

    def _receive_outbox_fault(self, fault: str | None) -> None:
        self._state.set_fault("outbox_full", present=fault == "outbox_full")
        self._state.set_fault("outbox_broken", present=fault == "outbox_broken")
        self._refresh()

    def _receive_link(self, state: LinkState, text: str) -> None:
        found = self._uplink.diagnosis if self._uplink else None
        log.info("event=link state=%s text=%r", state, text)
        if found:
            log.warning("event=link_fault fault=%s text=%r mend=%r", found.fault, found.text, found.mend)
        if self._has_ended:
            return  # our own goodbye is not a fault
        fault = found.fault if found else "link_refused" if state == "refused" else None
        self._state.set_link(online=state == "online", fault=fault)
        self._refresh()

    def _hello(self) -> Hello:
        prepared = self._board.prepared
        models = {choice.model.name: None for choice in prepared.choices.values() if choice.model}
        return Hello(
            device=self._name(),
            firmware=VERSION,
            boot=clock.boot_id(),
            last_seq=0,
            clock_synchronised=clock.is_synchronised(),
            models=tuple(models),
            rules=f"{prepared.rules.name} {prepared.rules.version}",
            capabilities=CAPABILITIES,
        )

    def _name(self) -> str:
        """Give the name that our credential stands for: a certificate tells it, a token does not."""
        enrolled = self.server.identity if self.server else None
        return read_identity(enrolled).device if enrolled else self._own_name


def _draft(call: str, event: Event, heard_at_s: float | None) -> Draft:
    in_time = clock.is_synchronised()
    return Draft(
        call=call,
        occurred_at=clock.utc(),
        clock_synchronised=in_time,
        boot=None if in_time else clock.boot_id(),
        uptime_s=None if in_time else clock.uptime_s(),
        event=to_json(event),
        heard_at=None if heard_at_s is None else clock.utc(heard_at_s),
        shown_at=clock.utc() if isinstance(event, Alert) else None,
    )
