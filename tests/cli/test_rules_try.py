"""What `undertone rules try` tells of a call, in words and as JSON, and the program itself on a real one."""

import json
from pathlib import Path

import pytest

from appliance.cli.rules_try import Trial, _as_json, told
from appliance.escalation.cues import Reading
from appliance.escalation.ladder import Ladder
from appliance.escalation.rules import parse_rules
from appliance.events import Event
from appliance.language.phrases import Match

from ..escalation.ladder_calls import at
from ..rule_packs import LAWYER, pack
from .test_replay import cut, undertone

PACK = pack(f"""{LAWYER}
reason = "A lawyer"

[rules.furious]
level = "urgent"
all = [{{ cue = "stress", at_least = 0.8, for_s = 2 }}]

[rules.never]
level = "attention"
all = [{{ cue = "tier", of = ["gold"] }}, {{ cue = "stress", at_least = 0.5 }}]

[rules.apart]
level = "attention"
all = [{{ phrase = "lawyer", within_s = 2 }}, {{ cue = "stress", at_least = 0.8 }}]
""")

KOREAN = """
[phrases.boss]
any = ["책임자"]

[rules.boss]
level = "urgent"
phrase = "boss"

[rules.long]
level = "attention"
all = [{ cue = "call_s", at_least = 8.5 }]
"""


def trial() -> Trial:
    ladder = Ladder(parse_rules(PACK, "p.toml").rules)
    match = Match("lawyer", "my lawyer", 0, 1, at(1), at(2))
    events: list[Event] = [*ladder.receive_hits("caller", 1, [match], final=True, now_sample=at(2))]
    ladder.receive_reading(Reading("stress", "caller", at(10), 0.85, note="pitch +4 semitones"))
    for step in (10.0, 11.0, 11.9):
        events += ladder.receive_time(at(step))
    ladder.receive_reading(Reading("stress", "caller", at(11.9), 0.3))
    events += ladder.receive_time(at(40))
    return Trial(events, ladder.outlooks)


def test_what_fired_is_told_with_its_evidence_and_what_nearly_did_with_what_was_wanting() -> None:
    assert list(told(trial())) == [
        "1 alert",
        "",
        "    2.00  URGENT legal: A lawyer",
        '          Words: "my lawyer".',
        "          caller 1.00-2.00 lawyer: my lawyer",
        "          holds since 2.00; cleared at 40.00",
        "",
        "nearly fired:",
        "  apart (attention)",
        "    held  lawyer: said 1 of 1 times, at 2.00",
        "    held  stress was 0.85 for 0.0 s, wanted at least 0.80, at 10.00",
        "          each of them held, but not at the same time for so long",
        "  furious (urgent)",
        "     99%  stress was 0.85 for 1.9 s, wanted at least 0.80 for 2 s, at 11.90",
        "",
        "did not fire:",
        "  never (attention)",
        "      0%  tier was never told",
        "    held  stress was 0.85 for 0.0 s, wanted at least 0.50, at 10.00",
    ]


def test_for_programs_every_rule_says_how_near_it_came() -> None:
    found = _as_json(trial())
    assert [(rule["rule"], rule["raised"], rule["nearly"]) for rule in found["rules"]] == [
        ("legal", 1, False),
        ("furious", 0, True),
        ("never", 0, False),
        ("apart", 0, True),
    ]
    (alert,) = found["alerts"]
    assert [change["change"] for change in alert["changes"]] == ["cleared"]


@pytest.mark.usefixtures("korean_model")
def test_a_real_call_is_tried_against_a_pack(tmp_path: Path) -> None:
    call = cut("billing_ko_16k", 54.0, 62.0, tmp_path / "cut.wav")
    rules = tmp_path / "ko.toml"
    rules.write_text(pack(KOREAN, language="ko"))
    ran = undertone("rules", "try", rules, "--call", call, "--language", "ko", "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert [alert["rule"] for alert in found["alerts"]] == ["boss"]
    boss, long = found["rules"]
    assert boss["raised"] == 1
    assert long["nearly"]
    assert long["conditions"][0]["text"].startswith("call_s was 8 s, wanted at least 8 s")
