"""The benchmarks by name, and how they are run one after the other."""

import os
from collections.abc import Callable, Sequence
from typing import Final

from tests.bench import (
    bench_band,
    bench_cues,
    bench_hold,
    bench_latency,
    bench_light,
    bench_memory,
    bench_outbox,
    bench_recognition,
    bench_server,
    bench_stress,
    bench_telephone,
    bench_uplink,
    line_card,
    line_rtp,
)
from tests.bench.options import Options, SkippedError, say
from tests.bench.rows import Row, as_json, as_text

__all__ = ["BENCHMARKS", "Options", "as_json", "as_text", "run"]

BENCHMARKS: Final[dict[str, Callable[[Options], list[Row]]]] = {
    "recognition": bench_recognition.rows,
    "latency": bench_latency.rows,
    "light": bench_light.rows,
    "telephone": bench_telephone.rows,
    "line": lambda options: [*line_rtp.rows(options), *line_card.rows()],
    "memory": bench_memory.rows,
    "band": bench_band.rows,
    "hold": bench_hold.rows,
    "stress": bench_stress.rows,
    "cues": bench_cues.rows,
    "server": bench_server.rows,
    "uplink": bench_uplink.rows,
    "outbox": lambda _options: bench_outbox.rows(),
}

BUSY_LOAD: Final = 0.5
"""Programs that wait for a processor, on average over a minute; half of one disturbs already."""


def run(names: Sequence[str], options: Options) -> list[Row]:
    """Run these benchmarks, all with none named; one that cannot run here says why and gives no rows."""
    if (load := os.getloadavg()[0]) > BUSY_LOAD:
        say(f"other programs are busy on this machine (load {load:.1f}): delays will be too long, CPU times too high")
    rows: list[Row] = []
    for name in names or BENCHMARKS:
        say(f"{name}:")
        try:
            rows += BENCHMARKS[name](options)
        except SkippedError as why:
            say(f"{name} skipped: {why}; {why.mend}")
    return rows
