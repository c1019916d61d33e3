from pathlib import Path

import msgspec
import pytest

from appliance.adapters import model_store
from appliance.adapters.machine_checks import (
    SPARE_BYTES,
    clock_finding,
    examine,
    hearing_finding,
    hearing_findings,
    import_finding,
    model_findings,
    space_finding,
    writable_finding,
)
from appliance.adapters.model_import import import_model
from appliance.models.catalogue import Hearing, by_name

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


KO, KO_TELEPHONE = "vosk-model-small-ko-0.22", "vosk-model-small-ko-0.22-telephone"


def test_a_language_that_only_a_wideband_line_carries_is_noted_with_the_mend() -> None:
    finding = hearing_finding(model_store.catalogue(), {KO}, "ko")
    assert finding.state == "note"
    assert (
        f"on a wideband line or a microphone {KO} listens; on a telephone line no model can hear it" in finding.detail
    )
    assert "no transcript and no phrases" in finding.detail
    assert finding.mend == f"undertone model adapt {KO} --band telephone."


def test_a_language_with_a_model_for_each_band_has_nothing_to_mend() -> None:
    wide = by_name(model_store.catalogue(), KO)
    assert wide
    narrow = msgspec.structs.replace(wide, name=KO_TELEPHONE, bands=(Hearing("narrow", "measured", "0.3"),))
    finding = hearing_finding((*model_store.catalogue(), narrow), {KO, KO_TELEPHONE}, "ko")
    assert (finding.state, finding.mend) == ("ok", "")
    assert f"on a telephone line {KO_TELEPHONE} listens" in finding.detail


def test_a_language_that_nothing_installed_hears_names_the_model_to_fetch() -> None:
    finding = hearing_finding(model_store.catalogue(), set(), "en")
    assert finding.state == "note"
    assert "on a telephone line nothing that is installed can hear it" in finding.detail
    assert "undertone model fetch" in finding.mend


def test_each_language_of_the_installed_models_is_told_of_once(tmp_path: Path) -> None:
    import_model(in_folder(tmp_path / "tiny", tiny_files()), language="ko", folder=tmp_path / "models")
    (finding,) = hearing_findings(tmp_path / "models")
    assert finding.subject == "hearing 'ko'"
    assert "tiny" in finding.detail
