"""What the kernel says of the board, from folders as a Pi has them."""

from pathlib import Path

import pytest

from appliance.adapters.board_checks import (
    THROTTLED,
    card_findings,
    commit_finding,
    temperature_finding,
    throttling_finding,
)


def written(folder: Path, **files: str) -> Path:
    """Write files by their paths, with `__` for each slash."""
    for name, text in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return folder


@pytest.mark.parametrize(("millidegrees", "state"), [("48312", "ok"), ("74999", "ok"), ("81200", "trouble")])
def test_the_hottest_zone_counts(tmp_path: Path, millidegrees: str, state: str) -> None:
    zones = written(
        tmp_path, class__thermal__thermal_zone0__temp="40000", class__thermal__thermal_zone1__temp=millidegrees
    )
    assert temperature_finding(zones).state == state


@pytest.mark.parametrize(
    ("bits", "state", "words"),
    [
        ("0", "ok", "none"),
        ("50000", "trouble", "since the start: too little voltage, throttled"),
        ("50005", "trouble", "now: too little voltage, throttled"),
        ("8", "trouble", "now: too hot"),
    ],
)
def test_throttling_tells_what_is_and_what_was(tmp_path: Path, bits: str, state: str, words: str) -> None:
    place = tmp_path / THROTTLED
    place.parent.mkdir(parents=True)
    place.write_text(bits + "\n")
    finding = throttling_finding(tmp_path)
    assert finding.state == state
    assert words in finding.detail
    assert ("supply" in finding.mend) == ("voltage" in finding.detail)


@pytest.mark.parametrize(
    ("errors", "life_time", "state"),
    [("0", "0x01 0x02", "ok"), ("3", "0x01 0x01", "trouble"), ("0", "0x03 0x0b", "trouble")],
)
def test_a_card_is_judged_by_its_errors_and_its_wear(tmp_path: Path, errors: str, life_time: str, state: str) -> None:
    written(tmp_path, block__mmcblk0__device__type="SD", block__mmcblk0__device__name="SD64G")
    written(tmp_path, block__mmcblk0__device__life_time=life_time, fs__ext4__mmcblk0p2__errors_count=errors)
    (finding,) = card_findings(tmp_path)
    assert finding.state == state
    assert "SD64G" in finding.detail


def test_a_machine_without_these_parts_says_so_and_does_not_pass(tmp_path: Path) -> None:
    (card,) = card_findings(tmp_path)
    for finding in (card, temperature_finding(tmp_path), throttling_finding(tmp_path)):
        assert finding.state == "note"
        assert " no " in f" {finding.detail}"
        assert finding.mend


def test_commits_are_timed_where_the_state_is_or_will_be(tmp_path: Path) -> None:
    finding = commit_finding(tmp_path / "not" / "there" / "yet")
    assert finding.subject == "commits"
    assert str(tmp_path) in finding.detail
    assert list(tmp_path.iterdir()) == []
