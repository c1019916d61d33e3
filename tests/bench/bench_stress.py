"""How well stress is heard in voices that the model was not fitted to, and how calm it stays: against openSMILE.

Needs recordings that are not shipped: `--data DIR` with the folders `emotion` and `calls` (`emotions.py`). The peer
needs the extra `bench`; without it the product's figures come alone.
"""

from collections.abc import Iterator
from pathlib import Path

from appliance.errors import BadInputError
from tests.bench import stress_calls, stress_voices
from tests.bench.opensmile_peer import OpenSmile
from tests.bench.options import Options, SkippedError, say
from tests.bench.rows import Row


def rows(options: Options) -> list[Row]:
    """Measure the recordings below `data`; raises `SkippedError` without them."""
    if not options.data:
        raise SkippedError("it needs recordings of acted emotions", mend="name their folder with --data")
    try:
        return list(_rows(options.data, options.repeats))
    except BadInputError as error:
        raise SkippedError(str(error), mend=error.mend) from error


def _rows(data: Path, repeats: int) -> Iterator[Row]:
    smile = _peer()
    yield from stress_voices.rows(data, smile)
    yield from stress_calls.rows(data, repeats, smile.cpu_ms_per_s if smile else None)


def _peer() -> OpenSmile | None:
    try:
        return OpenSmile()
    except ModuleNotFoundError as error:
        say(f"stress: no peer, for {error.name} is not installed (pip install 'undertone[bench]')")
        return None
