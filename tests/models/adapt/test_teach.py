"""The whole teaching on a small model and on noise: what it learns means nothing, how it learns is the real thing."""

import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch (extra `adapt`) is not installed")
pytest.importorskip("kaldi_native_fbank", reason="kaldi-native-fbank (extra `adapt`) is not installed")

from appliance.adapters.model_adapt import general_front
from appliance.errors import BadInputError
from appliance.models.adapt.corpus import Corpus, read_corpus
from appliance.models.adapt.lessons import WideModel
from appliance.models.adapt.teach import Course, courses, teach
from appliance.models.adapt.telephone import WIDE_HZ, Audio, Line, through
from appliance.models.front import Front, Layer, insert
from appliance.models.kaldi import float_array, int32
from tests.models.adapt.test_prompts import written
from tests.models.kaldi_models import acoustic_model

GAUSSIANS = 8
IVECTOR = 4
FRONT = [Course(own_layers=False, copy=copy, place=copy, of=3) for copy in range(3)]
OWN = [Course(own_layers=True, copy=copy, place=copy, of=3) for copy in range(3)]
FURTHER = [Course(own_layers=True, copy=copy + 5, place=copy, of=3) for copy in range(3)]
PLAN = [*FRONT, Course(own_layers=True, copy=4, place=0, of=1)]


def quiet(_doing: str, _done: int, _total: int) -> None:
    """Say nothing."""


def small_model() -> WideModel:
    chance = np.random.default_rng(4)
    packed = np.eye(40)[np.tril_indices(40)]
    matrices = b"".join(float_array(chance.normal(0, 0.1, (40, IVECTOR))) for _ in range(GAUSSIANS))
    inverses = b"".join(b"DP " + int32(40) + packed.tobytes() for _ in range(GAUSSIANS))
    extractor = b"\0B<M> " + int32(GAUSSIANS) + matrices + b"<SigmaInv> " + inverses
    extractor += b"<IvectorOffset> \x08" + struct.pack("<d", 1.0)
    means = chance.normal(0, 1, (GAUSSIANS, 40))
    gaussians = b"\0B<GCONSTS> " + float_array(np.zeros(GAUSSIANS))
    gaussians += b"<MEANS_INVVARS> " + float_array(means) + b"<INV_VARS> " + float_array(np.ones((GAUSSIANS, 40)))
    statistics = np.ones((2, 41)) * 1000
    return WideModel(acoustic_model(), extractor, gaussians, chance.normal(0, 0.01, (40, 281)), statistics)


def bad_front() -> Front:
    """Give a front that any teaching makes better: it is deaf."""
    front = general_front()
    out = Layer(np.zeros_like(front.layers[-1].weights), np.zeros_like(front.layers[-1].offsets))
    return front._replace(layers=(*front.layers[:-1], out))


