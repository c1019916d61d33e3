"""The peer of `bench stress`: openSMILE's eGeMAPSv02 functionals and a logistic regression of scikit-learn.

Both are for measuring only (extra `bench`; openSMILE may not be used commercially) and never part of the product.
"""

import time
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.pitch import Values

TELEPHONE_HZ: Final = 8000
STRENGTH: Final = 0.03
"""Inverse of the penalty: of 0.001 to 1 the one with which the peer does best here."""


class OpenSmile:
    """openSMILE, with the CPU time that it took. Raises `ModuleNotFoundError` without the extra."""

    def __init__(self) -> None:
        import opensmile  # noqa: PLC0415 - only the one who measures has it
        import sklearn.linear_model  # noqa: F401, PLC0415

        self._smile: Any = opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
        )
        self._cpu_s = 0.0
        self._heard_s = 0.0

    @property
    def cpu_ms_per_s(self) -> float:
        """CPU time for a second of audio so far."""
        return 1000 * self._cpu_s / self._heard_s

    def measures(self, audio: Values) -> Values:
        """Give the functionals of a recording of 16 bits' scale at 16 kHz, at the telephone's rate."""
        narrow = soxr.resample(audio, SAMPLE_RATE_HZ, TELEPHONE_HZ) / 32768
        began_s = time.process_time()
        functionals = self._smile.process_signal(narrow, TELEPHONE_HZ).to_numpy(np.float64)[0]
        self._cpu_s += time.process_time() - began_s
        self._heard_s += len(narrow) / TELEPHONE_HZ
        found: Values = functionals
        return found


def odds(taught: Values, stressed: NDArray[np.bool_], tried: Values) -> Values:
    """Fit a logistic regression to the rows of `taught` and give what it makes of those of `tried`."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    means, scales = taught.mean(axis=0), taught.std(axis=0) + 1e-9
    regression = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced")
    regression.fit((taught - means) / scales, stressed)
    found: Values = regression.decision_function((tried - means) / scales)
    return found
