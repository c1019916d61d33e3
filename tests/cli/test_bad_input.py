"""What people get wrong, through the real program: one message with the mend, exit code 2, nothing left behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from ..rule_packs import LAWYER, pack
from ..telephony.wav_files import wav

SPEECH = bytes(2 * 16_000)

RULES = pack(LAWYER.replace("my lawyer", "변호사"), name="mine", language="ko")

CONFIG = """\
[device]
name = "desk-12"
state = "state"

[line]
kind = "recording"
file = "call.wav"

[speech]
language = "ko"

[rules]
file = "rules.toml"

[light]
kind = "none"
"""


class Desk(NamedTuple):
    """A folder with a call, rules and settings that are right, and a home with the real Korean model."""

    folder: Path
    home: Path

    def spoil(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    def files(self) -> set[str]:
        found = {*self.folder.rglob("*"), *self.home.rglob("*")}
        return {str(path) for path in found}

    def undertone(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program here and see that none of its processes outlives it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance", *words],
            cwd=self.folder,
            env=os.environ | {"UNDERTONE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said, complained = process.communicate(timeout=60)
        for other in psutil.process_iter():
            assert session_of(other.pid) != process.pid, other
        return subprocess.CompletedProcess(words, process.returncode, said, complained)


def session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


@pytest.fixture
def desk(tmp_path: Path, korean_model: Path) -> Desk:
    folder, home = tmp_path / "desk", tmp_path / "home"
    model = home / "models" / korean_model.name
    for file in korean_model.rglob("*"):
        if file.is_file():
            link = model / file.relative_to(korean_model)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    folder.mkdir()
    (folder / "call.wav").write_bytes(wav(SPEECH))
    (folder / "rules.toml").write_text(RULES, "utf-8")
    (folder / "desk.toml").write_text(CONFIG, "utf-8")
    return Desk(folder, home)


def refused(desk: Desk, words: tuple[str, ...], what: str, where: str, mend: str) -> None:
    """Check that the program says this, on two lines, and does nothing else."""
    before = desk.files()
    done = desk.undertone(*words)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    message, advice = done.stderr.splitlines()
    assert message.startswith("undertone: ")
    assert what in message
    assert where in message
    assert advice.startswith("  mend: ")
    assert mend in advice
    assert desk.files() == before


REPLAY = ("replay", "call.wav", "--language", "ko")
RUN = ("run", "--config", "desk.toml")

WAVS = {
    "empty": (b"", "the file is empty", "record"),
    "no WAV": (b"ID3\4 this is an MP3 in truth", "not a WAV file", "convert"),
    "truncated": (wav(SPEECH)[:-1000], "truncated: 32000 bytes of audio are announced, 31000", "copy the file again"),
    "unknown codec": (wav(SPEECH, 0x55, bits=16), "codec 85 with 16 bits cannot be read", "16-bit PCM"),
}


@pytest.mark.parametrize(("file", "what", "mend"), WAVS.values(), ids=WAVS)
def test_a_recording_that_cannot_be_read(desk: Desk, file: bytes, what: str, mend: str) -> None:
    (desk.folder / "call.wav").write_bytes(file)
    refused(desk, REPLAY, what, "call.wav", mend)


RULE_MISTAKES = {
    "unknown key": ("level =", "levle =", "`rules.legal.levle` is not a known key", 9, "did you mean `level`?"),
    "wrong type": ('version = "1"', "version = 1", "`version` is 1", 2, "write a text"),
    "bad value": ('"urgent"', '"red"', '`rules.legal.level` is "red"', 9, "attention, urgent"),
    "no TOML": ('name = "mine"', "name = mine", "not valid TOML", 1, "texts stand in quotes"),
}


@pytest.mark.parametrize(("old", "new", "what", "line", "mend"), RULE_MISTAKES.values(), ids=RULE_MISTAKES)
def test_rules_that_cannot_be_used(desk: Desk, old: str, new: str, what: str, line: int, mend: str) -> None:
    desk.spoil("rules.toml", old, new)
    refused(desk, (*REPLAY, "--rules", "rules.toml"), what, f"rules.toml, line {line}:", mend)


CONFIG_MISTAKES = {
    "unknown key": ("name =", "nane =", "`device.nane` is not a known key", 2, "did you mean `name`?"),
    "wrong type": ('kind = "none"', "kind = false", "`light.kind` is false", 16, "write a text"),
    "bad value": ('kind = "recording"', 'kind = "sip"', '`line.kind` is "sip"', 6, "write one of: recording"),
    "no TOML": ('"desk-12"', '"desk-12', "not valid TOML", 2, "texts stand in quotes"),
}


@pytest.mark.parametrize(("old", "new", "what", "line", "mend"), CONFIG_MISTAKES.values(), ids=CONFIG_MISTAKES)
def test_settings_that_cannot_be_used(desk: Desk, old: str, new: str, what: str, line: int, mend: str) -> None:
    desk.spoil("desk.toml", old, new)
    refused(desk, RUN, what, f"desk.toml, line {line}:", mend)


def without_graph(desk: Desk, korean_model: Path) -> None:
    (desk.home / "models" / korean_model.name / "graph/Gr.fst").unlink()


def with_half_a_graph(desk: Desk, korean_model: Path) -> None:
    file = desk.home / "models" / korean_model.name / "graph/Gr.fst"
    file.unlink()
    file.write_bytes(b"half")


@pytest.mark.parametrize("words", [REPLAY, RUN], ids=["replay", "run"])
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (without_graph, "the model's file graph/Gr.fst is missing"),
        (with_half_a_graph, "the model's file graph/Gr.fst has 4 bytes instead of"),
    ],
)
def test_a_model_that_is_not_whole(
    desk: Desk, korean_model: Path, damage: Callable[[Desk, Path], None], what: str, words: tuple[str, ...]
) -> None:
    damage(desk, korean_model)
    refused(desk, words, what, korean_model.name, f"undertone model fetch {korean_model.name}")


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("replay", "absent.wav"), "absent.wav"),
        ((*REPLAY, "--rules", "absent.toml"), "absent.toml"),
        (("run", "--config", "absent.toml"), "absent.toml"),
    ],
)
def test_a_file_that_is_not_there(desk: Desk, words: tuple[str, ...], where: str) -> None:
    refused(desk, words, "cannot be read (No such file or directory)", where, "check the path and its rights")


def test_what_the_settings_name_is_checked_before_anything_starts(desk: Desk) -> None:
    desk.spoil("rules.toml", "level =", "levle =")
    refused(desk, RUN, "`rules.legal.levle` is not a known key", "rules.toml, line 9:", "did you mean `level`?")
    (desk.folder / "rules.toml").write_text(RULES, "utf-8")
    (desk.folder / "call.wav").write_bytes(b"")
    refused(desk, RUN, "the file is empty", "call.wav", "record")


@pytest.mark.parametrize(
    ("language", "what", "mend"),
    [("fi", "'fi'", "take one of:"), ("fr", "no speech model for 'fr'", "undertone model fetch")],
)
def test_a_language_without_a_model(desk: Desk, language: str, what: str, mend: str) -> None:
    refused(desk, ("replay", "call.wav", "--language", language), what, "undertone: ", mend)


@pytest.mark.parametrize("words", [(), ("replay",), ("replay", "call.wav", "--engine", "siri"), ("rpelay", "x")])
def test_a_malformed_command_line_shows_the_usage(desk: Desk, words: tuple[str, ...]) -> None:
    done = desk.undertone(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: undertone")
    assert "Traceback" not in done.stderr


def test_without_a_mistake_the_call_is_replayed(desk: Desk) -> None:
    done = desk.undertone(*REPLAY, "--rules", "rules.toml", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2
