import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.escalation.conditions import Measured, OneOf, Said
from appliance.escalation.rules import Rule, parse_rules
from appliance.language.phrases import GUARD_WINDOW_WORDS, Phrase
from appliance.toml_table import MAX_FILE_BYTES

GOOD = """\
name = "test"
version = "1"
language = "en"
unless_before = ["not"]

[phrases.supervisor]
who = "caller"
any = [
    "speak to [your] (supervisor|manager)",
    "my lawyer",
]

[phrases.hold]
any = ["been waiting"]
unless_before = []

[rules.wants_supervisor]
level = "urgent"
phrase = "supervisor"
latch = true
suggest = "Offer it."

[rules.waits]
level = "attention"
phrases = ["hold", "supervisor"]
count = 2
within_s = 60
on_delay_s = 1.5
off_delay_s = 10
reason = "Waits"
"""


def test_a_pack_is_read_as_it_is_written() -> None:
    pack = parse_rules(GOOD, "rules.toml")
    assert (pack.name, pack.version, pack.language) == ("test", "1", "en")
    assert pack.phrases == (
        Phrase(
            "supervisor",
            "caller",
            ("speak to [your] (supervisor|manager)", "my lawyer"),
            "words",
            frozenset({"not"}),
            GUARD_WINDOW_WORDS,
        ),
        Phrase("hold", "caller", ("been waiting",), "words", frozenset(), GUARD_WINDOW_WORDS),
    )
    assert pack.rules == (
        Rule(
            "wants_supervisor",
            "urgent",
            (Said(("supervisor",)),),
            latch=True,
            min_repeat_s=30,
            reason="Wants supervisor",
            suggest="Offer it.",
        ),
        Rule(
            "waits",
            "attention",
            (Said(("hold", "supervisor"), 2, 60),),
            on_delay_s=1.5,
            off_delay_s=10,
            min_repeat_s=10,
            reason="Waits",
        ),
    )


