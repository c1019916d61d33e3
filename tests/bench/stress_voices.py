"""How well single recordings are told apart: the product's measures and model against the peer's, by the same rules.

Each score is the area under the curve (AUC): the chance that a stressed recording gets more than a calm one. "Own"
means that each recording is compared with the mean of its speaker's other neutral recordings.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.speech.fit.emodb import read_emodb
from appliance.speech.fit.lesson import Example, examples, fit_model
from appliance.speech.fit.stretches import heard
from appliance.speech.pitch import Values
from appliance.speech.prosody import MEASURES, measure
from appliance.speech.stress_model import Model, Sum, shipped
from tests.bench.emotions import CALM, STRESSED, Spoken, Turn, caller_turns, read_emotions
from tests.bench.opensmile_peer import OpenSmile, odds
from tests.bench.options import say
from tests.bench.rows import Row, row

PEER: Final = "openSMILE eGeMAPSv02 + logistic regression"
FITTED: Final = "emodb"
STRESSED_TURN: Final = 0.9
CALM_TURN: Final = 0.1
"""Stress of a scripted turn from which on, and up to which, it counts."""

Flags = NDArray[np.bool_]


class Table(NamedTuple):
    """Recordings to tell apart: who speaks, whether stressed, whether neutral, and the measures, one row each."""

    speakers: list[tuple[str, str]]
    stressed: Flags
    neutral: Flags
    product: Values
    peer: Values | None

    def part(self, chosen: Flags) -> "Table":
        """Give these recordings alone."""
        speakers = [speaker for speaker, keep in zip(self.speakers, chosen, strict=True) if keep]
        peer = None if self.peer is None else self.peer[chosen]
        return Table(speakers, self.stressed[chosen], self.neutral[chosen], self.product[chosen], peer)


def auc(stressed: Flags, scores: Values) -> float:
    """Give the area under the curve; equal scores count half."""
    higher = scores[stressed][:, None] - scores[~stressed][None, :]
    return float(((higher > 0) + 0.5 * (higher == 0)).mean())


def rows(data: Path, smile: OpenSmile | None) -> Iterator[Row]:
    """Give the rows of EmoDB, RAVDESS and the scripted calls."""
    say("stress: measuring the recordings")
    spoken = [each for each in read_emotions(data) if each.emotion in CALM | {STRESSED}]
    fitted = _table([each for each in spoken if each.corpus == FITTED], smile)
    unseen = _table([each for each in spoken if each.corpus != FITTED], smile)
    calls = _turns([turn for turn in caller_turns(data) if not CALM_TURN < turn.stress < STRESSED_TURN], smile)
    say("stress: fitting anew without each speaker of EmoDB")
    yield _left_out(data, fitted)
    yield _row("stress.auc_ravdess", unseen, fitted, own=False, bar="value >= 0.945")
    yield _row("stress.auc_ravdess_own", unseen, fitted, own=True, bar="value >= 0.960")
    beat = "ratio >= 1" if smile else ""
    yield _row("stress.auc_scripted_calls", calls, fitted, own=False, bar=beat)
    yield _row("stress.auc_scripted_calls_own", calls, fitted, own=True, bar=beat)


def _left_out(data: Path, fitted: Table) -> Row:
    """Fit without each speaker in turn, and judge that speaker's recordings over the plain line."""
    lessons = examples(list(read_emodb(data / "emotion" / "emodb")))
    scores, stressed = list[Values](), list[bool]()
    for speaker in sorted({each.speaker for each in lessons}):
        model = fit_model([each for each in lessons if each.speaker != speaker])
        judged = [each for each in lessons if each.speaker == speaker and _counts(each)]
        scores.append(_judged(model.population, np.array([each.measures for each in judged])))
        stressed += [each.emotion == "anger" for each in judged]
    value = auc(np.array(stressed), np.concatenate(scores))
    return row("stress.auc_emodb", value, "AUC", peer=PEER, peer_value=_peer_left_out(fitted), bar="value >= 0.992")


def _counts(each: Example) -> bool:
    return each.whole and not each.copy and each.emotion in {"anger", "neutral"}


def _peer_left_out(fitted: Table) -> float | None:
    if fitted.peer is None:
        return None
    scores = np.zeros(len(fitted.speakers))
    for speaker in sorted({*fitted.speakers}):
        left = np.array([each == speaker for each in fitted.speakers])
        scores[left] = odds(fitted.peer[~left], fitted.stressed[~left], fitted.peer[left])
    return auc(fitted.stressed, scores)


def _row(name: str, tried: Table, fitted: Table, *, own: bool, bar: str) -> Row:
    model: Model = shipped()
    product = _own(tried, tried.product) if own else tried.product
    value = auc(tried.stressed, _judged(model.own if own else model.population, product))
    peer_value = None
    if tried.peer is not None and fitted.peer is not None:
        taught = _own(fitted, fitted.peer) if own else fitted.peer
        peer = _own(tried, tried.peer) if own else tried.peer
        peer_value = auc(tried.stressed, odds(taught, fitted.stressed, peer))
    return row(name, value, "AUC", peer=PEER, peer_value=peer_value, bar=bar)


def _judged(weights: Sum, measures: Values) -> Values:
    return np.array([weights.parts(each).sum() + weights.bias for each in measures])


def _own(table: Table, measures: Values) -> Values:
    """Give the measures less the mean of the speaker's other neutral recordings."""
    out = np.empty_like(measures)
    for at, speaker in enumerate(table.speakers):
        others = [
            other
            for other, each in enumerate(table.speakers)
            if each == speaker and table.neutral[other] and other != at
        ]
        out[at] = measures[at] - (measures[others].mean(axis=0) if others else measures[at])
    return out


def _table(spoken: Sequence[Spoken], smile: OpenSmile | None) -> Table:
    stressed = np.array([each.emotion == STRESSED for each in spoken])
    neutral = np.array([each.emotion == "neutral" for each in spoken])
    return Table([each.key for each in spoken], stressed, neutral, *_measured([each.audio for each in spoken], smile))


def _turns(turns: Sequence[Turn], smile: OpenSmile | None) -> Table:
    stressed = np.array([turn.stress >= STRESSED_TURN for turn in turns])
    audio = [turn.audio for turn in turns]
    return Table([("calls", turn.call) for turn in turns], stressed, ~stressed, *_measured(audio, smile))


def _measured(recordings: Sequence[Values], smile: OpenSmile | None) -> tuple[Values, Values | None]:
    hear: Callable[[Values], Values] = lambda audio: measure(heard(audio))  # noqa: E731 - for the one line below
    product = np.array([hear(audio) for audio in recordings]).reshape(-1, len(MEASURES))
    return product, np.array([smile.measures(audio) for audio in recordings]) if smile else None
