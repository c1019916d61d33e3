"""Fits the model of stress that ships: `python -m appliance.speech.fit EMODB FILE` (FILE: stress_weights.py)."""

import sys
from pathlib import Path

from appliance.speech.fit.emodb import read_emodb
from appliance.speech.fit.lesson import examples, fit_model
from appliance.speech.fit.weights_file import weights_module


def main(emodb: Path, file: Path) -> None:
    """Fit to the recordings of EmoDB below a folder and write the module with the weights."""
    lessons = examples(list(read_emodb(emodb)))
    file.write_text(weights_module(fit_model(lessons), lessons), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
