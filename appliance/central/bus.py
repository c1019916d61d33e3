"""The newest state of every device, and its way to every open page.

A page gets a `snapshot` first and then changes. A page that reads too slowly loses its queue and gets a new
`snapshot`, so that one sleeping browser costs a bounded amount of memory and never holds up the others. After a
snapshot a page reads the call that it shows again with `/api/calls/...` and drops what it has already by `seq`.

The messages of the live feed (each is JSON; times are UTC texts, `_s` is media time in seconds from the call's start):

- `snapshot`: `{"server_time", "devices": [DeviceState, ...]}`
- `device`: one `DeviceState`, whenever link, light, faults or round trip change
- `event`: `{"device", "seq", "call", "occurred_at", "heard_at", "shown_at", "clock_synchronised", "corrected",
  "stored_at", "event"}`, after it was committed; one that is urgent may come before events with smaller numbers
- `partial`: `{"device", "call", "who", "utterance", "text", "start_sample", "end_sample", "start_s", "end_s"}`; it
  replaces the partial of the same voice, and an empty `text` takes it away
- `call`: one `queries.CallSummary`, after each commit that touched the call
- `heartbeat`: `{"server_time"}`, when nothing else was said for a while (a comment would be hidden from the page,
  which has to notice a dead connection)

Every message has an `id`, but nobody needs to keep it: a page that comes back starts with a new `snapshot`.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import msgspec

from appliance.central.clock import utc_now
from appliance.central.queries import CallSummary, KnownDevice
from appliance.delivery.messages import Hello, PartialMessage, StatusMessage
from appliance.events import Level, Who, seconds

MAX_WAITING: Final = 500
"""Messages that wait for one page: some seconds of a hundred busy devices, at most about 4 MiB."""

Kind = Literal["snapshot", "device", "event", "partial", "call", "heartbeat"]


def everything(_device: str) -> bool:
    """See every device."""
    return True


class Light(msgspec.Struct, frozen=True):
    """What the device's light shows. `alert` is the number to acknowledge while `blinking`.

    `muted`: nothing is captured, by hand at the box. `paused`: the server has its call not listened to.
    """

    level: Level
    blinking: bool
    reason: str
    alert: int | None
    muted: bool = False
    paused: bool = False


class LastWords(msgspec.Struct, frozen=True):
    """The newest final words of a call."""

    who: Who
    text: str
    end_s: float


class DeviceState(msgspec.Struct, kw_only=True):
    """One device on the wall.

    `online` since `since` (or offline since then; null when it was never seen by this server process). `call` is the
    call in progress as the device last said; with `online` false it is what was known when the link was lost.
    `newest_call` is the newest call with stored events: the one in progress when its `call` agrees. `light` is null
    until the device has said. `partials` holds the newest words of each voice that are not final yet.
    `cloned`: its identity was seen at two places since the server started.
    """

    device: str
    online: bool = False
    since: str | None = None
    last_seen: str | None = None
    rtt_ms: float | None = None
    firmware: str = ""
    models: tuple[str, ...] = ()
    rules: str = ""
    clock_synchronised: bool = True
    light: Light | None = None
    faults: tuple[str, ...] = ()
    cloned: bool = False
    call: str | None = None
    newest_call: CallSummary | None = None
    last_words: LastWords | None = None
    partials: list[dict[str, Any]] = []


class Reader:
    """One page's place in the feed; `sees` tells of which devices it may hear."""

    def __init__(self, sees: Callable[[str], bool]) -> None:
        self.sees = sees
        self._waiting: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self.lost = True
        self.closed = False

    async def wait(self) -> None:
        """Wait until there is something to read, or the feed ends."""
        await self._ready.wait()

    def take(self) -> list[bytes]:
        """Give everything that waits, without waiting."""
        self._ready.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def put(self, message: bytes) -> None:
        """Add a message; when the page is too far behind, forget them all and mark the reader as `lost`."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self.lost = True
        if not self.lost:
            self._waiting.append(message)
        self._ready.set()

    def close(self) -> None:
        """End the feed of this page."""
        self.closed = True
        self._ready.set()


class Bus:
    """Holds the state of all devices; every method is called in the event loop and never waits."""

    def __init__(self, known: list[KnownDevice]) -> None:
        self._devices = {
            device.device: DeviceState(
                device=device.device,
                last_seen=device.last_seen,
                firmware=device.firmware,
                models=device.models,
                rules=device.rules,
                clock_synchronised=device.clock_synchronised,
                newest_call=device.newest_call,
            )
            for device in known
        }
        self._readers: set[Reader] = set()
        self._number = 0

    def devices(self, sees: Callable[[str], bool] = everything) -> list[DeviceState]:
        """Give the wall of the devices that somebody sees, by name."""
        return [self._devices[name] for name in sorted(self._devices) if sees(name)]

    def known(self) -> int:
        """Give the number of devices that ever connected."""
        return len(self._devices)

    @contextlib.contextmanager
    def reader(self, sees: Callable[[str], bool] = everything) -> Iterator[Reader]:
        """Open a page's place in the feed; its first message is to be a `snapshot`."""
        reader = Reader(sees)
        reader.put(b"")
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def readers(self) -> int:
        """Give the number of open pages."""
        return len(self._readers)

    def catch_up(self, reader: Reader) -> bytes:
        """Give the snapshot that a `lost` reader needs; what comes after it is put from now on."""
        reader.take()
        reader.lost = False
        return self._encode("snapshot", {"server_time": utc_now(), "devices": self.devices(reader.sees)})

    def heartbeat(self) -> bytes:
        """Give the message that shows a silent feed to be alive."""
        return self._encode("heartbeat", {"server_time": utc_now()})

    def close(self) -> None:
        """End every feed."""
        for reader in self._readers:
            reader.close()

    def connected(self, device: str, hello: Hello) -> None:
        """Note that a device has introduced itself."""
        state = self._state(device)
        state.online, state.since, state.last_seen = True, utc_now(), utc_now()
        state.firmware, state.models, state.rules = hello.firmware, hello.models, hello.rules
        state.clock_synchronised, state.rtt_ms, state.partials = hello.clock_synchronised, None, []
        self._publish("device", device, state)

    def cloned(self, device: str) -> None:
        """Note that a device's identity is used at two places."""
        state = self._state(device)
        state.cloned = True
        self._publish("device", device, state)

    def disconnected(self, device: str) -> None:
        """Note that a device's link is gone. Partials go with it: nobody knows how they would have ended."""
        state = self._state(device)
        state.online, state.since, state.last_seen = False, utc_now(), utc_now()
        state.rtt_ms, state.partials = None, []
        self._publish("device", device, state)

    def measured(self, device: str, rtt_ms: float) -> None:
        """Note a new round-trip time."""
        state = self._state(device)
        state.rtt_ms, state.last_seen = rtt_ms, utc_now()
        self._publish("device", device, state)

    def status(self, device: str, status: StatusMessage) -> None:
        """Note what the device says of itself."""
        state = self._state(device)
        if status.call != state.call:
            state.partials, state.last_words = [], None
        state.call, state.faults, state.last_seen = status.call, status.faults, utc_now()
        paused = any(each.paused for each in status.calls if each.call == status.call)
        state.light = Light(status.level, status.blinking, status.reason, status.alert, status.muted, paused)
        self._publish("device", device, state)

    def partial(self, device: str, partial: PartialMessage) -> None:
        """Note the newest words of a voice."""
        state = self._state(device)
        fields = {"device": device} | {name: getattr(partial, name) for name in partial.__struct_fields__}
        fields |= {"start_s": seconds(partial.start_sample), "end_s": seconds(partial.end_sample)}
        state.partials = [other for other in state.partials if other["who"] != partial.who]
        if partial.text:
            state.partials.append(fields)
        self._publish("partial", device, fields)

    def stored(self, device: str, event: dict[str, Any]) -> None:
        """Show one event that was just committed: an entry as `queries.call_events` gives it."""
        body = event["event"]
        if body.get("type") == "utterance":
            self._note_words(self._state(device), event["call"], body)
        self._publish("event", device, {"device": device} | event)

    def summed(self, call: CallSummary) -> None:
        """Show the new sums of a call."""
        state = self._state(call.device)
        if state.newest_call is None or call.first_seq >= state.newest_call.first_seq:
            state.newest_call = call
        self._publish("call", call.device, call)

    def forget(self, device: str, call: str) -> None:
        """Forget a call that was deleted."""
        state = self._state(device)
        if state.newest_call is not None and state.newest_call.call == call:
            state.newest_call = state.last_words = None
            self._publish("device", device, state)

    def _note_words(self, state: DeviceState, call: str, utterance: dict[str, Any]) -> None:
        try:
            words = LastWords(utterance["who"], utterance["text"], seconds(utterance["end_sample"]))
            state.partials = [
                partial
                for partial in state.partials
                if (partial["call"], partial["who"]) != (call, words.who) or partial["utterance"] > utterance["number"]
            ]
        except (KeyError, TypeError, OverflowError):
            return  # an event of a later version: it is stored and shown as it is, the wall does without
        if call == state.call:
            state.last_words = words

    def _state(self, device: str) -> DeviceState:
        return self._devices.setdefault(device, DeviceState(device=device))

    def _publish(self, kind: Kind, device: str, content: Any) -> None:  # noqa: ANN401 - any of the messages named above
        if seeing := [reader for reader in self._readers if reader.sees(device)]:
            message = self._encode(kind, content)
            for reader in seeing:
                reader.put(message)

    def _encode(self, kind: Kind, content: Any) -> bytes:  # noqa: ANN401 - as above
        self._number += 1
        return b"event: %s\nid: %d\ndata: %s\n\n" % (kind.encode(), self._number, msgspec.json.encode(content))
