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
