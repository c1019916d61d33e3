"""What the central server may ask of the device, and what it has changed here until the next start."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec

from appliance.adapters.identifying import Identifying
from appliance.adapters.rule_file import ready
from appliance.commands import COMMANDS, told
from appliance.delivery.messages import Command, Result
from appliance.delivery.orders import Config, ErrorCode, Guidance, Identify, Rules, Supervisor
from appliance.device_state import DeviceState
from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack, parse_rules
from appliance.switchboard import Switchboard

SUPERVISOR_S: Final = 30.0
"""How long the agent is told of a supervisor: until it was read, and not for the rest of the call."""

CAPABILITIES: Final = (*COMMANDS, "identify", "rules", "config")
"""The commands that this device can do."""


class Remote:
    """Does commands. `refresh` brings the light up to date, `replace_rules` takes another pack for all calls."""

    def __init__(
        self,
        board: Switchboard,
        state: DeviceState,
        refresh: Callable[[], None],
        replace_rules: Callable[[RulePack], None],
        identifying: Identifying,
    ) -> None:
        self.partials = True
        self.brightness = 1.0
        self._board = board
        self._state = state
        self._refresh = refresh
        self._replace_rules = replace_rules
        self._identifying = identifying
        self._guided: asyncio.TimerHandle | None = None

    async def do(self, command: Command) -> Result:
        """Do a command, or say why not; then nothing has happened."""
        try:
            return await self._do(command)
        except msgspec.ValidationError as error:
            return _no(command, "bad_arguments", str(error))
        except BadInputError as error:
            return _no(command, "refused", f"{error} ({error.mend})" if error.mend else str(error))

    async def _do(self, command: Command) -> Result:
        if command.name in COMMANDS:
            return self._tell_call(command)
        match command.name:
            case "identify":
                return self._identify(command)
            case "rules":
                return await self._take_rules(command)
            case "config":
                return self._configure(command)
            case "update":
                return _no(command, "not_available", "this box cannot update itself")
        return _no(command, "unknown_command", f"unknown command {command.name!r}")

    def _tell_call(self, command: Command) -> Result:
        call = self._board.calls.get(str(command.arguments.get("call")))
        if call is None:
            return _no(command, "no_such_call", "this call is over")
        call.tell(COMMANDS[command.name](call.session, command.arguments))
        if command.name == "guidance":
            order = msgspec.convert(command.arguments, Guidance)
            self._show(f"{'! ' if order.tone == 'urgent' else ''}{order.text}", order.show_s)
        elif command.name == "supervisor":
            self._show(told(msgspec.convert(command.arguments, Supervisor)), SUPERVISOR_S)
        self._refresh()
        return _yes(command)

    def _show(self, text: str, for_s: float) -> None:
        """Show a text beside the light, in place of the one before."""
        if self._guided:
            self._guided.cancel()
        self._state.guidance = " ".join(text.split())
        self._guided = asyncio.get_running_loop().call_later(for_s, self._end_guidance)

    def _end_guidance(self) -> None:
        self._state.guidance = ""
        self._refresh()

    def _identify(self, command: Command) -> Result:
        self._identifying.begin(msgspec.convert(command.arguments, Identify).show_s)
        return _yes(command)

    async def _take_rules(self, command: Command) -> Result:
        order = msgspec.convert(command.arguments, Rules)
        # In a thread: a large pack takes a while to read, and the light must not wait for it.
        pack = await asyncio.to_thread(lambda: ready(parse_rules(order.pack, "the server's pack")))
        language = self._board.prepared.language
        if pack.version != order.version:
            raise BadInputError(
                f"the pack says that it is version {pack.version}, the command says {order.version}",
                mend="send the version that stands in the pack",
            )
        if pack.language != language:
            raise BadInputError(
                f"the pack is for {pack.language}, this box hears {language}", mend="send a pack for its language"
            )
        self._replace_rules(pack)
        return _yes(command, rules=f"{pack.name} {pack.version}")

    def _configure(self, command: Command) -> Result:
        order = msgspec.convert(command.arguments, Config)
        if order.partials is not None:
            self.partials = order.partials
        if order.brightness is not None:
            self.brightness = order.brightness
        if order.log_level is not None:
            logging.getLogger().setLevel(order.log_level.upper())
        self._refresh()
        level = logging.getLevelName(logging.getLogger().level).lower()
        return _yes(command, partials=self.partials, brightness=self.brightness, log_level=level)


def _yes(command: Command, **details: Any) -> Result:  # noqa: ANN401 - any JSON value
    return Result(id=command.id, ok=True, details=details)


def _no(command: Command, code: ErrorCode, error: str) -> Result:
    return Result(id=command.id, ok=False, code=code, error=error)
