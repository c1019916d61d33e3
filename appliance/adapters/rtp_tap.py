"""The line that overhears: a mirror port, or a capture file in its place.

The box answers nothing and sends nothing. It follows SIP dialogs to their voices, and finds voices without them; each
call becomes a `LineCall` with two sides. Time is what the capture says: packets by their stamps, and between them the
marks of the capturing process.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Final

from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall, LineKind, Report, Sign, Trouble, unseen
from appliance.adapters.packet_capture import MARK_LINK, MARKS, captured, check_interface
from appliance.adapters.rtp_cipher import keystream
from appliance.adapters.tap_call import TapCall
from appliance.errors import BadInputError
from appliance.events import Band
from appliance.line_settings import Pace
from appliance.session import EndReason
from appliance.telephony.ethernet import Dissector
from appliance.telephony.pcap import is_capture, read_capture
from appliance.telephony.pcap_record import CapturedPacket
from appliance.telephony.tap import Began, Happening, Heard, Held, Over, Tap
from appliance.telephony.tap_roles import AgentRule

TURN_S: Final = 0.020
LONG_TURN_S: Final = 1.0
"""Time that jumps is passed in steps of this, so that a jump of hours is no jump of memory."""

RESTART_S: Final = 0.5
"""After the capture ended: an interface that went comes back soon, or stays away."""


class RtpTap:
    """A tap on `interface`, or on the capture `file`. `rule` tells who is the agent.

    Raises `BadInputError` for a file that is no capture, and for an interface that is not there.
    """

    kind: LineKind = "rtp_tap"
    band: Band = "narrow"

    def __init__(
        self,
        rule: AgentRule,
        *,
        file: Path | None = None,
        interface: str = "",
        pace: Pace = "real",
        keep_keys: bool = False,
    ) -> None:
        # They outlive the capture: calls go on when its process is started again.
        self.on_sign: Sign = unseen
        self.busy = ""
        self._tap, self._dissector = Tap(rule, keystream), Dissector()
        self.capture = Capture()
        self._file = file
        self._interface = interface
        self._lockstep = file is not None and pace == "fast"
        self._keep_keys = keep_keys
        self._calls: dict[str, TapCall] = {}
        self._now_s = 0.0
        if file:
            _check_file(file)
        else:
            check_interface(interface)

    async def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
        """See `line.Line`."""
        begun: asyncio.Queue[LineCall | None] = asyncio.Queue()
        listening = asyncio.create_task(self._listen(begun, report), name="tap")
        try:
            while (call := await begun.get()) is not None:
                yield call
            await listening
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await self._end_all("stopped")

    async def _listen(self, begun: asyncio.Queue[LineCall | None], report: Report) -> None:
        """Follow the file to its end, or the interface for ever, whatever happens to its process."""
        try:
            if self._file:
                self.capture.opened(self)
                await self._follow(_replayed(self._file, paced=not self._lockstep), begun)
                await self._end_all("line_lost")
                return
            while True:
                live = captured(self._interface, self.capture)
                async with contextlib.aclosing(_reported(live, self._interface, report)) as packets:
                    await self._follow(packets, begun)
                self.on_sign()  # the capture's end was reported
                await asyncio.sleep(RESTART_S)
        finally:
            self.capture.closed(self)
            begun.put_nowait(None)

    async def _follow(self, packets: AsyncIterator[CapturedPacket], begun: asyncio.Queue[LineCall | None]) -> None:
        async for packet in packets:
            await self._pass_time(packet.captured_s)
            self.on_sign()
            self._note_file()
            if packet.link in MARKS:
                continue
            if datagram := self._dissector.datagram(packet.link, packet.data, packet.captured_s):
                for happening in self._tap.receive(datagram, self._now_s):
                    await self._take(happening, begun)

    def _note_file(self) -> None:
        """Tell of a file what the process tells of an interface: whether its voices are heard."""
        if self._file:
            (self.capture.closed if self.capture.muted() else self.capture.opened)(self)

    async def _take(self, happening: Happening, begun: asyncio.Queue[LineCall | None]) -> None:
        match happening:
            case Began():
                call = TapCall(happening, lockstep=self._lockstep, keep_keys=self._keep_keys)
                self._calls[happening.call] = call
                begun.put_nowait(call.line_call)
            case Heard() if self.capture.muted():
                pass  # its call lives
            case Heard():
                await self._calls[happening.call].receive(happening, self._now_s)
            case Held():
                self._calls[happening.call].hold(happening.role)
            case Over():
                await self._calls.pop(happening.call).end(self._now_s, happening.reason)

    async def _pass_time(self, until_s: float) -> None:
        """Bring every call to that time; it never goes back, whatever a capture says."""
        while self._calls and until_s - self._now_s > TURN_S:
            self._now_s = min(until_s, self._now_s + LONG_TURN_S)
            if self.capture.muted():
                self._tap.forgive(self._now_s)
            for call in tuple(self._calls.values()):
                await (call.withhold if self.capture.muted() else call.advance)(self._now_s)
            for over in self._tap.expire(self._now_s):
                if isinstance(over, Over):
                    await self._calls.pop(over.call).end(self._now_s, over.reason)
        self._now_s = max(self._now_s, until_s) if self._calls else until_s

    async def _end_all(self, reason: EndReason) -> None:
        calls, self._calls = self._calls, {}
        for call in calls.values():
            await call.end(self._now_s, reason)


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not is_capture(file.read(4)):
                what = "not a capture (pcap or pcapng)"
                raise BadInputError(what, where=str(path), mend="capture a call, e.g. with tcpdump -w call.pcap")
    except OSError as error:
        what = f"the capture cannot be read ({error.strerror})"
        raise BadInputError(what, where=str(path), mend="check the path and its rights") from error


async def _replayed(path: Path, *, paced: bool) -> AsyncGenerator[CapturedPacket, None]:
    """Give the packets of a file, at the pace at which they were captured or as fast as they are taken."""
    began_s: float | None = None
    with path.open("rb") as file:
        for packet in read_capture(file.read, str(path)):
            if paced:
                began_s = time.monotonic() - packet.captured_s if began_s is None else began_s
                while (wait_s := packet.captured_s + began_s - time.monotonic()) > TURN_S:
                    await asyncio.sleep(TURN_S)
                    yield CapturedPacket(time.monotonic() - began_s, MARK_LINK, b"")
                await asyncio.sleep(max(0.0, wait_s))
            else:
                await asyncio.sleep(0)
            yield packet


async def _reported(
    packets: AsyncGenerator[CapturedPacket, None], interface: str, report: Report
) -> AsyncGenerator[CapturedPacket, None]:
    """Pass packets on; say when they flow and when they end."""
    flows = False
    try:
        async with contextlib.aclosing(packets):
            async for packet in packets:
                if not flows:
                    flows = True
                    report(())
                yield packet
        text = "the capture ended; it is started again"
    except BadInputError as error:
        text = f"{error} ({error.mend})"
    report((Trouble("line_lost", f"{interface}: {text}"),))
