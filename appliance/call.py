"""One call on real parts: the line's frames, the voice activity detectors, the recognizers, the session.

`run` and `replay` differ only in what they do with the outputs.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from appliance.adapters.recognizer_worker import Ears
from appliance.adapters.recognizers import RecognizerHost, Recognizers
from appliance.adapters.tasks import task_group
from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ, Band
from appliance.session import CallSession, EndReason, Output, Switch
from appliance.speech.frames import FRAME_SAMPLES, Frame, Side
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Pause

FINALS_TIMEOUT_S: Final = 15.0
"""After the line went on hook: a large model on a slow box needs a few seconds for its last words."""

ARRIVALS_S: Final = 60
"""How far back `heard_at_s` knows when audio arrived; twice the longest utterance with its final hypothesis."""


class Call:
    """Drives one session. `sink` gets every batch of outputs but requests and switches, in order.

    `lockstep` waits for each answer of the recognizers before the next frame, so that a recording gives the same
    outputs each time; without it the line's clock sets the pace. A host is started when a side first needs it, and
    stopped when none does any more.
    """

    def __init__(
        self,
        session: CallSession,
        sides: Sequence[Side],
        hosts: Mapping[Band, RecognizerHost | None],
        sink: Callable[[list[Output]], None],
        *,
        lockstep: bool,
    ) -> None:
        self.session = session
        self._sink = sink
        self._lockstep = lockstep
        self._detectors = {side: VoiceDetector() for side in sides}
        self._hosts = hosts
        self._tasks: asyncio.TaskGroup
        self._retirements: list[asyncio.Task[None]] = []
        self._recognizers: dict[Side, Recognizers] = {}
        """Who hears each side now; both sides share one while they carry the same band."""
        self._running: dict[Recognizers, asyncio.Task[None]] = {}
        """Of all recognizers that still have something to say."""
        self._arrivals_s = deque[float](maxlen=ARRIVALS_S * SAMPLE_RATE_HZ // FRAME_SAMPLES)
        self._heard_until = 0
        self._stopping = asyncio.Event()

    async def run(self, steps: AsyncIterator[tuple[Frame, ...]]) -> None:
        """Run the call from its first frame until the line ends or `stop` is called."""
        async with task_group() as group:
            self._tasks = group
            self._take(self.session.begin())
            reason = await self._listen(steps)
            self._take(self.session.hang_up())
            await self._wait_for_finals()
            self._take(self.session.end(reason))
            for task in (*self._running.values(), *self._retirements):
                task.cancel()

    def stop(self) -> None:
        """End the call at the next frame, as the device stops."""
        self._stopping.set()

    def tell(self, outputs: list[Output]) -> None:
        """Take what the session has made of something that came from elsewhere than the line."""
        self._take(outputs)

    def heard_at_s(self, sample: int) -> float:
        """Give the monotonic time at which the audio up to `sample` had arrived, as far back as it is remembered."""
        steps_back = (self._heard_until - sample) // FRAME_SAMPLES
        if not self._arrivals_s:
            return time.monotonic()
        return self._arrivals_s[max(0, min(len(self._arrivals_s) - 1, len(self._arrivals_s) - 1 - steps_back))]

    async def _listen(self, steps: AsyncIterator[tuple[Frame, ...]]) -> EndReason:
        async for step in steps:
            if self._stopping.is_set():
                return "stopped"
            self._arrivals_s.append(time.monotonic())
            self._heard_until = step[0].sample + FRAME_SAMPLES
            for frame in step:
                voiced = self._detectors[frame.side].is_voiced(frame)
                self._take(self.session.receive_frame(frame, voiced=voiced))
                if self._lockstep and (recognizer := self._recognizers.get(frame.side)):
                    await recognizer.idle()
        return "on_hook"

    async def _wait_for_finals(self) -> None:
        waiting = [recognizers.idle() for recognizers in self._running]
        try:
            await asyncio.wait_for(asyncio.gather(*waiting), FINALS_TIMEOUT_S)
        except TimeoutError:
            for side in self._detectors:
                self._take(self.session.receive_loss(side, self._heard_until))

    def _take(self, outputs: list[Output]) -> None:
        told: list[Output] = []
        for output in outputs:
            if isinstance(output, Hear | Pause | EndUtterance):
                if recognizer := self._recognizers.get(output.side):
                    recognizer.send(output)
            elif isinstance(output, Switch):
                self._switch(output)
            else:
                told.append(output)
        if told:
            self._sink(told)

    def _switch(self, switch: Switch) -> None:
        """Give a side the recognizers for a band; those before finish what they were sent."""
        before, host = self._recognizers.pop(switch.side, None), self._hosts[switch.band]
        if host:
            self._recognizers[switch.side] = self._recognizers_of(host)
        if before and before not in self._recognizers.values():
            retirement = self._tasks.create_task(self._retire(before), name=f"retire-{switch.side}")
            self._retirements.append(retirement)

    def _recognizers_of(self, host: RecognizerHost) -> Recognizers:
        for running in self._running:
            if running.host is host:
                return running
        ears = Ears(
            self._receive_hypothesis,
            lambda side, until: self._take(self.session.receive_loss(side, until)),
            lambda side, start, end: self._take(self.session.receive_overload(side, start, end)),
        )
        started = Recognizers(host, ears)
        self._running[started] = self._tasks.create_task(started.run(), name="recognizers")
        return started

    async def _retire(self, recognizers: Recognizers) -> None:
        await recognizers.idle()
        if recognizers in self._recognizers.values():
            return  # the side has come back meanwhile
        self._running.pop(recognizers).cancel()
        await recognizers.host.stop()

    def _receive_hypothesis(self, side: Side, hypothesis: Hypothesis) -> None:
        self._take(self.session.receive_hypothesis(side, hypothesis))
