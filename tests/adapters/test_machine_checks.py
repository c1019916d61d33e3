from pathlib import Path

import pytest

from appliance.adapters.machine_checks import (
    SPARE_BYTES,
    clock_finding,
    examine,
    import_finding,
    model_findings,
    space_finding,
    writable_finding,
)
from appliance.adapters.model_import import import_model

from .tiny_model import in_folder, tiny_files


def test_a_healthy_machine_has_no_trouble_and_every_check_says_something() -> None:
    findings = examine()
    assert [finding for finding in findings if finding.state == "trouble"] == []
    assert all(finding.detail for finding in findings)


def test_a_missing_module_is_told_with_its_mend() -> None:
    finding = import_finding("no_such_module", "nothing", "install it", absent="note")
    assert (finding.state, finding.mend) == ("note", "install it")
    assert "not installed; needed for nothing" in finding.detail


def test_a_module_that_breaks_when_loaded_is_told_with_the_reason() -> None:
    # There on every machine, and refuses to load on all but one kind.
    finding = import_finding("asyncio.windows_events", "nothing", "mend it", absent="note")
    assert (finding.state, finding.mend) == ("trouble", "mend it")
    assert "cannot be loaded: ImportError: win32 only" in finding.detail


def test_no_model_at_all_is_trouble(tmp_path: Path) -> None:
    (finding,) = model_findings(tmp_path)
    assert finding.state == "trouble"
    assert "undertone model fetch" in finding.mend


def test_a_damaged_model_is_trouble_and_an_intact_one_is_not(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        import_model(in_folder(tmp_path / name, tiny_files()), language="en", folder=tmp_path / "models")
    (tmp_path / "models/bad/am/final.mdl").unlink()
    bad, good = model_findings(tmp_path / "models")
    assert (bad.state, good.state) == ("trouble", "ok")
    assert "am/final.mdl is missing" in bad.detail


def test_a_nearly_full_disk_is_trouble(tmp_path: Path) -> None:
    assert space_finding(tmp_path, SPARE_BYTES).state == "ok"
    assert space_finding(tmp_path, SPARE_BYTES - 1).state == "trouble"


def test_a_state_folder_below_a_file_system_without_writing_is_trouble(tmp_path: Path) -> None:
    assert writable_finding(tmp_path / "not/yet/there").state == "ok"
    assert writable_finding(Path("/proc/undertone")).state == "trouble"


@pytest.mark.parametrize(
    ("says", "state"),
    [("NTPSynchronized=yes\n", "ok"), ("NTPSynchronized=no\n", "note"), ("", "note"), (None, "note")],
)
def test_a_clock_is_right_only_when_the_system_says_so(says: str | None, state: str) -> None:
    assert clock_finding(says).state == state
