"""The rule pack's file: read at the start, and again whenever it changes or somebody sends SIGHUP.

A pack is taken whole or not at all. One that cannot be used is told, once, and the pack before it stays.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path
from typing import Final

from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack, parse_rules
from appliance.toml_table import MAX_FILE_BYTES

POLL_S: Final = 1.0
"""How often the file is looked at. A change is taken when it has stood for so long: editors write in pieces."""

Stamp = tuple[int, int, int] | None


def load_rules(file: Path | None, language: str) -> RulePack:
    """Read the rules of a file, or else the pack that ships for the language (none ships for most: no rules)."""
    if file is not None:
        return parse_rules(_read(file), str(file))
    shipped = resources.files("appliance") / "rules" / f"{language.partition('-')[0]}.toml"
    if not shipped.is_file():
        return RulePack("none", "0", language, (), ())
    return parse_rules(shipped.read_bytes(), shipped.name)


class RuleFile:
    """Watches the file of the pack in use, `current`, from now on. The callbacks run in the loop of `run`.

    `reading` is around the reading that somebody has asked for.
    """

    def __init__(
        self,
        file: Path,
        current: RulePack,
        on_replaced: Callable[[RulePack], None],
        on_refused: Callable[[BadInputError], None],
        reading: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._file = file
        self._current = current
        self._on_replaced = on_replaced
        self._on_refused = on_refused
        self._reading = reading
        self._asked = asyncio.Event()
        self._taken = _stamp(file)

    async def run(self) -> None:
        """Watch until cancelled."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
        seen = self._taken
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), POLL_S)
            stamp = _stamp(self._file)
            if self._asked.is_set() or (stamp == seen and stamp != self._taken):
                self._taken = stamp
                with self._reading() if self._asked.is_set() else contextlib.nullcontext():
                    self._asked.clear()
                    await self._read_again()
            seen = stamp

    async def _read_again(self) -> None:
        try:
            # In a thread: a large pack takes a while to read, and the light must not wait for it.
            pack = await asyncio.to_thread(lambda: ready(load_rules(self._file, self._current.language)))
        except BadInputError as error:
            self._on_refused(error)
            return
        if pack != self._current:
            self._current = pack
            self._on_replaced(pack)


def ready(pack: RulePack) -> RulePack:
    """Compile a pack's patterns, which is otherwise done at the first words."""
    pack.index.find("caller", ())
    return pack


def _read(file: Path) -> bytes:
    """Read the file, but no more of it than what tells that it is too large."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadInputError(
            f"the rules cannot be read ({error.strerror})", where=str(file), mend="check the path and its rights"
        ) from error


def _stamp(file: Path) -> Stamp:
    """Give what changes when the file does; None while there is none."""
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
