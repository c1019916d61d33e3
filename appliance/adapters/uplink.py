"""The link to the central server: connects, sends what the outbox holds, and comes back when it breaks.

The WebSocket library's own reconnecting is not used: it gives up on some answers that pass, and hammers on others
that do not. Here every way in which an attempt can end is one `_Ending`, with what to tell and how long to wait.
"""

import asyncio
import contextlib
import logging
import random
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Final, Literal

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.http11 import Response

from appliance.adapters.event_log import EventLog
from appliance.adapters.link_faults import Diagnosis, diagnosis_of
from appliance.adapters.uplink_dial import Door, door_of
from appliance.adapters.uplink_link import ByeReceivedError, Link, first_line
from appliance.adapters.uplink_outgoing import LinkError, Outgoing
from appliance.adapters.uplink_server import NotEnrolledError, OutOfDateError, Server
from appliance.delivery.answers import Answers
from appliance.delivery.backoff import CAP_S, delays, spread
from appliance.delivery.cells import Cells
from appliance.delivery.health import HealthMessage
from appliance.delivery.messages import Bye, Command, Hello, PartialMessage, Result, StatusMessage
from appliance.delivery.policy import (
    CLOSE_CODES,
    MAX_RETRY_AFTER_S,
    MAX_RETURN_WITHIN_S,
    DeviceTiming,
)
from appliance.errors import BadInputError

LinkState = Literal["online", "offline", "refused"]

FLUSH_S: Final = 5.0
"""What a person who stops the box will wait; what is left goes out after the next start."""

LOOK_FOR_IDENTITY_S: Final = 5.0
"""A box that is being enrolled goes on line by itself, and one whose clock is set right; until then it looks into its
own folder and nowhere else."""

_CLOCK_MAY_BE_WRONG: Final = frozenset({9, 10})
"""OpenSSL's "not yet valid" and "has expired": a box without a clock chip says so until it knows the time."""

PATIENT: Final = DeviceTiming()

_MAX_NAME: Final = 64
"""Of what a server says, in a log."""

_OUR_CODES: Final = 4_000
"""From here on a close code says our reason and nothing else."""

_log = logging.getLogger(__name__)

Backoff = Callable[[float], Iterator[float]]
"""Gives the waits before each try, for a server that wants all back within so many seconds (0: it did not say)."""


class _Ending(msgspec.Struct, frozen=True):
    """How an attempt ended: what to tell, and how long to wait at least.

    `look_again_s` is for what we see here ourselves, without asking anybody.
    """

    state: LinkState
    text: str
    at_least_s: float = 0.0
    look_again_s: float | None = None


