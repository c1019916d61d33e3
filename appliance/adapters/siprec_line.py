"""The line `siprec`: the box is a recording server to which a PBX or SBC sends both voices of each call (RFC 7866)."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Final

from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall, LineKind, Report, Sign, Trouble, unseen
from appliance.adapters.sip_transport import Address, SipTransport
from appliance.adapters.siprec_call import DEAD_S, SILENT_S, SiprecCall
from appliance.adapters.siprec_door import REALM, allow_list, read_passwords, server_tls
from appliance.events import Band
from appliance.siprec_settings import SiprecSettings
from appliance.telephony.sip_actions import Action, Closed, Confirmed, Offered, Peer, Refused, Send
from appliance.telephony.sip_digest import DigestGuard
from appliance.telephony.sip_status import RefusedError
from appliance.telephony.siprec_roles import AgentRule
from appliance.telephony.siprec_server import Admission, RecordingServer

log = logging.getLogger(__name__)

TICK_S: Final = 0.2
"""SIP's shortest timer is half a second."""

FAREWELL_S: Final = 0.5
"""For the answers to our BYEs as the device stops; the line has a second to end its calls."""

REFUSALS_S: Final = 60.0
"""The same refusal of the same host is logged once in this time."""

MAX_REFUSALS: Final = 256
"""Kinds of refusals that are remembered as logged."""


class SiprecLine:
    """A line with as many calls at once as the settings allow. Raises `BadInputError` for files that are not usable."""

    kind: LineKind = "siprec"
    band: Band = "narrow"

    def __init__(self, settings: SiprecSettings) -> None:
        self.on_sign: Sign = unseen
        self.busy = ""
        self.capture = Capture()
        self._settings = settings
        self._rule = AgentRule(
            settings.agent_addresses, settings.agent_names, ("first", "second").index(settings.agent_stream)
        )
        allows = allow_list(settings.allow)
        secret = secrets.token_bytes(64)
        passwords = read_passwords(settings.credentials_file) if settings.credentials_file else None
        guard = DigestGuard(REALM, passwords, secret, settings.digest) if passwords else None
        admission = Admission(settings.max_calls, plain=settings.plain_calls)
        self._server = RecordingServer(admission, allows, guard, secret)
        self._transport = SipTransport(self._receive, allows, server_tls(settings))
        self._calls: dict[str, SiprecCall] = {}
        self._begun: asyncio.Queue[LineCall] = asyncio.Queue()
        self._refusals: dict[tuple[str, int], float] = {}
        self._report: Report = lambda _: None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where it listens, once it does."""
        return tuple(self._transport.addresses)

    async def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
        """Give each recording session as it begins, for ever; to close it hangs all of them up."""
        self._report = report
        for wanted in self._settings.listen:
            await self._transport.listen(Address(wanted.transport, wanted.host, wanted.port))
        for address in self._transport.addresses:
            log.info("event=sip_listening transport=%s host=%s port=%d", *address)
        ticking = asyncio.create_task(self._tick(), name="sip-timers")
        try:
            while True:
                yield await self._begun.get()
        finally:
            ticking.cancel()
            await self._say_goodbye()

    def _receive(self, data: bytes, peer: Peer) -> None:
        self._act(self._server.receive(data, peer, time.monotonic()))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send():
                    self._transport.send(action)
                case Offered():
                    self._take_offer(action)
                case Confirmed(session=session, metadata=metadata) if call := self._calls.get(session):
                    call.take_metadata(metadata)
                case Closed(session=session, reason=reason) if call := self._calls.pop(session, None):
                    log.info("event=sip_session_over session=%s reason=%s", session, reason)
                    call.end(reason)
                case Refused():
                    self._tell_refusal(action)
                case _:
                    pass

    def _take_offer(self, offered: Offered) -> None:
        now_s = time.monotonic()
        try:
            call = self._calls.get(offered.session)
            if call:
                call.take_offer(offered)
            else:
                call = SiprecCall(offered, self._rule, self._settings, self.capture)
                self._calls[offered.session] = call
                self._begun.put_nowait(call.line_call)
        except RefusedError as error:
            log.warning("event=sip_offer_refused status=%d error=%r", error.status, str(error))
            self._act(self._server.decline(offered.session, error, now_s))
            return
        self._act(self._server.accept(offered.session, call.ports, call.keys, now_s))

    async def _tick(self) -> None:
        silent: set[str] = set()
        while True:
            now_s = time.monotonic()
            self._note_load()
            self._act(self._server.wake(now_s))
            self._transport.tell_floods()
            silent = self._watch_media(now_s, silent)
            self._server.silent = frozenset(silent)
            self.on_sign()
            await asyncio.sleep(TICK_S)

    def _note_load(self) -> None:
        """Take no new call while the box is behind; calls that are on go on."""
        if self.busy != self._server.admission.busy:
            log.warning("event=%s", "sip_calls_refused reason=behind" if self.busy else "sip_calls_taken_again")
            self._server.admission = self._server.admission._replace(busy=self.busy)

    def _watch_media(self, now_s: float, before: set[str]) -> set[str]:
        """Say which calls bring no sound, and hang up those that are dead; gives the silent ones."""
        silent_s = {session: call.silent_s(now_s) for session, call in self._calls.items()}
        silent = {session for session, seconds in silent_s.items() if seconds > SILENT_S}
        if silent != before:
            text = f"{len(silent)} recorded calls bring no sound: let UDP from the PBX reach this box"
            self._report((Trouble("line_deaf", text),) if silent else ())
        for session, seconds in silent_s.items():
            if seconds > DEAD_S:
                self._act(self._server.hang_up(session, "gone", now_s))
        return silent

    def _tell_refusal(self, refused: Refused) -> None:
        now_s, key = time.monotonic(), (refused.peer.host, refused.status)
        if now_s - self._refusals.get(key, -REFUSALS_S) < REFUSALS_S:
            return
        self._refusals[key] = now_s
        if len(self._refusals) > MAX_REFUSALS:
            del self._refusals[next(iter(self._refusals))]
        log.warning("event=sip_refused host=%s status=%d what=%r", refused.peer.host, refused.status, refused.what)

    async def _say_goodbye(self) -> None:
        now_s = time.monotonic()
        for session in tuple(self._calls):
            self._act(self._server.hang_up(session, "stopped", now_s))
        if self._server.is_asking:
            await asyncio.sleep(FAREWELL_S)
        self._transport.close()
