"""A call whose sides carry other bands than its line declares: what is told, and who listens from when on."""

import asyncio
import time
from pathlib import Path

import numpy as np
import psutil

from appliance.adapters.line import LineCall
from appliance.adapters.recognizers import RecognizerHost
from appliance.adapters.recording import unpaced
from appliance.adapters.vad import VoiceDetector
from appliance.call import Call
from appliance.ears import Ears, Switch
from appliance.escalation.rules import RulePack
from appliance.events import SAMPLE_RATE_HZ, Band, BandMeasured, CallStarted, Event, Notice, Utterance
from appliance.session import CallSession, Output
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.recognizer import EndUtterance, Request

from .adapters.clips import hosts
from .speech.test_band import Audio, frames, through_8_khz, wide

GONE_WITHIN_S = 10.0

RULES = RulePack("none", "0", "ko", (), ())
STARTED = CallStarted(
    who="both", start_sample=0, end_sample=0, line="test", language="ko", band="wide", engine="", model="big", rules=""
)
DEAF = Notice(who="both", start_sample=0, end_sample=0, code="no_model_hears", text="No model hears this.")
EARS: dict[Band, Ears] = {
    "wide": Ears("big", EndpointerSettings()),
    "narrow": Ears("", EndpointerSettings(), (DEAF,)),
}


def part(begin_s: float, end_s: float) -> Audio:
    """Give a part of the caller's side of the Korean call."""
    return wide("caller")[int(begin_s * SAMPLE_RATE_HZ) : int(end_s * SAMPLE_RATE_HZ)]


def hold(audio: Audio, ears: dict[Band, Ears]) -> list[Output]:
    """Let the session hear a caller to whom no recognizer answers."""
    session, detector = CallSession(("caller",), RULES, ears, STARTED), VoiceDetector()
    outputs = session.begin()
    for frame in frames(audio):
        outputs += session.receive_frame(frame, voiced=detector.is_voiced(frame))
    return outputs + session.hang_up()


def transferred() -> Audio:
    """Give a caller who comes by telephone and is then put through on a wide line."""
    return np.concatenate((through_8_khz(part(0, 40)), part(45, 73)))


def test_each_side_begins_with_the_ears_for_the_declared_band() -> None:
    begun = CallSession(("agent", "caller"), RULES, EARS, STARTED).begin()
    assert [output for output in begun if isinstance(output, Switch)] == [
        Switch("agent", "wide"),
        Switch("caller", "wide"),
    ]


def test_a_narrow_side_of_a_wide_line_is_told_and_followed_between_two_utterances() -> None:
    outputs = hold(through_8_khz(part(0, 40)), EARS)
    (measured,) = [output for output in outputs if isinstance(output, BandMeasured)]
    assert (measured.who, measured.band, measured.model) == ("caller", "narrow", "")
    (notice,) = [output for output in outputs if isinstance(output, Notice)]
    assert (notice.who, notice.code) == ("caller", "no_model_hears")
    assert notice.start_sample >= measured.start_sample
    at = outputs.index(Switch("caller", "narrow"))
    heard = [output for output in outputs[:at] if isinstance(output, Request)]
    follows = [output for output in outputs[at:] if isinstance(output, Request)]
    assert isinstance(heard[-1], EndUtterance)
    assert follows[0].utterance == heard[-1].utterance + 1


def test_a_side_that_carries_what_is_declared_changes_nothing() -> None:
    outputs = hold(part(0, 40), EARS)
    assert [output.model for output in outputs if isinstance(output, BandMeasured)] == ["big"]
    assert [output for output in outputs if isinstance(output, Switch)] == [Switch("caller", "wide")]


def test_the_same_notice_is_not_given_twice() -> None:
    second = Notice(who="both", start_sample=0, end_sample=0, code="second_choice", text="Another one listens.")
    ears: dict[Band, Ears] = {
        "wide": Ears("big", EndpointerSettings(), (second,)),
        "narrow": Ears("small", EndpointerSettings(), (second,)),
    }
    outputs = hold(through_8_khz(part(0, 40)), ears)
    assert [output for output in outputs if isinstance(output, Notice)] == [second]


def still_running() -> int:
    """Count the hosts that do not end within seconds: a recording runs faster than a process ends."""
    until_s = time.monotonic() + GONE_WITHIN_S
    while (alive := [host for host in hosts() if host.status() != psutil.STATUS_ZOMBIE]) and time.monotonic() < until_s:
        time.sleep(0.02)
    return len(alive)


def call(audio: Audio, folder: Path) -> tuple[list[Event], list[int]]:
    """Hold a call of which Vosk hears the wide band; give its events, and how many hosts ran when it was wide again."""
    events: list[Event] = []
    running: list[int] = []

    def sink(outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Event):
                events.append(output)
                if isinstance(output, BandMeasured) and output.band == "wide":
                    running.append(still_running())

    async def whole() -> None:
        host = RecognizerHost("vosk", folder, warm=False)
        session = CallSession(("caller",), RULES, EARS, STARTED)
        try:
            line = LineCall(("caller",), "wide", unpaced((frame,) for frame in frames(audio)), lockstep=True)
            await Call(session, line, {"wide": host, "narrow": None}, sink).run()
        finally:
            await host.stop()

    asyncio.run(whole())
    return events, running


def test_after_a_transfer_the_model_is_started_again_and_while_nobody_needs_it_it_is_not_kept(
    korean_model: Path,
) -> None:
    events, running = call(transferred(), korean_model)
    bands = [event for event in events if isinstance(event, BandMeasured)]
    assert [event.band for event in bands] == ["narrow", "wide"]
    assert running == [0]
    after = [event for event in events if isinstance(event, Utterance) and event.start_sample > bands[1].start_sample]
    assert "계약" in " ".join(event.text for event in after)
