"""What the machine tells of itself, from a tree like /sys."""

from pathlib import Path

import pytest

from appliance.adapters.machine_state import free_bytes, temperature_c, throttled


def put(root: Path, place: str, text: str) -> None:
    file = root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "ascii")


def test_the_hottest_zone_counts_and_one_that_is_off_does_not(tmp_path: Path) -> None:
    put(tmp_path, "class/thermal/thermal_zone0/temp", "41850\n")
    put(tmp_path, "class/thermal/thermal_zone1/temp", "63000\n")
    put(tmp_path, "class/thermal/thermal_zone2/temp", "disabled\n")
    assert temperature_c(tmp_path) == 63.0


@pytest.mark.parametrize(("word", "now"), [("0", False), ("1", True), ("50005", True), ("50000", False)])
def test_a_board_that_slows_down_now_is_told_from_one_that_once_did(word: str, now: bool, tmp_path: Path) -> None:
    put(tmp_path, "devices/platform/soc/soc:firmware/get_throttled", f"{word}\n")
    assert throttled(tmp_path) is now


def test_a_machine_that_measures_nothing_says_so(tmp_path: Path) -> None:
    assert temperature_c(tmp_path) is None
    assert throttled(tmp_path) is None
    assert free_bytes(tmp_path / "nowhere") is None


def test_the_real_disk_has_some_room(tmp_path: Path) -> None:
    assert (free_bytes(tmp_path) or 0) > 0
