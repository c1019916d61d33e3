"""Teacher and student: the model on the wideband side, the front with the model behind it on the telephone side."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from appliance.models.adapt.acoustic_network import AcousticNetwork, Heads
from appliance.models.adapt.corpus import Tell
from appliance.models.adapt.features import Pair
from appliance.models.adapt.front_network import FrontNetwork
from appliance.models.adapt.ivectors import Extractor, read_extractor
from appliance.models.front import CONTEXT_FRAMES, Front, mended_ivector
from appliance.models.kaldi import AcousticModel, Array

CUT_FRAMES: Final = 150
BATCH: Final = 12

SCORE_VARIANCE: Final = 0.11
"""Brings the squared difference of the scores to the order of the other parts of the loss."""

SHARPNESS: Final = 2.0
"""Scores are sharpened before they are compared as probabilities: what the decoder would choose counts most."""


class WideModel(NamedTuple):
    """The files of a wideband model that teaching needs."""

    acoustic: AcousticModel
    extractor: bytes
    gaussians: bytes
    matrix: Array
    statistics: Array


class Lesson(NamedTuple):
    """A cut of one session with the i-vectors of both sides at its end."""

    pair: Pair
    start: int
    teacher_ivector: NDArray[np.float32]
    student_ivector: NDArray[np.float32]


class Marks(NamedTuple):
    """How near the student comes to its teacher: the divergence per frame, and how often both choose alike."""

    divergence: float
    agreement: float


class School:
    """Teacher, front and student with the i-vectors that each of them hears."""

    def __init__(self, model: WideModel, front: Front, network: FrontNetwork) -> None:
        """Begin with a front; its i-vector side stays as it is."""
        self.front = network
        self.teacher = AcousticNetwork(model.acoustic, CUT_FRAMES).requires_grad_(requires_grad=False)
        self.student = AcousticNetwork(model.acoustic, CUT_FRAMES).requires_grad_(requires_grad=False)
        matrix, statistics = mended_ivector(model.matrix, model.statistics, front)
        self._wide = _extractor(model, model.matrix, model.statistics)
        self._narrow = _extractor(model, matrix, statistics)

    def lessons(self, pairs: Sequence[Pair], tell: Tell) -> list[Lesson]:
        """Cut sessions; the i-vectors follow the session from its start to the end of each cut."""
        made = []
        for number, pair in enumerate(pairs, start=1):
            before = CONTEXT_FRAMES - self.teacher.first
            behind = len(pair.wide) - self.teacher.last - CONTEXT_FRAMES
            starts = list(range(before, behind, CUT_FRAMES))
            ends = [start + CUT_FRAMES for start in starts]
            wide = self._wide.extract(pair.wide.astype(np.float64), pair.speech, ends)
            narrow = self._narrow.extract(pair.narrow.astype(np.float64), pair.speech, ends)
            made += [Lesson(pair, *each) for each in zip(starts, wide, narrow, strict=True)]
            tell("computing i-vectors", number, len(pairs))
        return made

    def attend(self, batch: Sequence[Lesson]) -> tuple[Heads, Heads]:
        """Give what teacher and student make of a batch."""
        first, last = self.teacher.first, self.teacher.last + 1
        wide = np.stack([lesson.pair.wide[lesson.start + first : lesson.start + last] for lesson in batch])
        first, last = first - CONTEXT_FRAMES, last + CONTEXT_FRAMES
        narrow = np.stack([lesson.pair.narrow[lesson.start + first : lesson.start + last] for lesson in batch])
        known = torch.from_numpy(np.stack([lesson.teacher_ivector for lesson in batch]))
        guessed = torch.from_numpy(np.stack([lesson.student_ivector for lesson in batch]))
        with torch.no_grad():
            wanted = self.teacher(torch.from_numpy(wide), known)
        return wanted, self.student(self.front(torch.from_numpy(narrow)), guessed)

    def own_changes(self) -> dict[str, Array]:
        """Give by how much the student's own layers have become others than the teacher's."""
        before = self.teacher.own_values()
        return {key: value - before[key] for key, value in self.student.own_values().items()}

    def load_own_changes(self, changes: dict[str, Array]) -> None:
        """Let the student begin with changes that `own_changes` gave."""
        before = self.teacher.own_values() if changes else {}
        self.student.load_own({key: before[key] + change for key, change in changes.items()})

    @torch.no_grad()
    def judge(self, lessons: Sequence[Lesson], tell: Tell) -> Marks:
        """Measure the student on speech that it has not learnt from."""
        divergence, alike, frames = 0.0, 0, 0
        for number, first in enumerate(range(0, len(lessons), BATCH), start=1):
            wanted, given = self.attend(lessons[first : first + BATCH])
            count = wanted.scores.shape[0] * wanted.scores.shape[1]
            divergence += float(_divergence(wanted, given)) * count
            alike += int((wanted.scores.argmax(-1) == given.scores.argmax(-1)).sum())
            frames += count
            tell("judging", number, -(-len(lessons) // BATCH))
        return Marks(divergence / frames, alike / frames)


def loss(wanted: Heads, given: Heads) -> torch.Tensor:
    """Give how far the student is from its teacher: in scores, in the layers below, and as probabilities."""
    scores = ((given.scores - wanted.scores) ** 2).mean() / SCORE_VARIANCE
    layers = [((own - other) ** 2).mean() / other.var() for own, other in zip(given.layers, wanted.layers, strict=True)]
    below = torch.stack(layers).mean() if layers else torch.zeros(())
    return scores + below + _divergence(wanted, given)


def batches(lessons: Sequence[Lesson], seed: int) -> Iterator[list[Lesson]]:
    """Give the lessons in a random order that is the same for the same seed."""
    order = np.random.default_rng(seed).permutation(len(lessons))
    for first in range(0, len(order) - BATCH + 1, BATCH):
        yield [lessons[number] for number in order[first : first + BATCH]]


def _divergence(wanted: Heads, given: Heads) -> torch.Tensor:
    """Give the Kullback-Leibler divergence of the sharpened scores, per frame."""
    goal = functional.log_softmax(SHARPNESS * wanted.scores, dim=-1)
    found = functional.log_softmax(SHARPNESS * given.scores, dim=-1)
    return (goal.exp() * (goal - found)).sum(dim=-1).mean()


def _extractor(model: WideModel, matrix: Array, statistics: Array) -> Extractor:
    mean = statistics[0, :-1] / statistics[0, -1]
    return read_extractor(model.extractor, model.gaussians, matrix, mean)
