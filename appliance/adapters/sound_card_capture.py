"""The process that reads a sound card: PortAudio may abort or hang in it, and nobody else falls.

Run as `python -m appliance.adapters.sound_card_capture CARD CHANNELS RATE_HZ FD`. It writes blocks to the descriptor
until that is closed: `HEAD`, then the audio, 16-bit little-endian with the channels interleaved. It ends, with the
reason on stderr, when the card is not there or breaks; the device starts it again. With `--list` alone it prints the
cards as JSON.
"""

import contextlib
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from typing import Final

import pyaudio

from appliance.adapters.sound_card_names import Card, find, placed, places

BLOCK_MS: Final = 60
"""Three frames: what a wake-up of both processes costs is more than all that is done with the sound. Two frames cost a
third more; four hardly save anything, and would add ten milliseconds to what a light waits for."""

HEAD: Final = struct.Struct("<dIB")
"""Of a block: the monotonic time in seconds at which it had been read, its length in bytes, and whether PortAudio says
that audio before it was lost."""

INPUT_OVERFLOWED: Final = -9981
"""PortAudio's `paInputOverflowed`: the block that was read is good, what came before it was dropped."""


def cards(audio: pyaudio.PyAudio) -> list[Card]:
    """Give all cards with an input."""
    infos = (audio.get_device_info_by_index(index) for index in range(audio.get_device_count()))
    inputs = [
        Card(int(info["index"]), str(info["name"]), int(info["maxInputChannels"]), int(info["defaultSampleRate"]))
        for info in infos
        if int(info["maxInputChannels"]) > 0
    ]
    known = places()
    return [placed(card, known) for card in inputs]


@contextlib.contextmanager
def port_audio() -> Iterator[pyaudio.PyAudio]:
    """Give PortAudio without what ALSA prints about cards that nobody asked for."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        audio = pyaudio.PyAudio()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    try:
        yield audio
    finally:
        audio.terminate()


def main(arguments: list[str]) -> int:
    """Read the card until the device is gone or the card breaks."""
    if arguments == ["--list"]:
        with port_audio() as audio:
            sys.stdout.write(json.dumps([card._asdict() for card in cards(audio)]))
        return 0
    name, channels, rate_hz, descriptor = arguments[0], int(arguments[1]), int(arguments[2]), int(arguments[3])
    with port_audio() as audio:
        card = find(cards(audio), name)
        if card is None:
            sys.stderr.write(f"sound card {name!r} is not there\n")
            return 1
        try:
            _capture(audio, card, channels, rate_hz, descriptor)
        except BrokenPipeError:
            return 0
        except OSError as error:
            sys.stderr.write(f"sound card {name!r} broke: {error}\n")
    return 1


def _capture(audio: pyaudio.PyAudio, card: Card, channels: int, rate_hz: int, descriptor: int) -> None:
    block_samples = rate_hz * BLOCK_MS // 1000
    stream = audio.open(
        rate_hz, channels, pyaudio.paInt16, input=True, input_device_index=card.number, frames_per_buffer=block_samples
    )
    while True:
        overflowed = False
        try:
            pcm = stream.read(block_samples)
        except OSError as error:
            if INPUT_OVERFLOWED not in error.args:
                raise
            overflowed, pcm = True, stream.read(block_samples, exception_on_overflow=False)
        _write(descriptor, HEAD.pack(time.monotonic(), len(pcm), overflowed) + pcm)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
