"""`undertone line`: the sound cards of this machine, how the line on one sounds, and a recording of it for support."""

import argparse
import asyncio
import contextlib
import json
import math
import subprocess
import sys
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import numpy as np

from appliance.adapters.capture import Capture
from appliance.adapters.line import Step
from appliance.adapters.mute_latch import refuse_muted
from appliance.adapters.paths import home
from appliance.adapters.sound_card_audio import LineAudio
from appliance.adapters.sound_card_names import SERIAL, USB, Card, best_name
from appliance.adapters.sound_card_process import Block, blocks_of_all
from appliance.adapters.sound_card_watch import LineWatch
from appliance.adapters.vad import VoiceDetector
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.sound_card_settings import DEFAULT_SIDES, RATES_HZ, SoundCardSettings
from appliance.speech.frames import FRAME_MS, Frame, Lost, Side
from appliance.speech.level import level_dbfs
from appliance.telephony.line_health import MENDS, SideHealth
from appliance.telephony.line_sides import MISTAKE_MENDS

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

CONSENT: Final = """This records what both people on the line say. In many countries that is a crime unless both have
agreed before. Tell them, keep the file only for as long as support needs it, and delete it then."""

BAR_DBFS: Final = (-80.0, 0.0)
BAR_WIDTH: Final = 24
QUIET_DBFS: Final = -60.0

