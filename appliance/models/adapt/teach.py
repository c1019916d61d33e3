"""Teaches a front by the model that it is for: no transcripts, and nothing is kept that is not better."""

import contextlib
import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from appliance.errors import BadInputError
from appliance.models.adapt.corpus import Corpus, Tell
from appliance.models.adapt.features import Pair
from appliance.models.adapt.front_network import FrontNetwork
from appliance.models.adapt.least_squares import fit_linear, fit_splice
from appliance.models.adapt.lessons import Lesson, Marks, School, WideModel, batches, loss
from appliance.models.front import Front, Layer, Provenance
from appliance.models.front_file import write_front

FRONT_COPIES: Final = (10,)
OWN_COPIES: Final = (12,)
FURTHER_COPIES: Final = (14,)
"""Numbers of copies of the corpus, each with other telephone lines: the front learns first, then the layers with it."""

PEAK_RATE: Final = 6e-4
OWN_RATE: Final = 0.3
"""The model's own layers know much that must not be lost: they learn more slowly."""

WARM_UP_STEPS: Final = 100
SAVE_EVERY_STEPS: Final = 25


class Course(NamedTuple):
    """Once through one copy of the corpus. `place` and `of` tell which course of its stage it is."""

    own_layers: bool
    copy: int
    place: int
    of: int


class Taught(NamedTuple):
    """The best front with its marks, and those of the front that it began with."""

    front: Front
    before: Marks
    after: Marks


def courses(*, own_layers: bool, further: bool = False) -> list[Course]:
    """Give the plan: the front alone, then, when wanted, the model's own layers with it.

    `further` is for a front that was taught before: both go on, with lines that they have not met.
    """
    if further:
        return _stage(FURTHER_COPIES, own_layers=own_layers)
    return _stage(FRONT_COPIES, own_layers=False) + (_stage(OWN_COPIES, own_layers=True) if own_layers else [])


def _stage(copies: Sequence[int], *, own_layers: bool) -> list[Course]:
    return [Course(own_layers, copy, place, len(copies)) for place, copy in enumerate(copies)]


def teach(model: WideModel, front: Front, corpus: Corpus, plan: list[Course], saved: Path, tell: Tell) -> Taught:
    """Teach, beginning with `front`, and give the best that came of it.

    What has been learnt is kept in the file `saved`; called again with the same model, front, corpus and plan it goes
    on from there. Raises `BadInputError` when nothing better came of it.
    """
    taught = _Teaching(model, front, corpus, plan, saved, tell).run()
    if taught.after.divergence >= taught.before.divergence:
        raise BadInputError(
            "the taught front is no better than the one it began with "
            f"({taught.after.divergence:.3f} against {taught.before.divergence:.3f} on held-out speech)",
            mend="teach with more and more varied recordings; nothing was changed",
        )
    return taught


