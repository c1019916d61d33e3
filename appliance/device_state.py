"""What is wrong with the box and what its calls show, made into one picture for the light and the server."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from appliance.delivery.messages import CallStatus, StatusMessage
from appliance.escalation.ladder import RANK, Showing
from appliance.events import BandMeasured, CallEnded, CallStarted, Event, Gap, Utterance
from appliance.indicator.patterns import LINK_FAULTS, Fault, LightState
from appliance.session import Partial
from appliance.speech.frames import Side

NO_CALL: Final = Showing()


class DeviceState:
    """The state of the box as it tells it; whoever changes it looks afterwards what the light must show."""

    def __init__(self, *, has_model: bool) -> None:
        # Until the first attempt has failed there is nothing to tell anybody.
        self.link_online = True
        self.is_muted = False
        """Whether nothing is captured, as the line itself says."""
        self.identifying = False
        self.guidance = ""
        self.starting = False
        self.updating = False
        self._has_model = has_model
        self._faults: set[Fault] = set()
        self._of_line: tuple[Fault, ...] = ()
        self._lost: set[tuple[str, Side]] = set()
        """Voices whose recognizer died, by call, from the hole that it left until their words come again."""
        self._deaf: set[tuple[str, Side]] = set()
        """Voices that no model hears, from when their band was measured until they carry another one."""
        self._slow: set[tuple[str, Side]] = set()
        """Voices whose words were left out because recognition fell behind, until their words come again."""
        self._calls: Mapping[str, Showing] = {}
        self._paused: Collection[str] = ()

    @property
    def faults(self) -> frozenset[Fault]:
        """Give all that is wrong."""
        found = {*self._faults, *self._of_line}
        if self._deaf or (not self._calls and not self._has_model):
            found.add("no_model")
        if self._lost:
            found.add("recognizer_lost")
        if self._slow:
            found.add("too_slow")
        return frozenset(found)

    def set_fault(self, fault: Fault, *, present: bool) -> None:
        """Take that something is wrong, or no longer."""
        if present:
            self._faults.add(fault)
        else:
            self._faults.discard(fault)

    def set_link(self, *, online: bool, fault: Fault | None) -> None:
        """Take whether the server is reached, and what is wrong with the way to it."""
        self.link_online = online
        self._faults -= LINK_FAULTS
        if fault:
            self._faults.add(fault)

    def set_line_faults(self, faults: Iterable[Fault]) -> None:
        """Take all that is wrong with the line now."""
        self._of_line = tuple(faults)

    def receive(self, call: str, sides: Iterable[Side], output: Event | Partial) -> None:
        """Take what a call says; its sides are those that it has."""
        match output:
            case CallStarted(model=""):
                self._deaf |= {(call, side) for side in sides}
            case BandMeasured(model=model):
                voices = {(call, side) for side in sides if side == output.who}
                self._deaf = self._deaf - voices if model else self._deaf | voices
            case Gap(reason="recognizer_lost"):
                self._lost |= {(call, side) for side in sides if side == output.who}
            case Gap(reason="recognizer_behind"):
                self._slow |= {(call, side) for side in sides if side == output.who}
            case Utterance() | Partial():
                who = output.side if isinstance(output, Partial) else output.who
                self._lost.discard((call, who))
                self._slow.discard((call, who))
            case CallEnded():
                self._deaf = {voice for voice in self._deaf if voice[0] != call}
                self._lost = {voice for voice in self._lost if voice[0] != call}
                self._slow = {voice for voice in self._slow if voice[0] != call}

    def show_calls(self, calls: Mapping[str, Showing], paused: Collection[str] = ()) -> None:
        """Take what the ladder of each call in progress shows, by its name, oldest first, and which are paused."""
        self._calls, self._paused = calls, paused

    def light(self) -> LightState:
        """Give what the light depends on: of several calls the one that needs somebody most."""
        _, showing = self._first()
        return LightState(
            level=showing.level,
            blinking=showing.blinking,
            reason=showing.reason,
            link_online=self.link_online,
            faults=self.faults,
            muted=self.is_muted,
            paused=bool(self._paused),
            in_call=bool(self._calls),
            identifying=self.identifying,
            guidance=self.guidance,
            starting=self.starting,
            updating=self.updating,
        )

    def status(self) -> StatusMessage:
        """Give what the server is told."""
        name, showing = self._first()
        return StatusMessage(
            call=name,
            level=showing.level,
            blinking=showing.blinking,
            reason=showing.reason,
            alert=showing.alert or None,
            faults=tuple(sorted(self.faults)),
            muted=self.is_muted,
            calls=tuple(
                CallStatus(each, shown.level, shown.blinking, shown.reason, shown.alert or None, each in self._paused)
                for each, shown in self._calls.items()
            ),
        )

    def _first(self) -> tuple[str | None, Showing]:
        """Give the call that needs somebody most, and among equals the one that began first."""
        if not self._calls:
            return None, NO_CALL
        return max(self._calls.items(), key=lambda item: (RANK[item[1].level], item[1].blinking))