EPILOG = """examples:
  undertone line list
  undertone line check "USB Audio"
  undertone line check usb:1-1.3 usb:1-1.4
  undertone line record "USB Audio" line.wav --seconds 20 --consent"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "line",
        description="For the sound card wired into the handset or headset line; refused while the box is muted.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the cards that can be heard, by the names that last")
    listing.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    listing.set_defaults(run=_list)
    check = commands.add_parser("check", help="a live meter of both sides that says what is wrong, and the mend")
    record = commands.add_parser("record", help="record the line as a WAV file, for support")
    for command in (check, record):
        command.add_argument(
            "card", nargs="+", help="its name or a part of it, usb:… or serial:…; two where each is mono"
        )
        command.add_argument("--rate", choices=RATES_HZ, default="48000", help="at which the card is read")
        command.add_argument("--seconds", type=float, default=None if command is check else 10.0, metavar="N")
    check.set_defaults(run=_check)
    record.add_argument("file", type=Path, help="the WAV file to write")
    record.add_argument("--consent", action="store_true", help="both people on the line have agreed to be recorded")
    record.set_defaults(run=_record)


def list_cards() -> list[Card]:
    """Give the cards of this machine. PortAudio may abort, so another process asks it."""
    command = (sys.executable, "-m", "appliance.adapters.sound_card_capture", "--list")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInputError("the sound cards cannot be listed", mend="is ALSA set up? see: arecord -l")
    return [Card(**card) for card in json.loads(done.stdout)]


def _list(arguments: argparse.Namespace) -> int:
    cards = list_cards()
    if arguments.json:
        sys.stdout.write(json.dumps([as_told(card, cards) for card in cards], ensure_ascii=False, indent=2) + "\n")
        return 0
    for card in cards:
        sys.stdout.write(in_words(card, cards))
    if not cards:
        sys.stdout.write("No sound card that can be heard: is it plugged in?\n")
    return 0 if cards else 1


def as_told(card: Card, cards: list[Card]) -> dict[str, str | int]:
    """Give a card as `line list --json` tells it; `card` is what the settings should say."""
    others = [other for other in cards if other is not card]
    told: dict[str, str | int] = {"card": best_name(card, others), "name": card.lasting_name}
    return told | {"channels": card.channels, "rate_hz": card.rate_hz, "usb": card.usb, "serial": card.serial}


def in_words(card: Card, cards: list[Card]) -> str:
    """Give a card as `line list` shows it, with its other names."""
    told = as_told(card, cards)
    channels = "1 channel" if card.channels == 1 else f"{min(card.channels, 2)} channels"
    names = (card.lasting_name, f"{USB}{card.usb}" if card.usb else "", f"{SERIAL}{card.serial}" if card.serial else "")
    more = "".join(f', or "{name}"' for name in names if name and name != told["card"])
    return f'card = "{told["card"]}"{more}  ({channels}, {card.rate_hz} Hz)\n'


def _check(arguments: argparse.Namespace) -> int:
    settings = SoundCardSettings(_cards(arguments.card), rate_hz=int(arguments.rate))
    return asyncio.run(check(settings, arguments.seconds, sys.stdout))


async def check(settings: SoundCardSettings, seconds: float | None, out: TextIO) -> int:
    """Show the level of each side each second, in words; gives 1 when a side was ill or the card gave nothing."""
    meters = {side: _Meter(side) for side in settings.sides}
    watch = LineWatch(settings.sides, one_card=len(settings.cards) == 1)
    heard = False
    async for step in _steps(settings, seconds):
        if step is None:
            out.write(f"{' and '.join(settings.cards)}: no sound, is it plugged in? undertone line list\n")
        before = watch.mistake
        watch.receive_steps([(step or (), None)])
        if watch.mistake and watch.mistake != before:
            out.write(MISTAKE_MENDS[watch.mistake] + "\n")
        for piece in step or ():
            if isinstance(piece, Frame) and (told := meters[piece.side].receive_frame(piece)):
                heard = True
                out.write(told + "\n")
            elif isinstance(piece, Lost):
                lost_ms = (piece.end_sample - piece.start_sample) * 1000 // SAMPLE_RATE_HZ
                out.write(f"{piece.side:6}  {lost_ms} ms of sound were lost\n")
        out.flush()
    ill = watch.mistake or any(meter.health.illness for meter in meters.values())
    return 0 if heard and not ill else 1


class _Meter:
    """One side: its bar and its words once a second."""

    def __init__(self, side: Side) -> None:
        self.health = SideHealth()
        self._side = side
        self._voices = VoiceDetector()
        self._levels: list[float] = []
        self._voiced = 0

    def receive_frame(self, frame: Frame) -> str:
        voiced = self._voices.is_voiced(frame)
        self.health.receive_frame(frame.pcm, voiced=voiced)
        self._levels.append(level_dbfs(frame.pcm))
        self._voiced += voiced
        if len(self._levels) * FRAME_MS < 1_000:
            return ""
        loudest, talks = max(self._levels), self._voiced * 4 > len(self._levels)
        self._levels.clear()
        self._voiced = 0
        low, high = BAR_DBFS
        lit = round(BAR_WIDTH * max(0.0, min(1.0, (loudest - low) / (high - low))))
        return f"{self._side:6}  {'#' * lit:{BAR_WIDTH}}  {loudest:4.0f} dB  {self._words(loudest, talks=talks)}"

    def _words(self, loudest_dbfs: float, *, talks: bool) -> str:
        if self.health.illness:
            return f"the {self._side}'s side {MENDS[self.health.illness]}"
        if talks:
            return "somebody speaks: good"
        return "quiet" if loudest_dbfs < QUIET_DBFS else "sound, but no voice"


def _record(arguments: argparse.Namespace) -> int:
    sys.stderr.write(CONSENT + "\n")
    if not arguments.consent:
        raise BadInputError("nothing was recorded", mend="have both people agree, then add --consent")
    refuse_muted(home())  # before a file is made
    settings = SoundCardSettings(_cards(arguments.card), rate_hz=int(arguments.rate))
    try:
        with wave.open(str(arguments.file), "wb") as file:
            file.setparams((len(DEFAULT_SIDES), 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            asyncio.run(record(settings, arguments.seconds, file))
    except OSError as error:
        raise BadInputError(
            f"the recording cannot be written ({error.strerror})", where=str(arguments.file), mend="give another file"
        ) from error
    return 0


async def record(settings: SoundCardSettings, seconds: float, file: wave.Wave_write) -> None:
    """Write the line into a file, agent left; what was lost is silence there, so that times hold."""
    sides = {side: bytearray() for side in settings.sides}
    async for step in _steps(settings, seconds):
        for piece in step or ():
            if isinstance(piece, Frame):
                sides[piece.side] += piece.pcm
            elif isinstance(piece, Lost):
                sides[piece.side] += bytes(2 * (piece.end_sample - piece.start_sample))
        whole = min(map(len, sides.values()))
        file.writeframes(np.stack([np.frombuffer(pcm[:whole], "<i2") for pcm in sides.values()], axis=1).tobytes())
        for pcm in sides.values():
            del pcm[:whole]


async def _steps(settings: SoundCardSettings, seconds: float | None) -> AsyncIterator[Step | None]:
    """Give what the card gives for so long; None each time that it gives nothing.

    Raises `BadInputError` as soon as the box is muted: this process reads the card beside the device's own.
    """
    refuse_muted(home())
    audio = LineAudio(len(settings.cards), settings.sides, settings.rate_hz)
    until_s = time.monotonic() + (seconds or math.inf)
    stream = blocks_of_all(settings.cards, settings.channels, settings.rate_hz, Capture())
    async with contextlib.aclosing(stream):
        async for card, block in stream:
            refuse_muted(home())
            if block is None:
                yield None
            for step in audio.steps(card, block) if isinstance(block, Block) else ():
                yield step
            if time.monotonic() >= until_s:
                return


def _cards(names: list[str]) -> tuple[str, ...]:
    if len(names) > len(DEFAULT_SIDES) or len(set(names)) < len(names):
        raise BadInputError(
            f"a line has one or two cards, not {', '.join(names)}", mend="name one, or a mono card for each side"
        )
    return tuple(names)