class Uplink:
    """The device's side of `undertone.v1`.

    `hello` gives what to say of ourselves at each connection; its `last_seq` is filled in here. `on_command` does a
    command and gives its result; it is called once per command id. `on_link` hears "online", "offline" (it will come
    back by itself) or "refused" (somebody has to act), with a text for people. Both are called on the loop.
    Raises `BadInputError` for a server that cannot be used.
    """

    def __init__(
        self,
        server: Server | Door,
        outbox: EventLog,
        hello: Callable[[], Hello],
        on_command: Callable[[Command], Awaitable[Result]],
        on_link: Callable[[LinkState, str], None],
        *,
        timing: DeviceTiming = PATIENT,
        backoff: Backoff = lambda return_within_s: delays(random.random, return_within_s),
    ) -> None:
        self._door = door_of(server, timing) if isinstance(server, Server) else server
        self._outbox = outbox
        self._hello = hello
        self._on_command = on_command
        self._on_link = on_link
        self._timing = timing
        self._backoff = backoff
        self.return_within_s = 0.0
        """Over how long the server wants its devices to come back."""
        self._cells = Cells()
        self._answers = Answers()
        self._link_is: tuple[LinkState, str] | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._gave_up = False
        self.diagnosis: Diagnosis | None = None
        """What is wrong with the link that somebody has to mend, as the last try has shown."""

    def show_partial(self, partial: PartialMessage) -> None:
        """Show the newest words of an utterance in progress; sent if there is a connection, never kept."""
        self._cells.put_partial(partial)
        self._outbox.news.set()

    def show_status(self, status: StatusMessage) -> None:
        """Show the state of the device, now and after every welcome until it changes."""
        self._cells.put_status(status)
        self._outbox.news.set()

    def show_health(self, health: HealthMessage) -> None:
        """Show how the device is, now and after every welcome."""
        self._cells.put_health(health)
        self._outbox.news.set()

    async def run(self) -> None:
        """Keep the link up until `stop`, then return."""
        self._task = asyncio.current_task()
        waits = self._backoff(self.return_within_s)
        try:
            while not self._stopping.is_set():
                spread_over_s = self.return_within_s
                ending, was_good = await self._attempt()
                if was_good or self.return_within_s != spread_over_s:
                    waits = self._backoff(self.return_within_s)
                self._tell(ending.state, ending.text)
                wait_s = max(next(waits), spread(ending.at_least_s, random.random))
                await self._pause(wait_s if ending.look_again_s is None else ending.look_again_s)
        except asyncio.CancelledError:
            if not self._gave_up:
                raise
        finally:
            self._ended.set()

    async def stop(self, within_s: float = FLUSH_S) -> None:
        """Send what the outbox holds, as far as that goes `within_s`, say goodbye and end `run`."""
        self._stopping.set()
        self._outbox.news.set()
        if self._task is None:
            return
        try:
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        except TimeoutError:
            self._gave_up = True
            self._task.cancel()
            await self._ended.wait()

    async def _attempt(self) -> tuple[_Ending, bool]:
        """Connect and stay connected as long as it goes. Gives how it ended and whether it was good."""
        link: Link | None = None
        try:
            async with self._diagnosing(), self._door.dial() as socket:
                outgoing = Outgoing(socket, self._outbox, self._cells, self._timing, self._stopping)
                link = Link(socket, self._outbox, outgoing, self._do, self._timing)
                welcome = await link.greet(msgspec.structs.replace(self._hello(), last_seq=self._outbox.last_seq))
                self.return_within_s = min(welcome.return_within_s, MAX_RETURN_WITHIN_S)
                self.diagnosis = None
                self._tell("online", self._door.url)
                await link.run()
                ending = _Ending("offline", "stopped")
        except (NotEnrolledError, OutOfDateError) as error:
            ending = _Ending("refused", str(error), look_again_s=LOOK_FOR_IDENTITY_S)
        except BadInputError as error:
            ending = _Ending("refused", str(error), self._timing.refused_s)
        except InvalidStatus as error:
            ending = self._after_status(error.response)
        except ByeReceivedError as error:
            ending = self._after_bye(error.bye, str(error))
        except ssl.SSLCertVerificationError as error:
            ending = self._after_certificate(error)
        except ConnectionClosed as error:
            ending = self._after_close(error)
        except (OSError, WebSocketException, LinkError, sqlite3.Error) as error:
            ending = _Ending("offline", str(error) or type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the call goes on without a link, whatever is wrong with it
            _log.exception("link failed")
            ending = _Ending("offline", f"internal error: {type(error).__name__}", CAP_S)
        return ending, link is not None and link.was_good

    @contextlib.asynccontextmanager
    async def _diagnosing(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception as error:
            self.diagnosis = diagnosis_of(error, by_certificate=self._door.by_certificate)
            raise

    def _after_status(self, response: Response) -> _Ending:
        status, retry_after = response.status_code, response.headers.get("Retry-After", "")
        if status in {401, 403}:
            return _Ending("refused", f"the server refuses this box's token (HTTP {status})", self._timing.refused_s)
        asked_s = _bounded(float(retry_after)) if retry_after.isascii() and retry_after.isdigit() else 0.0
        body = bytes(response.body or b"").decode("utf-8", "replace") if status == HTTPStatus.BAD_REQUEST else ""
        return _Ending(
            "offline", f"the server answers HTTP {status}" + (f": {first_line(body)}" if body else ""), asked_s
        )

    def _after_bye(self, bye: Bye, text: str) -> _Ending:
        asked_s = _bounded(bye.retry_after_s or 0.0)
        match bye.reason:
            case "unauthorized" | "revoked" | "replaced":
                # Replaced on a connection that works: another box has our token, and the two would push each other out.
                return _Ending("refused", text, asked_s or self._timing.refused_s)
            case "overloaded" | "protocol_error":
                return _Ending("offline", text, asked_s or CAP_S)
            case "stopping":
                return _Ending("offline", text, asked_s)

    def _after_certificate(self, error: ssl.SSLCertVerificationError) -> _Ending:
        text = f"the server's certificate is not accepted: {error.verify_message}"
        if error.verify_code in _CLOCK_MAY_BE_WRONG:
            return _Ending("offline", text)
        return _Ending("refused", text, self._timing.refused_s)

    def _after_close(self, error: ConnectionClosed) -> _Ending:
        """Read from the close code what a goodbye would have said that was lost on the way."""
        code = error.rcvd.code if error.rcvd else None
        for reason, meant in CLOSE_CODES.items():
            if meant == code and meant >= _OUR_CODES:
                return self._after_bye(Bye(reason=reason), f"the server says {reason}")
        return _Ending("offline", str(error))

    async def _do(self, command: Command) -> Result:
        if known := self._answers.known(command.id):
            return known
        try:
            result = await self._on_command(command)
        except Exception:  # noqa: BLE001 - a command must not end the link
            _log.exception("command=%r id=%r", command.name[:_MAX_NAME], command.id[:_MAX_NAME])
            result = Result(id=command.id, ok=False, code="failed", error="the box could not do this")
        self._answers.remember(result)
        return result

    async def _pause(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _tell(self, state: LinkState, text: str) -> None:
        if (state, text) != self._link_is:
            self._link_is = (state, text)
            _log.info("link=%s %s", state, text)
            self._on_link(state, text)


def _bounded(wait_s: float) -> float:
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)