def test_korean_packs_compare_by_syllable() -> None:
    pack = parse_rules('name="k"\nversion="1"\nlanguage="ko-KR"\n[phrases.a]\nany=["책임자 바꿔"]', "k")
    assert pack.phrases[0].units == "syllables"


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "mend"),
    [
        ('name = "test"', "name = test", 1, "not valid TOML", "texts stand in quotes"),
        ('name = "test"\n', "", 1, "the file has no `name`", "add `name`"),
        ('name = "test"', 'name = ""', 1, "`name` is empty", "write a text"),
        ('version = "1"', "version = 1", 2, "`version` is 1", 'such as "abc"'),
        ('unless_before = ["not"]', 'unless_befor = ["not"]', 4, "`unless_befor` is not", "mean `unless_before`?"),
        ('unless_before = ["not"]', 'unless_before = "not"', 4, '`unless_before` is "not"', "a list of texts"),
        ('unless_before = ["not"]', 'unless_before = ["do not"]', 4, 'holds "do not"', "single words"),
        ('who = "caller"', 'who = "customer"', 7, '`phrases.supervisor.who` is "customer"', "caller, agent, both"),
        ('    "my lawyer",', '    "my lawyer", 5,', 8, "`phrases.supervisor.any` holds 5", "texts in quotes"),
        ('    "my lawyer",', '    "my (lawyer",', 10, "`(` is never closed by `)`", "mend the pattern"),
        ('    "my lawyer",', '    "[my]",', 10, "no word that must be said", "mend the pattern"),
        ('    "my lawyer",', '    "",', 8, '`phrases.supervisor.any` holds ""', "texts in quotes"),
        ('any = ["been waiting"]', "any = []", 14, "`phrases.hold.any` is empty", "at least one"),
        ('any = ["been waiting"]\n', "", 13, "`phrases.hold` has no `any`", "add `any`"),
        ("[phrases.hold]", "[phrases.supervisor]", 13, "not valid TOML", "give each name once"),
        ("[rules.waits]", "[rules.wants_supervisor]", 23, "not valid TOML", "give each name once"),
        ("[phrases.hold]", "[phrase.hold]", 13, "`phrase` is not a known key", "did you mean `phrases`?"),
        ('level = "urgent"', 'level = "red"', 18, '`rules.wants_supervisor.level` is "red"', "attention, urgent"),
        ('level = "urgent"\n', "", 17, "`rules.wants_supervisor` has no `level`", "add `level`"),
        ('phrase = "supervisor"', 'phrase = "supervizor"', 19, 'names "supervizor"', "hold, supervisor"),
        ('phrase = "supervisor"\n', "", 17, "names no phrase", 'phrase = "name"'),
        ('phrases = ["hold", "supervisor"]', 'phrases = ["hold", "lawyer"]', 25, 'names "lawyer"', "hold, supervisor"),
        ("latch = true", 'latch = "yes"', 20, '`rules.wants_supervisor.latch` is "yes"', "true or false"),
        ("latch = true", "latc = true", 20, "`rules.wants_supervisor.latc` is not", "did you mean `latch`?"),
        ("latch = true", 'phrases = ["hold"]', 17, "has both `phrase` and `phrases`", "write `phrase"),
        ("count = 2", "count = 2.5", 26, "`rules.waits.count` is 2.5", "a whole number"),
        ("count = 2", "count = true", 26, "`rules.waits.count` is true", "a whole number"),
        ("count = 2", "count = 0", 26, "`rules.waits.count` is 0", "from 1 to 100"),
        ("within_s = 60\non_delay_s = 1.5\n", "", 26, "no `within_s` says within what time", "add `within_s = 60`"),
        ("within_s = 60", "within_s = 1", 28, "`rules.waits.on_delay_s` is longer", "`within_s = 1.5` or more"),
        ("off_delay_s = 10", "off_delay_s = -1", 29, "`rules.waits.off_delay_s` is -1", "a number from 0 to 3600"),
        ("off_delay_s = 10", "off_delay_s = nan", 29, "`rules.waits.off_delay_s` is nan", "a number from 0 to 3600"),
        ("latch = true", "min_repeat_s = 1e9", 20, "`rules.wants_supervisor.min_repeat_s` is 1000000000.0", "from 0"),
        ("latch = true", "all = []", 20, "`rules.wants_supervisor.all` is empty", "write a condition"),
        ("latch = true", "all = 3", 20, "`rules.wants_supervisor.all` is 3", "all = [{ ... }]"),
        ("latch = true", "all = [{ cue = 'fury' }]", 20, '`rules.wants_supervisor.all[1].cue` is "fury"', "stress"),
        ("latch = true", "urgent.latch = true", 18, "is given, and `urgent` as well", "leave `level` out"),
        ("[rules.waits]", "[rules]\nwaits = 3\n[rules.weighs]", 24, "`rules.waits` is 3", "[rules.waits]"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_its_mend(old: str, new: str, line: int, what: str, mend: str) -> None:
    assert old in GOOD
    with pytest.raises(BadInputError) as error:
        parse_rules(GOOD.replace(old, new, 1), "my.toml")
    assert what in error.value.what
    assert error.value.where == f"my.toml, line {line}"
    assert mend in error.value.mend


PACK = """\
name = "cues"
version = "1"
language = "en"

[phrases.supervisor]
any = ["my supervisor"]

[rules.upset]
"""


def read(rule: str) -> tuple[Rule, ...]:
    return parse_rules(PACK + rule, "my.toml").rules


def test_a_rule_may_need_several_conditions_and_one_of_others() -> None:
    (rule,) = read("""
level = "urgent"
all = [
    { cue = "stress", at_least = 0.7, deadband = 0.1, for_s = 2 },
    { cue = "talk_share", who = "agent", at_most = 0.2 },
]
any = [{ phrase = "supervisor", within_s = 20 }, { cue = "tier", of = ["Gold "] }]
snooze_s = 60
min_repeat_s = 5
call_for = "the supervisor on duty"
""")
    assert rule.all == (
        Measured("stress", "caller", at_least=0.7, deadband=0.1, for_s=2),
        Measured("talk_share", "agent", at_most=0.2),
    )
    assert rule.any == (Said(("supervisor",), within_s=20), OneOf("tier", ("gold",)))
    assert (rule.snooze_s, rule.min_repeat_s, rule.call_for) == (60, 5, "the supervisor on duty")
    assert rule.phrases == ("supervisor",)


def test_a_rule_with_both_levels_is_two_that_share_what_they_do_not_say_themselves() -> None:
    attention, urgent = read("""
reason = "Upset"
off_delay_s = 10
attention.all = [{ cue = "stress", at_least = 0.5 }]
urgent.all = [{ cue = "stress", at_least = 0.8 }]
urgent.off_delay_s = 20
""")
    assert (attention.name, attention.level, attention.reason, attention.off_delay_s) == (
        "upset",
        "attention",
        "Upset",
        10,
    )
    assert (urgent.name, urgent.level, urgent.reason, urgent.off_delay_s) == ("upset", "urgent", "Upset", 20)
    assert urgent.all == (Measured("stress", "caller", at_least=0.8),)


@pytest.mark.parametrize(
    ("rule", "line", "what", "mend"),
    [
        ("latch = true", 8, "names no phrase and no condition", "`all = [...]`"),
        ('count = 2\nany = [{ cue = "stress", at_least = 1 }]', 10, "count` is given, but no phrase", "into"),
        ('all = [{ cue = "stress" }]', 10, "upset.all[1]` has no threshold", "`at_least` or `at_most`"),
        ('all = [{ cue = "stress", at_least = 1.1 }]', 10, "upset.all[1].at_least` is 1.1", "from 0 to 1"),
        ('all = [{ cue = "sentiment", at_most = -2 }]', 10, "upset.all[1].at_most` is -2", "from -1 to 1"),
        ('all = [{ cue = "silence_s", who = "agent", at_least = 5 }]', 10, "the call as a whole", "leave"),
        ('all = [{ cue = "stress", who = "both", at_least = 0.5 }]', 10, 'upset.all[1].who` is "both"', "caller"),
        ('all = [{ cue = "stress", at_least = 0.5, for = 2 }]', 10, "upset.all[1].for` is not a known", "for_s"),
        ('all = [{ cue = "tier", of = [] }]', 10, "upset.all[1].of` is empty", "at least one"),
        ('all = [{ phrase = "boss" }]', 10, 'names "boss", which is no phrase', "supervisor"),
        (
            'all = [{ cue = "stress", at_least = 0.5, deadband = 0.5 }]',
            10, "upset.all[1].deadband` reaches beyond the scale", "write less than 0.5",
        ),
        (
            'all = [{ cue = "sentiment", at_most = -0.2, deadband = 1.3 }]',
            10, "upset.all[1].deadband` reaches beyond the scale", "write less than 1.2",
        ),
        (
            'all = [{ cue = "stress", at_least = 0.8, at_most = 0.2 }]',
            10, "wants `stress` at least 0.8 and at most 0.2 at the same time", "below",
        ),
        (
            'all = [\n{ cue = "call_s", at_least = 90 },\n{ cue = "call_s", at_most = 60 },\n]',
            11, "wants `call_s` at least 90 and at most 60 at the same time", "make two rules",
        ),
        (
            'all = [{ phrase = "supervisor" }, { cue = "stress", at_least = 0.5 }]',
            8, "needs a phrase and something else at the same moment", "add `within_s = 20`",
        ),
        ('on_delay_s = 9\nany = [{ phrase = "supervisor", within_s = 5 }]', 10, "is longer than `within_s`", "= 9"),
        ("all = [" + '{ cue = "tier", of = ["a"] },' * 17 + "]", 10, "more than 16 conditions", "several rules"),
    ],
)  # fmt: skip
def test_conditions_that_cannot_be_are_refused_with_place_and_mend(rule: str, line: int, what: str, mend: str) -> None:
    with pytest.raises(BadInputError) as error:
        read('level = "urgent"\n' + rule)
    assert what in str(error.value)
    assert error.value.where == f"my.toml, line {line}"
    assert mend in error.value.mend


def test_an_urgent_level_that_would_come_before_attention_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"line 10: `rules.upset.urgent` has a threshold for `stress`") as error:
        read("""attention.all = [{ cue = "stress", at_least = 0.8 }]
urgent.all = [{ cue = "stress", at_least = 0.5 }]""")
    assert error.value.mend == "exchange the two thresholds"


def test_a_pack_with_too_many_rules_is_refused() -> None:
    rules = "\n".join(f'[rules.r{number}]\nlevel = "urgent"\nphrase = "supervisor"' for number in range(201))
    with pytest.raises(BadInputError, match="`rules` holds more than 200 rules"):
        parse_rules(PACK.replace("[rules.upset]\n", rules), "my.toml")


def test_a_value_where_tables_belong_is_named() -> None:
    with pytest.raises(BadInputError, match=r"my.toml, line 4: `rules` is 5") as error:
        parse_rules('name = "a"\nversion = "1"\nlanguage = "en"\nrules = 5', "my.toml")
    assert error.value.mend == "write a table, such as [rules.name]"


def test_a_file_in_another_encoding_is_named_with_its_line() -> None:
    with pytest.raises(BadInputError, match=r"my.toml, line 2: the file is not UTF-8 text"):
        parse_rules('name = "a"\nversion = "é"'.encode("latin-1"), "my.toml")


def test_a_file_with_a_byte_order_mark_is_read() -> None:
    assert parse_rules(GOOD.encode("utf-8-sig"), "my.toml") == parse_rules(GOOD, "my.toml")


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadInputError, match="larger than 256 KiB"):
        parse_rules("\0" * (MAX_FILE_BYTES + 1), "call.wav")


def test_lists_nested_without_end_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"my.toml"):
        parse_rules("a = " + "[" * 100_000, "my.toml")


@given(st.text() | st.binary())
def test_any_file_is_read_or_refused_with_a_mend(content: str | bytes) -> None:
    with pytest.raises(BadInputError) as error:
        parse_rules(content, "any.toml")
    assert error.value.where.startswith("any.toml")
    assert error.value.mend


@given(st.sampled_from(GOOD.splitlines()), st.integers(0, 60), st.text("\"'[]{}=.,#1-t\n", max_size=4))
def test_a_slip_of_the_pen_is_read_or_refused_at_a_line_of_the_file(victim: str, place: int, slip: str) -> None:
    text = GOOD.replace(victim, victim[:place] + slip + victim[place + 1 :], 1)
    try:
        parse_rules(text, "my.toml")
    except BadInputError as error:
        line = int(error.where.rpartition(" ")[2])
        assert 1 <= line <= len(text.splitlines())
