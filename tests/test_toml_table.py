import pytest

from appliance.errors import BadInputError
from appliance.toml_table import read_table

TEXT = """\
[line]
file = "call.wav"
"dotted.key" = 1

[line.inner]
deep = true
"""


def test_a_table_gives_its_values_and_an_optional_one_that_is_absent_is_empty() -> None:
    table = read_table(TEXT, "box.toml")
    assert table.table("line").text("file") == "call.wav"
    assert table.table("line").table("inner").flag("deep", default=False)
    assert not table.table("light", optional=True).has("kind")
    assert table.table("light", optional=True).text("kind", "none") == "none"
    assert table.tables("light") == []


def test_a_table_that_must_be_there_is_asked_for() -> None:
    with pytest.raises(BadInputError) as error:
        read_table(TEXT, "box.toml").table("device")
    assert str(error.value) == "box.toml, line 1: the file has no `device`"
    assert error.value.mend == "add `device`: a table, such as [device]"


def test_keys_deep_inside_are_named_with_their_whole_path_and_their_line() -> None:
    inner = read_table(TEXT, "box.toml").table("line").table("inner")
    with pytest.raises(BadInputError) as error:
        inner.text("deep")
    assert str(error.value) == "box.toml, line 6: `line.inner.deep` is true"


LISTED = """\
[rules.a]
level = "urgent"
all = [
    { cue = "stress", at_least = 1 },
    { phrase = 3 }, { cue = "tier" },
]

[[rules.b.all]]
cue = "stress"

[[rules.b.all]]
cue = 5
"""


@pytest.mark.parametrize(
    ("rule", "number", "key", "message"),
    [
        ("a", 0, "at_least", "box.toml, line 4: `rules.a.all[1].at_least` is 1"),
        ("a", 1, "phrase", "box.toml, line 5: `rules.a.all[2].phrase` is 3"),
        ("a", 2, "of", "box.toml, line 5: `rules.a.all[3]` has no `of`"),
        ("b", 1, "cue", "box.toml, line 11: `rules.b.all[2].cue` is 5"),
    ],
)
def test_tables_in_a_list_are_numbered_and_their_line_is_named(rule: str, number: int, key: str, message: str) -> None:
    tables = read_table(LISTED, "box.toml").table("rules").table(rule).list_of_tables("all")
    with pytest.raises(BadInputError) as error:
        tables[number].text(key)
    assert str(error.value) == message


def test_a_list_of_other_things_is_no_list_of_tables() -> None:
    with pytest.raises(BadInputError, match=r"box.toml, line 1: `all` holds 3"):
        read_table("all = [{}, 3]", "box.toml").list_of_tables("all")
    assert read_table("", "box.toml").list_of_tables("all") == []


def test_a_table_over_another_takes_from_it_what_it_leaves_out() -> None:
    table = read_table('name = "a"\nlevel = "b"\n[inner]\nname = "c"', "box.toml")
    both = table.table("inner").over(table.without("inner"))
    assert (both.text("name"), both.text("level")) == ("c", "b")
    assert not both.has("inner")
