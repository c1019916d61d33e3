"""A call over scripted recognizers, as values."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from appliance.ears import Ears
from appliance.escalation.rules import parse_rules
from appliance.events import SAMPLE_RATE_HZ, Band, CallStarted, Event, Notice, Word
from appliance.session import CallSession, Output
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import FRAME_SAMPLES, Side
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Look, Request, ScriptedRecognizer

from .rule_packs import LAWYER, pack
from .speech.sounds import frame

RULES = parse_rules(pack(f'{LAWYER}latch = true\nreason = "Speaks of a lawyer"\nsuggest = "Listen."'), "rules.toml")

STARTED = CallStarted(
    who="both",
    start_sample=0,
    end_sample=0,
    line="test",
    language="en",
    band="wide",
    engine="scripted",
    model="script",
    rules="test 1",
)

DEAF = Notice(who="both", start_sample=0, end_sample=0, code="no_model_hears", text="No model hears this.")

SIDES: tuple[Side, ...] = ("agent", "caller")


def at(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def said(text: str, start_s: float, word_s: float = 0.3) -> list[Word]:
    """Give words one after the other."""
    return [
        Word(word, at(start_s + number * word_s), at(start_s + (number + 1) * word_s), 0.9)
        for number, word in enumerate(text.split())
    ]


class Talk:
    """A call in which both sides speak where their script has words; the recognizers answer at once."""

    def __init__(self, script: Mapping[Side, Sequence[Word]], notices: Sequence[Notice] = ()) -> None:
        ears: dict[Band, Ears] = {
            "wide": Ears("script", EndpointerSettings(), tuple(notices)),
            "narrow": Ears("", EndpointerSettings(), (DEAF,)),
        }
        self.session = CallSession(SIDES, RULES, ears, STARTED)
        self.outputs: list[Output] = []
        self.deaf: set[Side] = set()
        self.forgot: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self._script = script
        self._recognizers = {side: ScriptedRecognizer(script.get(side, ())) for side in SIDES}
        self._heard: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self._waiting = deque[Request]()
        self._frame = 0
        self.take(self.session.begin())

    def run_until(self, end_s: float) -> "Talk":
        """Let the line run up to this time."""
        while self._frame * FRAME_SAMPLES < at(end_s):
            for side in SIDES:
                voiced = any(self._speaks(word) for word in self._script.get(side, ()))
                self.take(self.session.receive_frame(frame(self._frame, voiced=voiced, side=side), voiced=voiced))
            self._frame += 1
        return self

    def skip_to(self, seconds: float) -> None:
        """Let time come so far without a sound of the line."""
        self._frame = at(seconds) // FRAME_SAMPLES

    def lose(self, side: Side) -> None:
        """Let one side's recognizer die, with all that it has heard, and another one take over."""
        self.forgot[side] = self._heard[side]
        self._recognizers[side] = ScriptedRecognizer(self._script.get(side, ()))
        self.take(self.session.receive_loss(side, self._heard[side]))

    def hang_up(self) -> "Talk":
        self.take(self.session.hang_up())
        self.take(self.session.end("on_hook"))
        return self

    def take(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Request):
                self._answer(output)
            else:
                self.outputs.append(output)

    def _answer(self, request: Request) -> None:
        recognizer, final = self._recognizers[request.side], isinstance(request, EndUtterance)
        if isinstance(request, Hear):
            self._heard[request.side] = request.sample + len(request.pcm) // 2
            words = recognizer.hear(request.sample, request.pcm)
        elif isinstance(request, Look):
            words = recognizer.look()
        else:
            words = recognizer.end_utterance() if final else recognizer.pause()
        ahead = isinstance(request, Look)
        hypothesis = Hypothesis(request.utterance, final, self._heard[request.side], words, ahead)
        self.take(self.session.receive_hypothesis(request.side, hypothesis))

    def _speaks(self, word: Word) -> bool:
        return word.start_sample <= self._frame * FRAME_SAMPLES < word.end_sample

    @property
    def events(self) -> list[Event]:
        return [output for output in self.outputs if isinstance(output, Event)]

    def of(self, kind: type) -> list[Output]:
        return [output for output in self.outputs if isinstance(output, kind)]


THREAT: dict[Side, list[Word]] = {"caller": said("then i will call my lawyer today", 1.0)}
