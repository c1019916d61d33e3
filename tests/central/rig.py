"""A device that speaks the real protocol, and the real server for it to speak to."""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from appliance.central import credentials
from appliance.central.link import Timing
from appliance.central.server import Settings, running
from appliance.delivery import messages
from appliance.delivery.messages import SUBPROTOCOL, Envelope
from appliance.events import (
    Alert, AlertChanged, CallEnded, CallStarted, Event, Evidence, Gap, Notice, PhraseHit, Utterance, Word, to_builtins,
)  # fmt: skip

FAST = Timing(hello_s=0.5, ping_every_s=0.1, idle_s=0.6, command_s=0.5, goodbye_s=0.5)


def started(sample: int = 0, language: str = "en") -> CallStarted:
    return CallStarted(
        who="both", start_sample=sample, end_sample=sample, line="recording", language=language, band="narrow",
        engine="moonshine", model="tiny-en", rules="v1",
    )  # fmt: skip


def said(text: str, number: int = 1, who: Any = "caller", start_s: float = 1.0, end_s: float = 2.0) -> Utterance:
    return Utterance(who=who, number=number, text=text, words=(), **span(start_s, end_s))


def ended(at_s: float = 10.0) -> CallEnded:
    return CallEnded(who="both", reason="on_hook", **span(at_s, at_s))


def enveloped(seq: int, event: Event | dict[str, Any], call: str = "c1") -> Envelope:
    fields = event if isinstance(event, dict) else to_builtins(event)
    at = f"2026-03-01T09:00:{seq % 60:02d}.000Z"
    return Envelope(seq=seq, call=call, occurred_at=at, heard_at=at, clock_synchronised=True, event=fields)


@dataclass
class FakeDevice:
    """One connection of a device. `read_until` answers pings by the way and keeps what it has seen in `seen`."""

    socket: ClientConnection
    seen: list[messages.FromServer] = field(default_factory=list)
    acked: int = 0

    async def send(self, message: messages.FromDevice) -> None:
        await self.socket.send(messages.encode(message))

    async def send_event(self, seq: int, event: Event | dict[str, Any], call: str = "c1") -> None:
        await self.send(messages.EventMessage(envelope=enveloped(seq, event, call)))

    async def status(self, call: str | None = "c1", **fields: Any) -> None:
        calm: dict[str, Any] = {"level": "normal", "blinking": False, "reason": ""}
        await self.send(messages.StatusMessage(**(calm | fields), call=call))

    async def read(self) -> messages.FromServer:
        message = messages.decode_from_server(await self.socket.recv())
        self.seen.append(message)
        if isinstance(message, messages.Ping):
            with contextlib.suppress(websockets.ConnectionClosed):  # what came before the close is still to be read
                await self.send(messages.Pong(id=message.id))
        if isinstance(message, messages.Ack):
            assert message.seq >= self.acked, "an ack never goes back"
            self.acked = message.seq
        return message

    async def read_until(self, kind: type[Any]) -> Any:
        async with asyncio.timeout(10):
            while not isinstance(message := await self.read(), kind):
                pass
        return message

    async def read_acked(self, seq: int) -> None:
        async with asyncio.timeout(10):
            while self.acked < seq:
                await self.read()


