from appliance.cli.bench import NAMES
from tests.bench.benchmarks import BENCHMARKS


def test_every_benchmark_can_be_asked_for_by_its_name() -> None:
    assert tuple(BENCHMARKS) == NAMES
