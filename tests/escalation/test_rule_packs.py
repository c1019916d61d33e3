"""The packs that the project ships, against what people say in calls and what the recognizers make of it."""

from pathlib import Path
from typing import Literal

import pytest

import appliance
from appliance.escalation.rules import RulePack, parse_rules
from appliance.events import Word

FOLDER = Path(appliance.__file__).parent / "rules"
PACKS = {name: parse_rules((FOLDER / f"{name}.toml").read_bytes(), f"{name}.toml") for name in ("en", "ko")}


def raised(pack: RulePack, text: str, who: Literal["agent", "caller"] = "caller") -> set[str]:
    words = [Word(word, index, index + 1) for index, word in enumerate(text.split())]
    said = {match.phrase for match in pack.index.find(who, words)}
    return {rule.name for rule in pack.rules if said & set(rule.phrases)}


ESCALATES = {"wants_supervisor", "wants_to_cancel", "threatens_legal_action"}

ENGLISH = [
    ("No! I want to speak to your supervisor right now, or I will cancel my account and call my lawyer!", ESCALATES),
    ("No, want to speak to your supervisor right now, or I will cancel my account and call my lawyer.", ESCALATES),
    ("no i want to speak to your supervisor right now or i will cancel my account and call my lawyer", ESCALATES),
    ("I called twice about this already.", {"called_before"}),
    ("Nobody came to my house in October called twice about this already.", {"called_before"}),
    ("Hello? Are you still there? I have been waiting for twenty minutes.", {"tired_of_waiting"}),
    ("Hello, are you still there? Have been waiting for twenty minutes.", {"tired_of_waiting"}),
    ("Hi Adam. This is the third time I call about the same refund.", {"called_before"}),
    ("I was told that last week. I would like to speak to your manager, please.", {"wants_supervisor"}),
    ("I am not going to hang up until I have spoken with a manager.", {"wants_supervisor"}),
    ("Why can't I speak to your manager?", {"wants_supervisor"}),
    ("You won't let me talk to a supervisor.", {"wants_supervisor"}),
    ("I'm not waiting any longer. I want to cancel.", {"wants_to_cancel"}),
    ("I'll go to another provider then.", {"wants_to_cancel"}),
    ("I'm going to sue you, see you in court.", {"threatens_legal_action"}),
    ("I will complain about you to the ombudsman.", {"threatens_publicity"}),
    ("Then I'm going to the press.", {"threatens_publicity"}),
    ("My husband passed away two weeks ago, and I have to close his account.", {"needs_care"}),
    ("I can not pay the loan this month.", {"needs_care"}),
    ("Cannot pay the loan this month.", {"needs_care"}),
    ("I do not want to cancel my contract, I would just like to change my plan.", set()),
    ("Hello, Emma, do not want to cancel my contract. I would just like to change my plan.", set()),
    ("Lovely. Your supervisor told me it would be easy, and it was. Thank you.", set()),
    ("I don't need to speak to a manager.", set()),
    ("I never called a lawyer, I am not calling a lawyer.", set()),
    ("Good morning. I am waiting for a parcel that should have come on Monday.", set()),
    ("It is still at the depot? Again? Where is my parcel? It was supposed to be here on Monday!", set()),
    ("I took two days off work for this! Two days! And nobody told me anything!", set()),
    ("My daughter says I should never have signed it, but it is fine.", set()),
    ("I ordered a kitchen table last week and I would like to change the delivery date.", set()),
]

KOREAN = [
    ("지금 당장 책임자 바꿔 주세요! 계약을 해지하겠습니다! 변호사에게 전화하겠습니다!", ESCALATES),
    (
        "지금 당장 책임자 바꿔 주세요 계약을 해지 하겠습니다 겟 어 [42] 개 지점과 하겠습니다",
        ESCALATES - {"threatens_legal_action"},
    ),
    (
        "지금 당장 책임자 바꿔 주세요 케이 가 헤지 하겠습니다 갤러 [42] 개 기암 과 하겠습니다",
        ESCALATES - {"threatens_legal_action"},
    ),
    ("지금 이십 분이나 기다리고 있습니다. 왜 대답이 없습니까?", {"tired_of_waiting"}),
    ("직급 [20] 본인 이나 기다리고 있습니다 우회 대답 이 없 습니까", {"tired_of_waiting"}),
    ("벌써 세 번이나 전화했습니다", {"called_before"}),
    ("해지하고 싶습니다", {"wants_to_cancel"}),
    ("소비자원에 신고하겠습니다", {"threatens_publicity"}),
    ("해지하고 싶지 않습니다", set()),
    ("해지하지 않겠습니다", set()),
    ("책임자 분이 친절하셨어요", set()),
    ("좋습니다. 그러면 계약을 유지하겠습니다.", set()),
    ("이번 달 전기 요금이 너무 많이 나왔습니다. 이유를 모르겠습니다.", set()),
    ("지난달에는 아무도 우리 집에 오지 않았습니다.", set()),
]


@pytest.mark.parametrize(("said", "rules"), ENGLISH)
def test_english_callers_raise_what_they_mean(said: str, rules: set[str]) -> None:
    assert raised(PACKS["en"], said) == rules


@pytest.mark.parametrize(("said", "rules"), KOREAN)
def test_korean_callers_raise_what_they_mean(said: str, rules: set[str]) -> None:
    assert raised(PACKS["ko"], said) == rules


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        ("en", "Of course. I am calling my supervisor. I will also refund the ninety dollars to your card today."),
        ("en", "My manager is in a meeting right now."),
        ("en", "Yes, I am still here."),
        ("ko", "네, 책임자를 연결하겠습니다. 그리고 오늘 구만 원을 환불해 드리겠습니다."),
        ("ko", "지금 확인하고 있습니다. 조금만 기다려 주세요."),
    ],
)
def test_agents_raise_nothing(pack: str, said: str) -> None:
    assert raised(PACKS[pack], said, "agent") == set()


TOLD_ONLY = {"compliment"}
"""What is told as an event, and is nothing to light a lamp for."""


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_every_phrase_has_a_rule_and_every_rule_tells_people_what_to_do(pack: RulePack) -> None:
    used = {name for rule in pack.rules for name in rule.phrases}
    # Praise is found, but alarms nobody.
    assert used == {phrase.name for phrase in pack.phrases} - {"compliment"}
    assert all(rule.reason and rule.suggest for rule in pack.rules)


def test_both_packs_have_the_same_rules() -> None:
    assert [(rule.name, rule.level) for rule in PACKS["en"].rules] == [
        (rule.name, rule.level) for rule in PACKS["ko"].rules
    ]