@dataclass(frozen=True)
class Central:
    """A running server. `token` belongs to the device `desk-1`."""

    port: int
    token: str
    settings: Settings

    @contextlib.asynccontextmanager
    async def socket(self, token: str | None = None) -> AsyncIterator[ClientConnection]:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"ws://127.0.0.1:{self.port}/v1/device"
        async with connect(url, subprotocols=[websockets.Subprotocol(SUBPROTOCOL)], additional_headers=headers,
                           proxy=None, ping_interval=None) as socket:  # fmt: skip
            yield socket

    @contextlib.asynccontextmanager
    async def device(
        self, name: str = "desk-1", token: str | None = None, last_seq: int = 0
    ) -> AsyncIterator[FakeDevice]:
        async with self.socket(token) as socket:
            device = FakeDevice(socket)
            await device.send(hello(name, last_seq))
            welcome = await device.read_until(messages.Welcome)
            device.acked = welcome.resume_after
            yield device

    def add_device(self, name: str) -> str:
        return credentials.add_device(self.settings.credentials, name)

    async def get(self, path: str, body: Any = None, **headers: str) -> Any:
        return json.loads((await self.ask(path, body, **headers))[2])

    async def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Give status, headers and body, as a program without a browser gets them."""
        return await asyncio.to_thread(ask, f"http://127.0.0.1:{self.port}{path}", body, headers)


def hello(name: str = "desk-1", last_seq: int = 0) -> messages.Hello:
    return messages.Hello(
        device=name, firmware="1.2.3", boot="b1", last_seq=last_seq, clock_synchronised=True, models=("tiny-en",)
    )


def ask(url: str, body: Any, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | named)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@contextlib.asynccontextmanager
async def central_in(folder: Path, timing: Timing = FAST, port: int = 0, **fields: Any) -> AsyncIterator[Central]:
    """Run the server on the files in `folder`; a second start goes on with them."""
    token_file = folder / "token"
    settings = Settings(folder / "central.sqlite", folder / "credentials.json", port=port, timing=timing, **fields)
    if not token_file.exists():
        credentials.write_secret(token_file, credentials.add_device(settings.credentials, "desk-1"))
    async with running(settings) as chosen:
        yield Central(chosen, token_file.read_text(), settings)


async def eventually(look: Callable[[], Awaitable[Any]], within_s: float = 5.0) -> Any:
    """Ask again until the answer is true, and give it."""
    async with asyncio.timeout(within_s):
        while not (found := await look()):  # noqa: ASYNC110 - what is asked is another program
            await asyncio.sleep(0.02)
    return found


def dispute() -> list[Event]:
    """Give a call that escalates: both voices, phrases, a gap, a notice, and three alerts of which one is withdrawn."""
    first = spoken("Thank you for calling Northwind Energy. My name is Laura. How can I help you?", 1, "agent", 1.5, 7.6)
    asked = spoken("I am calling about my bill. It went up a lot and I do not understand why.", 1, "caller", 8.1, 15.9)
    sorry = spoken("I am sorry about that. Let me look at your account.", 2, "agent", 16.4, 22.3)
    angry = spoken("This is ridiculous. I have been waiting for twenty minutes.", 2, "caller", 48.9, 54.2)
    calm = spoken("I understand that you are upset. Let me see what I can do.", 3, "agent", 53.6, 58.7)
    leave = spoken("I want to speak to your supervisor right now, or I will cancel my account.", 3, "caller", 59.2, 65.5)
    return [
        started(),
        Notice(who="both", start_sample=0, end_sample=0, code="narrow_band", text="This line carries 300–3400 Hz only."),
        first, asked, sorry,
        Gap(who="caller", **span(26.0, 29.5), reason="recognizer_lost"),
        angry, hit(angry, "impatience", "waiting for twenty minutes"),
        alert(1, "long_wait", "attention", angry, "waiting for twenty minutes", "Apologise for the wait."),
        calm,
        alert(2, "threat", "urgent", calm, "you are upset", tentative=True),
        changed(2, "threat", "withdrawn", 59.0),
        leave, hit(leave, "supervisor", "speak to your supervisor"), hit(leave, "cancel", "cancel my account"),
        alert(3, "asks_for_supervisor", "urgent", leave, "speak to your supervisor", "Offer to bring the supervisor in."),
    ]  # fmt: skip


def spoken(text: str, number: int, who: Any, start_s: float, end_s: float) -> Utterance:
    """Give an utterance whose words lie evenly in its time."""
    tokens = text.lower().replace(".", "").replace(",", "").replace("?", "").split()
    step = (end_s - start_s) / len(tokens)
    words = tuple(
        Word(text=token, **span(start_s + at * step, start_s + (at + 1) * step)) for at, token in enumerate(tokens)
    )
    return Utterance(who=who, number=number, text=text, words=words, **span(start_s, end_s))


def hit(utterance: Utterance, phrase: str, text: str) -> PhraseHit:
    words = said_words(utterance, text)
    return PhraseHit(
        who=utterance.who, phrase=phrase, text=text, utterance=utterance.number,
        start_sample=words[0].start_sample, end_sample=words[-1].end_sample,
    )  # fmt: skip


def alert(
    number: int, rule: str, level: Any, utterance: Utterance, text: str, suggest: str = "", *, tentative: bool = False
) -> Alert:
    words = said_words(utterance, text)
    times = {"start_sample": words[0].start_sample, "end_sample": words[-1].end_sample}
    evidence = (Evidence(who=utterance.who, phrase=rule, text=text, **times),)
    return Alert(
        who=utterance.who, alert=number, rule=rule, level=level, evidence=evidence, suggest=suggest,
        tentative=tentative, **times,
    )  # fmt: skip


def changed(number: int, rule: str, change: Any, at_s: float) -> AlertChanged:
    return AlertChanged(who="both", alert=number, rule=rule, change=change, level="urgent", **span(at_s, at_s))


def said_words(utterance: Utterance, text: str) -> tuple[Word, ...]:
    wanted = text.split()
    texts = [word.text for word in utterance.words]
    at = next(at for at in range(len(texts)) if texts[at : at + len(wanted)] == wanted)
    return utterance.words[at : at + len(wanted)]


def span(start_s: float, end_s: float) -> dict[str, int]:
    return {"start_sample": round(start_s * 16_000), "end_sample": round(end_s * 16_000)}
