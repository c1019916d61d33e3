import wave
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.fit.emodb import ACTIVE_DBFS, LONGEST_S, cut, levelled, read_emodb
from tests.speech.voices import noise


def write(file: Path, length_s: float) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(noise(length_s).astype("<i2").tobytes())


def test_a_file_tells_its_speaker_and_emotion_by_its_name(tmp_path: Path) -> None:
    for name in ("03a01Wa", "16b10Nb", "notes", "03a01Xa"):
        write(tmp_path / f"{name}.wav", 0.5)
    assert [(each.speaker, each.emotion) for each in read_emodb(tmp_path)] == [("03", "anger"), ("16", "neutral")]


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no recordings of EmoDB"):
        list(read_emodb(tmp_path))


def test_no_recording_is_longer_than_another_or_padded() -> None:
    padded = np.concatenate((np.zeros(8000), noise(5.0), np.zeros(8000)))
    assert len(cut(padded)) == LONGEST_S * SAMPLE_RATE_HZ
    assert np.array_equal(cut(padded)[:100], noise(5.0)[:100])


def test_speech_gets_the_level_of_telephony_whatever_its_pauses() -> None:
    spoken = np.concatenate((noise(1.0, 300.0), noise(3.0, 1.0)))
    loud = levelled(spoken)[:SAMPLE_RATE_HZ]
    assert abs(20 * np.log10(loud.std() / 32768) - ACTIVE_DBFS) < 0.1
