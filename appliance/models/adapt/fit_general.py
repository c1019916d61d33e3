"""Fits the general front that ships: `python -m appliance.models.adapt.fit_general RECORDINGS FILE.front`."""

import sys
from pathlib import Path
from typing import Final

from appliance.models.adapt import mean_square
from appliance.models.adapt.corpus import read_corpus
from appliance.models.adapt.least_squares import fit_splice
from appliance.models.adapt.progress import Progress
from appliance.models.front import Front, Provenance
from appliance.models.front_file import write_front

COPIES: Final = 2
PASSES: Final = 2


def main(recordings: Path, file: Path) -> None:
    """Fit, say how much is explained of speech that was held out, and write the file."""
    tell = Progress(sys.stderr).tell
    corpus = read_corpus(recordings, tell)
    copies = [corpus.copy(number, tell) for number in range(COPIES)]
    judges = corpus.judges(tell)
    network = mean_square.begin(copies[0])
    linear = mean_square.unexplained(network, judges)
    splice, shift = fit_splice([pair for copy in copies for pair in copy])
    mean_square.improve(network, copies * PASSES, tell)
    left = mean_square.unexplained(network, judges)
    provenance = Provenance(
        name="general",
        method="least mean squares from a closed-form start, 2",
        data="prompts of the Debian packages asterisk-core-sounds-{en,es,fr,it,ru}-g722 (CC BY-SA 3.0, ru: CC BY 3.0)",
        figures=f"unexplained variance of held-out speech: {left:.3f}, by the linear start {linear:.3f}",
    )
    file.write_bytes(write_front(Front(network.layers(), splice, shift, {}, provenance)))
    sys.stderr.write(f"{provenance.figures}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