def babble(seconds: float, seed: int) -> Audio:
    """Give noise that swells like speech."""
    chance = np.random.default_rng(seed)
    swell = np.repeat(chance.uniform(0, 1, int(seconds * 5) + 1), WIDE_HZ // 5)[: int(seconds * WIDE_HZ)]
    noise: Audio = chance.normal(0, 0.1, len(swell)) * swell
    return noise


def small_corpus() -> Corpus:
    training = [("anna", babble(6, seed)) for seed in range(12)]
    return Corpus(training, [("anna", babble(6, seed)) for seed in range(90, 94)], "small")


def test_a_deaf_front_learns_and_the_marks_tell(tmp_path: Path) -> None:
    taught = teach(small_model(), bad_front(), small_corpus(), FRONT, tmp_path / "x.progress", quiet)
    assert taught.after.divergence < taught.before.divergence
    assert f"{taught.after.divergence:.3f} after" in taught.front.provenance.figures
    assert not taught.front.own
    assert insert(acoustic_model(), taught.front).left_context == acoustic_model().left_context + 3


def test_the_own_layers_learn_with_the_front(tmp_path: Path) -> None:
    taught = teach(small_model(), bad_front(), small_corpus(), OWN, tmp_path / "x.progress", quiet)
    assert taught.after.divergence < taught.before.divergence
    assert "own layers" in taught.front.provenance.method
    assert set(taught.front.own) == {"tdnn <LinearParams>"}
    assert insert(acoustic_model(), taught.front) != insert(acoustic_model(), taught.front._replace(own={}))


def test_an_interrupted_teaching_goes_on_where_it_was(tmp_path: Path) -> None:
    saved, steps = tmp_path / "x.progress", list[str]()

    def interrupt(doing: str, done: int, _total: int) -> None:
        steps.append(f"{doing} {done}")
        if doing.startswith("teaching the front and") and done == 2:
            raise KeyboardInterrupt

    def listen(doing: str, done: int, _total: int) -> None:
        steps.append(f"{doing} {done}")

    with pytest.raises(KeyboardInterrupt):
        teach(small_model(), bad_front(), small_corpus(), PLAN, saved, interrupt)
    before = [step for step in steps if step.startswith("teaching")]
    steps.clear()
    taught = teach(small_model(), bad_front(), small_corpus(), PLAN, saved, listen)
    after = [step for step in steps if step.startswith("teaching")]
    assert before[-1] == "teaching the front and the model's own layers, 1 of 1 2"
    assert after[0] == "teaching the front and the model's own layers, 1 of 1 3"
    assert taught.after.divergence < taught.before.divergence


def test_what_was_saved_for_another_corpus_is_not_taken_up(tmp_path: Path) -> None:
    saved, steps = tmp_path / "x.progress", list[str]()
    teach(small_model(), bad_front(), small_corpus(), FRONT, saved, quiet)
    other = small_corpus()._replace(digest="other")
    teach(small_model(), bad_front(), other, FRONT, saved, lambda doing, done, _total: steps.append(f"{doing} {done}"))
    assert "teaching the front, 1 of 3 1" in steps


def test_a_damaged_file_of_what_was_saved_means_to_begin_anew(tmp_path: Path) -> None:
    saved = tmp_path / "x.progress"
    saved.write_bytes(b"PK damaged")
    taught = teach(small_model(), bad_front(), small_corpus(), FRONT, saved, quiet)
    assert taught.after.divergence < taught.before.divergence


def test_a_place_that_cannot_hold_what_was_learnt_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="cannot be saved"):
        teach(small_model(), bad_front(), small_corpus(), FRONT, tmp_path / "file" / "x.progress", quiet)


def test_nothing_is_kept_that_is_not_better(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no better than the one it began with") as caught:
        teach(small_model(), general_front(), small_corpus(), [], tmp_path / "x.progress", quiet)
    assert "nothing was changed" in caught.value.mend


def test_the_plan_teaches_the_front_before_the_layers() -> None:
    assert [course.own_layers for course in courses(own_layers=True)] == [False, True]
    assert not any(course.own_layers for course in courses(own_layers=False))


def test_what_was_taught_before_goes_on_with_other_lines() -> None:
    first, further = courses(own_layers=True), courses(own_layers=True, further=True)
    assert all(course.own_layers for course in further)
    assert not {course.copy for course in first} & {course.copy for course in further}


def test_a_front_with_own_layers_goes_on_from_them(tmp_path: Path) -> None:
    first = teach(small_model(), bad_front(), small_corpus(), OWN, tmp_path / "x.progress", quiet)
    further = teach(small_model(), first.front, small_corpus(), FURTHER, tmp_path / "x.progress", quiet)
    assert further.before.divergence < first.before.divergence
    assert further.after.divergence < further.before.divergence


def test_narrowband_recordings_are_refused(tmp_path: Path) -> None:
    line = Line(300, 3400, 0, 0.0, -120.0, "none", 0.0, -np.inf)
    for seed in range(3):
        written(tmp_path / f"{seed}.wav", through(line, babble(3, seed), np.random.default_rng(0)))
    with pytest.raises(BadInputError, match="3 of 3 recordings carry the telephone band alone"):
        read_corpus(tmp_path, quiet)


def test_too_few_recordings_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", babble(3, 1))
    with pytest.raises(BadInputError, match=r"only 0\.1 minutes") as caught:
        read_corpus(tmp_path, quiet)
    assert "10 minutes" in caught.value.mend
