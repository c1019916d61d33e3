"""How fast this machine recognises speech: a shipped two-channel call through the whole pipeline, warm and hot."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec

import appliance
from appliance.adapters.line import Step, only_call
from appliance.adapters.preparation import Prepared, prepare
from appliance.adapters.recording import Recording
from appliance.call import Call
from appliance.config import Settings, SpeechSettings
from appliance.errors import BadInputError
from appliance.light_settings import NO_LIGHT
from appliance.line_settings import RecordingSettings
from appliance.speech.frames import FRAME_MS

CLIPS: Final = (("en", "delivery_ok.wav"), ("ko", "billing_ko_16k.wav"))
"""A call for each language of which a model may be installed."""

ENGINES: Final[tuple[Literal["moonshine", "vosk"], ...]] = ("moonshine", "vosk")

CLIP_S: Final = 20.0
"""Of a call is enough: ten turns of both sides, and nobody wants to wait at a slow board."""

LEAST_SPEED: Final = 1.0
"""Times real time, with every partial hypothesis that is due: below it a live call goes on, but with fewer of them."""


class Speed(msgspec.Struct, frozen=True):
    """How many times faster than real time an engine hears a call; `hot` None: the board was not heated."""

    engine: str
    model: str
    clip: str
    clip_s: float
    warm: float
    hot: float | None = None

    @property
    def is_enough(self) -> bool:
        """Say whether the engine keeps up with a call on this board."""
        return min(self.warm, self.warm if self.hot is None else self.hot) >= LEAST_SPEED


def measure(heat_minutes: float, say: Callable[[str], None]) -> list[Speed]:
    """Measure each installed engine with a clip that it hears; gives none where none is installed."""
    return [asyncio.run(_measure(prepared, heat_minutes, say)) for prepared in _installed()]


def _installed() -> Iterator[Prepared]:
    models: set[str] = set()
    for language, clip in CLIPS:
        for engine in ENGINES:
            line = RecordingSettings(Path(appliance.__file__).parent / "calls" / clip, pace="fast")
            speech = SpeechSettings(language, engine)
            try:
                prepared = prepare(
                    Settings(
                        device="check",
                        line=line,
                        speech=speech,
                        rules_file=None,
                        light=NO_LIGHT,
                        central=None,
                        state=None,
                    )
                )
            except BadInputError:
                continue  # not installed, which is no fault of the board
            if prepared.model and prepared.model.name not in models:
                models.add(prepared.model.name)
                yield prepared


async def _measure(prepared: Prepared, heat_minutes: float, say: Callable[[str], None]) -> Speed:
    model, line = prepared.model, prepared.line
    if model is None or not isinstance(line, Recording):
        raise RuntimeError("a recording and its model were prepared")
    async with _started(prepared):
        say(f"speed: {model.name} hears {line.name} ({CLIP_S:.0f} s), twice")
        await _hear(prepared)  # what it learns in its first call is not what it costs in the others
        warm = CLIP_S / await _hear(prepared)
        say(f"speed: {model.name} warm, {warm:.1f} times real time")
        hot = None
        if heat_minutes > 0:
            await _heat(prepared, heat_minutes, say)
            hot = CLIP_S / await _hear(prepared)
            say(f"speed: {model.name} after {heat_minutes:g} minutes of heat, {hot:.1f} times real time")
    return Speed(
        engine=model.engine,
        model=model.name,
        clip=line.name,
        clip_s=CLIP_S,
        warm=round(warm, 2),
        hot=None if hot is None else round(hot, 2),
    )


async def _heat(prepared: Prepared, minutes: float, say: Callable[[str], None]) -> None:
    """Keep every core at work with what the board is for."""
    until_s = time.monotonic() + 60 * minutes
    while (left_s := until_s - time.monotonic()) > 0:
        say(f"speed: heating the board, {left_s / 60:.1f} minutes to go")
        await asyncio.gather(*(_hear(prepared) for _ in range(os.cpu_count() or 1)))


async def _hear(prepared: Prepared) -> float:
    """Run the call once, as fast as it goes; gives the seconds that it took."""
    line_call = await only_call(prepared.line)
    line_call.steps = _beginning(line_call.steps)
    call = Call(prepared.new_session(line_call), line_call, prepared.hosts, lambda _: None)
    began_s = time.monotonic()
    await call.run()
    return time.monotonic() - began_s


async def _beginning(steps: AsyncIterator[Step]) -> AsyncIterator[Step]:
    left = round(1000 * CLIP_S / FRAME_MS)
    async for step in steps:
        if not left:
            return
        left -= 1
        yield step


@asynccontextmanager
async def _started(prepared: Prepared) -> AsyncIterator[None]:
    try:
        if prepared.host:
            await prepared.host.start()
        yield
    finally:
        await prepared.stop_hosts()
