"""The peer: Vosk on both channels of a recording, continuously, as vosk-server runs it for a telephone line.

Each channel has a recognizer of its own that hears everything in blocks of 0.2 s, gives a partial result for each
block, and a result where it finds an end itself. Run as `python -m tests.bench.plain_vosk MODEL_FOLDER FILE.wav`;
says `listening` on stderr when the model is loaded and prints what each side said as JSON.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import vosk

from appliance.adapters.recording import Recording
from appliance.events import SAMPLE_RATE_HZ
from appliance.models.kaldi_conf import as_published
from appliance.speech.frames import FRAME_MS, Frame, Side

BLOCK_FRAMES: Final = 200 // FRAME_MS


class Channel:
    """One recognizer and what it has said; results are passed on as text and not read, as a server does."""

    def __init__(self, model: vosk.Model) -> None:
        self._kaldi = vosk.KaldiRecognizer(model, SAMPLE_RATE_HZ)
        self._kaldi.SetWords(True)
        self.results: list[str] = []

    def hear(self, pcm: bytes) -> None:
        if self._kaldi.AcceptWaveform(pcm):
            self.results.append(self._kaldi.Result())
        else:
            self._kaldi.PartialResult()

    def end(self) -> None:
        self.results.append(self._kaldi.FinalResult())


def main(folder: str, file: str) -> None:
    vosk.SetLogLevel(-1)
    recording = Recording(Path(file))
    with tempfile.TemporaryDirectory() as view:
        model = vosk.Model(str(_published(Path(folder), Path(view))))
    sys.stderr.write("listening\n")
    sys.stderr.flush()
    channels = {side: Channel(model) for side in recording.sides}
    block: list[tuple[Frame, ...]] = []
    for step in recording.frames():
        block.append(step)
        if len(block) == BLOCK_FRAMES:
            _hear(channels, block)
            block.clear()
    _hear(channels, block)
    for channel in channels.values():
        channel.end()
    print(json.dumps({side: _text(channel) for side, channel in channels.items()}), flush=True)
    # A server does not end with the call: taking the model down must not count against it.
    os._exit(0)


def _published(folder: Path, view: Path) -> Path:
    """Lay out the model with the search options of its publisher; dither stays off, so that runs can be compared."""
    for part in folder.iterdir():
        if part.name != "conf":
            (view / part.name).symlink_to(part.resolve())
    (view / "conf").mkdir()
    for conf in (folder / "conf").iterdir():
        (view / "conf" / conf.name).write_text(as_published(conf.read_text("utf-8")), "utf-8")
    return view


def _hear(channels: dict[Side, Channel], block: list[tuple[Frame, ...]]) -> None:
    for number, channel in enumerate(channels.values()):
        channel.hear(b"".join(step[number].pcm for step in block))


def _text(channel: Channel) -> str:
    return " ".join(json.loads(result)["text"] for result in channel.results)


if __name__ == "__main__":
    main(*sys.argv[1:])
