"""One call on real parts: the line's frames, the voice activity detectors, the recognizers, the session.

`run` and `replay` differ only in what they do with the outputs.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, Final

from appliance.adapters.line import LineCall, Step
from appliance.adapters.recognizer_worker import Ears
from appliance.adapters.recognizers import RecognizerHost, Recognizers
from appliance.adapters.tasks import task_group
from appliance.adapters.vad import VoiceDetector
from appliance.ears import Switch
from appliance.events import SAMPLE_RATE_HZ, Band, Gap, KeyPressed
from appliance.governor import Stage, does
from appliance.session import CallSession, EndReason, Output
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, Side, Withheld
from appliance.speech.level import VoiceLevel
from appliance.speech.recognizer import Hypothesis, Request

FINALS_TIMEOUT_S: Final = 15.0
"""After the line went on hook: a large model on a slow box needs a few seconds for its last words."""

ARRIVALS_S: Final = 60
"""How far back `heard_at_s` knows when audio arrived; twice the longest utterance with its final hypothesis."""


class Call:
    """Drives one session over a call of the line.

    `sink` gets every batch of outputs but requests and switches, in order.

    A call in lockstep waits for each answer of the recognizers before the next frame, so that a recording gives the
    same outputs each time; otherwise the line's clock sets the pace. A host is started when a side first needs it, and
    stopped when no side of any call does any more.
    """

    def __init__(
        self,
        session: CallSession,
        line: LineCall,
        hosts: Mapping[Band, RecognizerHost | None],
        sink: Callable[[list[Output]], None],
    ) -> None:
        self.session = session
        self._line = line
        self._sink = sink
        self._detectors = {side: VoiceDetector() for side in line.sides}
        self._levels = {side: VoiceLevel() for side in line.sides}
        self._hosts = hosts
        self._tasks: asyncio.TaskGroup
        self._retirements: list[asyncio.Task[None]] = []
        self._recognizers: dict[Side, Recognizers] = {}
        """Who hears each side now; both sides share one while they carry the same band."""
        self._running: dict[Recognizers, asyncio.Task[None]] = {}
        """Of all recognizers that still have something to say."""
        self._arrivals = deque[tuple[int, float]](maxlen=ARRIVALS_S * SAMPLE_RATE_HZ // FRAME_SAMPLES)
        """Until which sample the newest steps reach, and when they came."""
        self._stopping = asyncio.Event()
        self._stage: Stage = "all"

    @property
    def sides(self) -> tuple[Side, ...]:
        """Give the sides that the call has."""
        return self._line.sides

    @property
    def levels_dbfs(self) -> dict[str, float]:
        """Give how loud each side speaks that has spoken."""
        return {side: level.dbfs for side, level in self._levels.items() if level.dbfs is not None}

    @property
    def waiting_s(self) -> float | None:
        """Give how much speech waits for the recognizers; None where the line waits for them itself."""
        if self._line.lockstep:
            return None
        return max((recognizers.waiting_s for recognizers in self._running), default=0.0)

    def shed(self, stage: Stage) -> None:
        """Leave undone what a busy box leaves undone at this stage; a line that waits for us needs nothing of that."""
        if self._line.lockstep:
            return
        before, self._stage = self._stage, stage
        for recognizers in self._running:
            recognizers.want_partials(wanted=does(stage, "no_partials"))
        if does(before, "no_prosody") != does(stage, "no_prosody"):
            self._take(self.session.spare_stress(spares=not does(stage, "no_prosody")))

    async def run(self) -> None:
        """Run the call from its first frame until it ends or `stop` is called."""
        async with task_group() as group:
            self._tasks = group
            self._take(self.session.begin())
            reason = await self._until_stopped(self._listen(self._line.steps))
            self._take(self.session.hang_up())
            await self._wait_for_finals()
            self._take(self.session.end(reason))
            for task in (*self._running.values(), *self._retirements):
                task.cancel()

    def stop(self) -> None:
        """End the call now, as the device stops."""
        self._stopping.set()

    def tell(self, outputs: list[Output]) -> None:
        """Take what the session has made of something that came from elsewhere than the line."""
        self._take(outputs)

    def heard_at_s(self, sample: int) -> float:
        """Give the monotonic time at which the audio up to `sample` had arrived, as far back as it is remembered."""
        found = time.monotonic()
        for until, at_s in reversed(self._arrivals):
            if until < sample:
                break
            found = at_s
        return found

    async def _until_stopped(self, listening: Coroutine[Any, Any, EndReason]) -> EndReason:
        """Listen, but not beyond `stop`: a line that has gone quiet must not hold the device."""
        task = self._tasks.create_task(listening, name="listen")
        stopping = self._tasks.create_task(self._stopping.wait(), name="stopping")
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait((task,))
        return "stopped"

    async def _listen(self, steps: AsyncIterator[Step]) -> EndReason:
        async for step in steps:
            if self._stopping.is_set():
                return "stopped"
            self._note_arrival(step)
            for piece in step:
                if isinstance(piece, Frame):
                    await self._hear(piece)
                elif isinstance(piece, Lost):
                    self._lose(piece)
                elif isinstance(piece, Withheld):
                    self._take(self.session.receive_withheld(piece))
                elif not (self.session.is_paused and isinstance(piece, Gap | KeyPressed)):
                    self._take(self.session.receive_line_event(piece))  # the keys of a pause are those of a card
        return self._line.ended

    def _note_arrival(self, step: Step) -> None:
        until = max((piece.sample + FRAME_SAMPLES for piece in step if isinstance(piece, Frame)), default=0)
        if until > self._heard_until:
            self._arrivals.append((until, time.monotonic()))

    async def _hear(self, frame: Frame) -> None:
        if self.session.is_paused:
            until = frame.sample + FRAME_SAMPLES
            self._take(self.session.receive_withheld(Withheld(frame.side, frame.sample, until, "paused")))
            return
        voiced = self._detectors[frame.side].is_voiced(frame)
        self._levels[frame.side].receive_frame(frame.pcm, voiced=voiced)
        self._take(self.session.receive_frame(frame, voiced=voiced))
        if self._line.lockstep and (recognizer := self._recognizers.get(frame.side)):
            await recognizer.idle()

    def _lose(self, lost: Lost) -> None:
        if self.session.is_paused:
            withheld = Withheld(lost.side, lost.start_sample, lost.end_sample, "paused")
            self._take(self.session.receive_withheld(withheld))
        else:
            self._take(self.session.receive_lost(lost))

    @property
    def _heard_until(self) -> int:
        return self._arrivals[-1][0] if self._arrivals else 0

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
            if isinstance(output, Request):
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
        started = Recognizers(host, ears, len(self.sides))
        started.want_partials(wanted=does(self._stage, "no_partials"))
        self._running[started] = self._tasks.create_task(started.run(), name="recognizers")
        return started

    async def _retire(self, recognizers: Recognizers) -> None:
        await recognizers.idle()
        if recognizers in self._recognizers.values():
            return  # the side has come back meanwhile
        running = self._running.pop(recognizers)
        running.cancel()
        await asyncio.wait((running,))
        if not recognizers.host.calls:
            await recognizers.host.stop()

    def _receive_hypothesis(self, side: Side, hypothesis: Hypothesis) -> None:
        self._take(self.session.receive_hypothesis(side, hypothesis))