class _Teaching:
    """One run of the plan, from where it was left."""

    def __init__(
        self, model: WideModel, front: Front, corpus: Corpus, plan: list[Course], saved: Path, tell: Tell
    ) -> None:
        self._corpus, self._plan, self._saved, self._tell = corpus, plan, saved, tell
        self._key = _key(model, front, corpus, plan)
        self._state = _read_saved(saved, self._key)
        self._copies: dict[int, list[Pair]] = {}
        self._start = front = self._with_ivector_side(front)
        pairs = corpus.judges(tell)
        network = _network(front, pairs)
        self._school = School(model, front, network)
        self._school.load_own_changes(front.own)
        self._judges = self._school.lessons(pairs, tell)
        self._optimiser = self._new_optimiser(own_layers=False)
        self._done, self._step = 0, 0
        self._best: dict[str, Any] = {}
        self._before = self._after = Marks(0.0, 0.0)

    def run(self) -> Taught:
        if not self._resume():
            self._before = self._after = self._judge("before")
        for number, course in enumerate(self._plan):
            if number >= self._done:
                self._attend(course)
                self._done, self._step = number + 1, 0
                self._keep_if_better(course)
                self._save()
        self._load(self._best)
        return Taught(self._front(), self._before, self._after)

    def _with_ivector_side(self, front: Front) -> Front:
        """Fit the i-vector's side on the same speech, as was done when what was saved began."""
        if self._state:
            weights, offsets, shift = (part.numpy().astype(np.float64) for part in self._state["ivector"])
            return front._replace(splice=Layer(weights, offsets), shift=shift)
        if not self._plan:
            return front
        splice, shift = fit_splice(self._copy(self._plan[0]))
        return front._replace(splice=splice, shift=shift)

    def _copy(self, course: Course) -> list[Pair]:
        """Give the course's copy of the corpus; one at a time is kept, for they are large and take minutes."""
        if course.copy not in self._copies:
            self._copies = {course.copy: self._corpus.copy(course.copy, self._tell)}
        return self._copies[course.copy]

    def _attend(self, course: Course) -> None:
        own = course.own_layers
        if own and course.place == 0 and self._step == 0:
            self._optimiser = self._new_optimiser(own_layers=True)
        lessons = self._school.lessons(self._copy(course), self._tell)
        steps = list(batches(lessons, course.copy))
        try:
            for number, batch in enumerate(steps, start=1):
                if number > self._step:
                    self._learn(batch, _rate(course, number, len(steps)))
                    self._step = number
                    self._tell(_name(course), number, len(steps))
                    if number % SAVE_EVERY_STEPS == 0:
                        self._save()
        except KeyboardInterrupt:
            self._save()
            raise

    def _learn(self, batch: list[Lesson], rate: float) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        wanted, given = self._school.attend(batch)
        self._optimiser.zero_grad()
        loss(wanted, given).backward()
        self._optimiser.step()

    def _new_optimiser(self, *, own_layers: bool) -> torch.optim.Adam:
        groups: list[dict[str, Any]] = [{"params": list(self._school.front.parameters()), "share": 1.0}]
        if own_layers:
            own = [parameter.requires_grad_() for parameter in self._school.student.own_layers()]
            groups.append({"params": own, "share": OWN_RATE})
        return torch.optim.Adam(groups, PEAK_RATE)

    def _keep_if_better(self, course: Course) -> None:
        if course.place < course.of - 1:
            return
        marks = self._judge(_name(course))
        if marks.divergence < self._after.divergence:
            self._after, self._best = marks, self._learnt()

    def _judge(self, name: str) -> Marks:
        marks = self._school.judge(self._judges, self._tell)
        self._tell(f"{name}: divergence {marks.divergence:.3f}, agreement {marks.agreement:.1%} of frames", 1, 1)
        return marks

    def _front(self) -> Front:
        changed = self._school.own_changes() if self._best.get("own") else self._start.own
        figures = (
            f"held-out speech against the wideband side: divergence {self._before.divergence:.3f} before, "
            f"{self._after.divergence:.3f} after; agreement {self._before.agreement:.1%}, {self._after.agreement:.1%}"
        )
        method = "teacher and student, 2" + (", with the model's own layers" if changed else "")
        provenance = Provenance("taught", method, "", figures)
        return self._start._replace(layers=self._school.front.layers(), own=changed, provenance=provenance)

    def _learnt(self) -> dict[str, Any]:
        front = {name: value.clone() for name, value in self._school.front.state_dict().items()}
        learning = any(parameter.requires_grad for parameter in self._school.student.parameters())
        values = self._school.student.own_values() if learning else {}
        own = {name: torch.from_numpy(value.astype(np.float32)) for name, value in values.items()}
        return {"front": front, "own": own}

    def _load(self, learnt: dict[str, Any]) -> None:
        if learnt:
            self._school.front.load_state_dict(learnt["front"])
            self._school.student.load_own({name: value.numpy() for name, value in learnt["own"].items()})

    def _save(self) -> None:
        state = {
            "key": self._key,
            "done": self._done,
            "step": self._step,
            "marks": [*self._before, *self._after],
            "best": self._best,
            "now": self._learnt(),
            "optimiser": self._optimiser.state_dict(),
            "ivector": [torch.from_numpy(part) for part in (*self._start.splice, self._start.shift)],
        }
        new = self._saved.with_suffix(".new")
        try:
            self._saved.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, new)
            new.replace(self._saved)
        except (OSError, RuntimeError) as error:  # PyTorch's own for a full disk
            with contextlib.suppress(OSError):
                new.unlink()
            raise BadInputError(
                f"what has been learnt cannot be saved ({error})", where=str(new.parent), mend="free space on the disk"
            ) from error

    def _resume(self) -> bool:
        state = self._state
        if not state:
            return False
        self._done, self._step, self._best = state["done"], state["step"], state["best"]
        self._before, self._after = Marks(*state["marks"][:2]), Marks(*state["marks"][2:])
        if state["now"]["own"]:
            self._optimiser = self._new_optimiser(own_layers=True)
        self._load(state["now"])
        self._optimiser.load_state_dict(state["optimiser"])
        return True


def _read_saved(file: Path, key: str) -> dict[str, Any]:
    """Read what was saved; nothing when there is none, it is damaged or of another teaching: then this begins anew."""
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        return {}
    return state if state.get("key") == key else {}


def _rate(course: Course, number: int, steps: int) -> float:
    """Rise, then fall in a line to the end of the stage."""
    done = course.place * steps + number
    left = 1 - done / (course.of * steps)
    return PEAK_RATE * min(1.0, (done + 20) / WARM_UP_STEPS, 1.5 * left + 0.01)


def _name(course: Course) -> str:
    what = "the front and the model's own layers" if course.own_layers else "the front"
    return f"teaching {what}, {course.place + 1} of {course.of}"


def _network(front: Front, pairs: list[Pair]) -> FrontNetwork:
    narrow = torch.cat([torch.from_numpy(pair.narrow) for pair in pairs]).double()
    network = FrontNetwork(fit_linear(pairs), narrow.mean(dim=0).numpy(), narrow.std(dim=0).numpy())
    try:
        network.load_layers(front.layers)
    except ValueError as error:
        raise BadInputError(
            f"teaching cannot begin with this front: {error}", mend="begin with the general one"
        ) from error
    return network


def _key(model: WideModel, front: Front, corpus: Corpus, plan: list[Course]) -> str:
    digest = hashlib.sha256(repr((corpus.digest, plan)).encode())
    for part in (write_front(front), model.acoustic.tail, model.extractor, model.gaussians):
        digest.update(part)
    return digest.hexdigest()
