import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import BadInputError
from appliance.models.adapt.prompts import SESSION_S, find_recordings, is_narrow, join_sessions, read_recording
from appliance.models.adapt.telephone import WIDE_HZ, Audio, Line, through

NOISE: Audio = np.random.default_rng(1).normal(0, 0.1, 2 * WIDE_HZ)


def written(path: Path, audio: Audio, rate_hz: int = WIDE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.round(audio * 32768).astype("<i2").tobytes())
    return path


def test_a_plain_recording_is_read_sample_by_sample(tmp_path: Path) -> None:
    assert np.abs(read_recording(written(tmp_path / "a.wav", NOISE)) - NOISE).max() <= 1 / 32768


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_another_rate_is_converted_and_what_is_no_audio_is_named(tmp_path: Path) -> None:
    assert len(read_recording(written(tmp_path / "a.wav", NOISE, 8000))) == pytest.approx(2 * len(NOISE), abs=50)
    (tmp_path / "b.wav").write_bytes(b"not audio")
    with pytest.raises(BadInputError, match="cannot be decoded") as caught:
        read_recording(tmp_path / "b.wav")
    assert caught.value.where.endswith("b.wav")


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInputError, match="no recordings"):
        find_recordings(tmp_path)


def test_recordings_are_found_in_folders_below_in_one_order(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    for name in ("b.wav", "anna/c.FLAC", "a.g722"):
        (tmp_path / name).touch()
    assert [path.name for path in find_recordings(tmp_path)] == ["a.g722", "c.FLAC", "b.wav"]


def test_audio_from_a_telephone_is_told_from_wideband_audio() -> None:
    line = Line(300, 3400, 0, 0.0, -120.0, "none", 0.0, -np.inf)
    assert not is_narrow(NOISE)
    assert is_narrow(through(line, NOISE, np.random.default_rng(0)))


def test_sessions_hold_one_speaker_and_last_long_enough() -> None:
    recordings = [(speaker, NOISE) for speaker in ("anna", "ben") for _ in range(20)]
    silent = [("anna", np.zeros(len(NOISE))), ("ben", NOISE[:100])]
    sessions = list(join_sessions(recordings + silent, np.random.default_rng(0)))
    assert {session.speaker for session in sessions} == {"anna", "ben"}
    assert all(len(session.audio) >= SESSION_S * WIDE_HZ for session in sessions)
    assert len(sessions) == 6
