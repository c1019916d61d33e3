"""`undertone rules` as those who write rule packs use it. A call is tried in `test_rules_try.py`."""

import json
from pathlib import Path

import pytest

from appliance.cli import main

PACK = """\
name = "desk"
version = "1"
language = "en"

[phrases.lawyer]
any = ["my lawyer", "my solicitor"]

[phrases.praise]
any = ["well done"]

[rules.legal]
level = "urgent"
reason = "Speaks of a lawyer"
all = [{ phrase = "lawyer", within_s = 20 }, { cue = "tier", of = ["gold"] }]
any = [
    { cue = "stress", at_least = 0.7, deadband = 0.1, for_s = 2 },
    { cue = "stress", who = "agent", at_least = 0.9 },
]
off_delay_s = 10
snooze_s = 60
latch = true
suggest = "Listen."
call_for = "the supervisor"
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    file = tmp_path / "desk.toml"
    file.write_text(PACK)
    return file


def test_a_good_pack_is_told_with_what_may_not_have_been_meant(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(pack)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{pack}: good; desk 1 (en), 1 rules, 2 phrases",
        "  note: no rule uses the phrase praise; it is told as an event and raises nothing",
        "  note: legal judges the agent's stress, which is not measured unless `[privacy] feelings` says so",
    ]


def test_a_bad_pack_is_told_with_its_line_and_its_mend_and_the_others_are_read(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(PACK.replace("at_least = 0.7", "at_leest = 0.7"))
    assert main(["rules", "check", str(bad), str(pack)]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        f"undertone: {bad}, line 16: `rules.legal.any[1].at_leest` is not a known key",
        "  mend: did you mean `at_least`?",
    ]
    assert said.out.startswith(f"{pack}: good")


def test_for_programs_there_is_one_object_for_each_file(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "check", "--json", str(pack), str(tmp_path / "none.toml")]) == 2
    good, bad = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (good["ok"], good["name"], good["rules"]) == (True, "desk", ["legal (urgent)"])
    assert (bad["ok"], bad["mend"]) == (False, "check the path and its rights")


def test_sentiment_of_a_language_without_lexicon_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "de.toml"
    file.write_text("""name = "d"\nversion = "1"\nlanguage = "de"
[rules.sad]\nlevel = "attention"\nall = [{ cue = "sentiment_trend", at_most = -0.4 }]""")
    assert main(["rules", "check", str(file)]) == 0
    assert "not known in the language 'de'" in capsys.readouterr().out


def test_a_rule_is_explained_in_words(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "explain", "legal", "--rules", str(pack)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "legal (urgent): Speaks of a lawyer",
        "  raised when all of this holds:",
        '    the caller says lawyer: "my lawyer", "my solicitor"; it counts for 20 s',
        "    tier (the caller's tier, when the server gives it) is gold",
        "  and one of:",
        "    stress of the caller (how tense the voice sounds) is at least 0.70 for 2 s, until it is 0.1 back",
        "    stress of the agent (how tense the voice sounds) is at least 0.90",
        "  cleared 10 s after that is gone, and a person has acknowledged it",
        "  raised again after 10 s at the soonest",
        "  may be snoozed for 60 s",
        "  the agent is told: Listen.",
        "  call: the supervisor",
    ]


def test_phrases_and_cues_are_explained_too(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "explain", "lawyer", "--rules", str(pack), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told == {"phrase": "lawyer", "text": ["lawyer: said by the caller", "  my lawyer", "  my solicitor"]}
    assert main(["rules", "explain", "waiting_s"]) == 0
    assert capsys.readouterr().out.startswith("waiting_s: how long the caller waits")


def test_every_shipped_rule_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for language in ("en", "ko"):
        assert main(["rules", "explain", "wants_supervisor", "--language", language]) == 0
    assert capsys.readouterr().out.count("wants_supervisor (urgent)") == 2


def test_a_rule_that_is_not_there_is_answered_with_one_that_looks_like_it(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "explain", "legel", "--rules", str(pack)]) == 2
    assert "mend: did you mean legal?" in capsys.readouterr().err
    assert main(["rules", "explain", "xyz", "--rules", str(pack)]) == 2
    assert "mend: rules there: legal" in capsys.readouterr().err
