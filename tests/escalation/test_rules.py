import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
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
            3,
        ),
        Phrase("hold", "caller", ("been waiting",), "words", frozenset(), GUARD_WINDOW_WORDS),
    )
    assert pack.rules == (
        Rule("wants_supervisor", "urgent", ("supervisor",), latch=True, reason="Wants supervisor", suggest="Offer it."),
        Rule("waits", "attention", ("hold", "supervisor"), 2, 60, 1.5, 10, reason="Waits"),
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
