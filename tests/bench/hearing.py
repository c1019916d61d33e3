"""What the device's recognizer hears in a recording, word for word.

Frame by frame the same parts as in the device, without its processes and its redaction: so the same audio in the same
blocks, and words that can be held against the truth.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from appliance.adapters import model_store
from appliance.adapters.preparation import ENDPOINTING
from appliance.adapters.recording import Recording
from appliance.adapters.vad import VoiceDetector
from appliance.errors import BadInputError
from appliance.models.choice import EngineChoice, choose_installed
from appliance.speech.frames import Frame, Side
from appliance.speech.listener import Listener, Said
from appliance.speech.recognizer import EndUtterance, Hear, Recognizer
from tests.bench.options import SkippedError


class Engine(NamedTuple):
    """A speech engine with its model: what the device takes for a recording."""

    name: str
    folder: Path
    new_recognizer: Callable[[], Recognizer]


def choose(recording: Path, language: str, engine: EngineChoice = "auto") -> Engine:
    """Choose and load as the device does. Raises `SkippedError` when nothing fitting is installed."""
    installed = {folder.name for folder in model_store.installed_folders()}
    try:
        model = choose_installed(
            model_store.known_models(), installed, language, Recording(recording).band, engine
        ).model
        if model is None:
            raise SkippedError(f"no model hears {language!r} on the band of {recording.name}", mend="none is known")
        folder = model_store.locate(model)
        return Engine(model.engine, folder, load(model.engine, folder))
    except ImportError as error:
        raise SkippedError(str(error), mend="install Undertone with the extra `moonshine`") from error
    except BadInputError as error:
        raise SkippedError(error.what, mend=error.mend) from error


def hear(recording: Path, engine: Engine) -> dict[str, str]:
    """Give all that each side said."""
    line = Recording(recording)
    ears = {side: _Ear(side, engine) for side in line.sides}
    for step in line.frames():
        for frame in step:
            ears[frame.side].hear(frame)
    return {side: ear.end() for side, ear in ears.items()}


class _Ear:
    """One side: detector, endpointer, recognizer."""

    def __init__(self, side: Side, engine: Engine) -> None:
        self._listener = Listener(side, ENDPOINTING[engine.name])
        self._detector = VoiceDetector()
        self._recognizer = engine.new_recognizer()
        self._said: list[str] = []

    def hear(self, frame: Frame) -> None:
        self._do(self._listener.receive_frame(frame, voiced=self._detector.is_voiced(frame)))

    def end(self) -> str:
        self._do(self._listener.receive_end())
        return " ".join(self._said)

    def _do(self, requests: list[Said]) -> None:
        for request in requests:
            if isinstance(request, Hear):
                self._recognizer.hear(request.sample, request.pcm)
            elif isinstance(request, EndUtterance):
                self._said += [word.text for word in self._recognizer.end_utterance()]


def load(engine: str, folder: Path) -> Callable[[], Recognizer]:
    if engine == "vosk":
        from appliance.adapters import vosk_engine  # noqa: PLC0415 - loads the engine's library

        model = vosk_engine.load(folder)
        return lambda: vosk_engine.VoskRecognizer(model)

    from appliance.adapters import moonshine_engine  # noqa: PLC0415 - an extra that may be missing

    transcriber = moonshine_engine.load(folder)
    return lambda: moonshine_engine.MoonshineRecognizer(transcriber)
