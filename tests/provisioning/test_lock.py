import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "provisioning"


def entries(lock: str) -> dict[str, str]:
    """Give the text of each package's entry by its name."""
    text = (LOCKS / f"{lock}.lock").read_text()
    starts = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {entry.partition("==")[0]: entry for entry in starts if "==" in entry}


def wanted(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {re.split(r"[\[<>=!~; ]", text)[0].lower() for texts in lists for text in texts}


@pytest.mark.parametrize(
    ("lock", "extras"), [("run", ("central", "moonshine")), ("dev", ("central", "moonshine", "dev"))]
)
def test_the_lock_holds_every_package_that_the_project_declares(lock: str, extras: tuple[str, ...]) -> None:
    assert wanted(*extras) <= set(entries(lock)), "run provisioning/lock"


def test_the_tools_for_tests_come_on_top_of_the_very_same_packages() -> None:
    run, dev = entries("run"), entries("dev")
    assert {name: re.findall(r"sha256:\w+", run[name]) for name in run} == {
        name: re.findall(r"sha256:\w+", dev[name]) for name in run
    }


@pytest.mark.parametrize("lock", ["build", "run", "dev"])
def test_every_package_has_hashes_and_no_index_is_named(lock: str) -> None:
    assert all("--hash=sha256:" in entry for entry in entries(lock).values())
    assert not re.search(r"https?://|--index|--find-links", (LOCKS / f"{lock}.lock").read_text())
