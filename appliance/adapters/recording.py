"""A recorded call as the line: its frames, at the pace of its own clock or as fast as they are taken."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from os import SEEK_CUR
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall, LineKind, Report, Sign, Step, unseen
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ, Band
from appliance.line_settings import Pace
from appliance.speech.frames import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, Frame, Side, Withheld
from appliance.telephony.codecs import Samples
from appliance.telephony.wav import MAX_HEADER_BYTES, parse_header

NARROW_RATE_HZ: Final = 8_000
"""At this rate nothing above 4 kHz can be there: the line is narrow. Higher rates are taken at their word."""

DEFAULT_SIDES: Final[dict[int, tuple[Side, ...]]] = {1: ("caller",), 2: ("agent", "caller")}
"""By number of channels: left is the near end. A single channel is taken as the voice that the rules are about."""

BLOCK_MS: Final = 100
"""Read at a time: a few frames, so that a recording of hours needs no more memory than one of seconds."""


class Recording:
    """A WAV file as a line with one or two sides and one call.

    `sides` names the channels in their order; empty takes the usual ones. Raises `BadInputError`
    for a file that cannot be read as a call.
    """

    kind: LineKind = "recording"

    def __init__(self, path: Path, sides: tuple[Side, ...] = (), pace: Pace = "real") -> None:
        self.on_sign: Sign = unseen
        self.busy = ""
        self.capture = Capture()
        self._path = path
        self._pace = pace
        self._unread_until = 0
        """Position up to which the newest block was passed over instead of read, as the line was muted."""
        try:
            with path.open("rb") as file:
                head = file.read(MAX_HEADER_BYTES)
            self._format = parse_header(head, path.stat().st_size, str(path))
        except OSError as error:
            raise BadInputError(
                f"the recording cannot be read ({error.strerror})",
                where=str(path),
                mend="check the path and its rights",
            ) from error
        self.sides: tuple[Side, ...] = sides or DEFAULT_SIDES[self._format.channels]
        if len(self.sides) != self._format.channels:
            raise BadInputError(
                f"the recording has {self._format.channels} channels, but {len(sides)} sides are configured",
                where=str(path),
                mend='name one side for each channel, e.g. sides = ["agent", "caller"]',
            )

    @property
    def band(self) -> Band:
        """What the recording can carry, by its rate."""
        return "narrow" if self._format.rate_hz <= NARROW_RATE_HZ else "wide"

    @property
    def name(self) -> str:
        """The file's own name."""
        return self._path.name

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self._format.length_bytes / self._format.frame_bytes / self._format.rate_hz

    async def calls(self, _report: Report) -> AsyncGenerator[LineCall, None]:
        """See `line.Line`: a recording has one call, and nothing can be wrong with it once it was opened."""
        if self._pace == "fast":
            yield LineCall(self.sides, self.band, self._captured(unpaced(self.frames())), lockstep=True)
        else:
            yield LineCall(self.sides, self.band, self._captured(paced(self.frames())))

    async def _captured(self, steps: AsyncIterator[tuple[Frame, ...]]) -> AsyncIterator[Step]:
        """Pass on what may be heard; of the rest its time alone."""
        try:
            async for step in steps:
                if self.capture.muted() or step[0].sample < self._unread_until:
                    self.capture.closed(self)
                    yield tuple(Withheld(each.side, each.sample, each.sample + FRAME_SAMPLES, "muted") for each in step)
                else:
                    self.capture.opened(self)
                    yield step
        finally:
            self.capture.closed(self)

    def frames(self) -> Iterator[tuple[Frame, ...]]:
        """Give the frames of all sides, one 20 ms step after the other; the last step is filled with silence."""
        pending = np.empty((0, len(self.sides)), np.int16)
        sample = 0
        for block in self._resampled():
            self.on_sign()
            pending = np.concatenate((pending, block))
            whole = len(pending) // FRAME_SAMPLES
            for step in range(whole):
                yield self._step(pending[step * FRAME_SAMPLES : (step + 1) * FRAME_SAMPLES], sample)
                sample += FRAME_SAMPLES
            pending = pending[whole * FRAME_SAMPLES :]
        if len(pending):
            yield self._step(pending, sample)

    def _step(self, block: Samples, sample: int) -> tuple[Frame, ...]:
        return tuple(
            Frame(side, sample, block[:, channel].tobytes().ljust(FRAME_BYTES, b"\0"))
            for channel, side in enumerate(self.sides)
        )

    def _resampled(self) -> Iterator[Samples]:
        if self._format.rate_hz == SAMPLE_RATE_HZ:
            yield from self._blocks()
            return
        # In floating point, for soxr adds noise to 16-bit output (dither), other noise in each run.
        resampler = soxr.ResampleStream(self._format.rate_hz, SAMPLE_RATE_HZ, len(self.sides), dtype="float32")
        for block in self._blocks():
            yield _rounded(resampler.resample_chunk(block.astype(np.float32)))
        yield _rounded(resampler.resample_chunk(np.empty((0, len(self.sides)), np.float32), last=True))

    def _blocks(self) -> Iterator[Samples]:
        form = self._format
        block = form.rate_hz * BLOCK_MS // 1000
        # Without a buffer: it would read ahead, beyond the moment at which the line is muted.
        with self._path.open("rb", buffering=0) as file:
            file.seek(form.offset_bytes)
            for start in range(0, form.length_bytes // form.frame_bytes, block):
                count = min(block, form.length_bytes // form.frame_bytes - start)
                if self.capture.muted():
                    file.seek(count * form.frame_bytes, SEEK_CUR)
                    self._unread_until = (start + count) * SAMPLE_RATE_HZ // form.rate_hz
                    yield np.zeros((count, form.channels), np.int16)
                    continue
                data = file.read(count * form.frame_bytes)
                yield form.decode(data[: len(data) - len(data) % form.frame_bytes]).reshape(-1, form.channels)


def _rounded(signal: NDArray[np.float32]) -> Samples:
    return np.rint(signal).clip(-32768, 32767).astype(np.int16)


async def paced(steps: Iterator[tuple[Frame, ...]]) -> AsyncIterator[tuple[Frame, ...]]:
    """Give each step when its last sample would have been spoken, as a live line does."""
    began_s = time.monotonic()
    for number, step in enumerate(steps, start=1):
        await asyncio.sleep(max(0.0, began_s + number * FRAME_MS / 1000 - time.monotonic()))
        yield step


async def unpaced(steps: Iterator[tuple[Frame, ...]]) -> AsyncIterator[tuple[Frame, ...]]:
    """Give the steps as fast as they are taken; other tasks get their turn at each."""
    for step in steps:
        await asyncio.sleep(0)
        yield step
