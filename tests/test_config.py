from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import CentralSettings, Settings, SpeechSettings, parse_settings, read_settings
from appliance.errors import BadInputError
from appliance.light_settings import LightSettings
from appliance.line_settings import RecordingSettings

FOLDER = Path("/etc/undertone")

WHOLE = """\
[device]
name = "desk-12"
state = "state"

[line]
kind = "recording"
file = "call.wav"
sides = ["caller", "agent"]
pace = "fast"

[speech]
language = "ko"
engine = "vosk"

[rules]
file = "/srv/rules.toml"

[light]
kind = "lines"

[central]
url = "wss://central.example/v1/device"
token_file = "token"
ca_file = "ca.pem"
"""

LEAST = '[device]\nname = "desk-12"\n[line]\nkind = "recording"\nfile = "call.wav"\n'


def test_every_setting_is_read_and_paths_start_from_the_file_s_folder() -> None:
    assert parse_settings(WHOLE, "desk.toml", FOLDER) == Settings(
        device="desk-12",
        line=RecordingSettings(FOLDER / "call.wav", ("caller", "agent"), "fast"),
        speech=SpeechSettings("ko", "vosk"),
        rules_file=Path("/srv/rules.toml"),
        light=LightSettings(kinds=("lines",)),
        central=CentralSettings("wss://central.example/v1/device", FOLDER / "token", FOLDER / "ca.pem"),
        state=FOLDER / "state",
    )


def test_a_box_with_a_certificate_needs_no_token_and_takes_none() -> None:
    enrolled = LEAST + '[central]\nurl = "wss://x:1/v1/device"\nidentity = "certificate"\n'
    settings = read_settings(enrolled.encode(), FOLDER / "desk.toml")
    assert settings.central == CentralSettings("wss://x:1/v1/device", None, None, "certificate")
    with pytest.raises(BadInputError, match=r"line 9: `central.token_file` does not go with a certificate"):
        read_settings((enrolled + 'token_file = "t"\n').encode(), FOLDER / "desk.toml")


def test_what_is_left_out_has_its_default() -> None:
    settings = read_settings(LEAST.encode(), FOLDER / "desk.toml")
    assert settings == Settings(
        device="desk-12",
        line=RecordingSettings(FOLDER / "call.wav", (), "real"),
        speech=SpeechSettings("en", "auto"),
        rules_file=None,
        light=LightSettings(),
        central=None,
        state=None,
    )


BAD = [
    ('name = "desk-12"', 'nmae = "desk-12"', 2, "`device.nmae` is not a known key", "did you mean `name`?"),
    ("[device]", "[devise]", 1, "`devise` is not a known key", "did you mean `device`?"),
    ('name = "desk-12"', "name = 12", 2, "`device.name` is 12", 'a text, such as "abc"'),
    ('name = "desk-12"', 'name = " "', 2, "`device.name` is empty", "write a text"),
    ('name = "desk-12"\n', "", 1, "`device` has no `name`", "add `name`"),
    ('kind = "recording"', 'kind = "sip"', 6, '`line.kind` is "sip"', "write one of: recording"),
    ('file = "call.wav"\n', "", 5, "`line` has no `file`", "add `file`"),
    ('["caller", "agent"]', '["caller", "robot"]', 8, "`line.sides` holds", '["agent", "caller"]'),
    ('["caller", "agent"]', '["caller", "caller"]', 8, "`line.sides` holds", '["agent", "caller"]'),
    ('["caller", "agent"]', '"caller"', 8, '`line.sides` is "caller"', "a list of texts"),
    ('["caller", "agent"]', "[1]", 8, "`line.sides` holds 1", "texts in quotes"),
    ('pace = "fast"', 'pace = "slow"', 9, '`line.pace` is "slow"', "write one of: real, fast"),
    ('engine = "vosk"', 'engine = "siri"', 13, '`speech.engine` is "siri"', "write one of: auto, vosk, moonshine"),
    ('engine = "vosk"', "engine = true", 13, "`speech.engine` is true", "a text"),
    ('language = "ko"', 'langauge = "ko"', 12, "`speech.langauge` is not a known key", "did you mean `language`?"),
    ('file = "/srv/rules.toml"', "file = []", 16, "`rules.file` is a list", "a text"),
    ('[light]\nkind = "lines"', '[light]\nkind = "disco"', 19, '`light.kind` is "disco"', "terminal, lines, board"),
    ("[light]", "[[light]]", 18, "`light` is a list", "a table, such as [light]"),
    ('url = "wss://central.example/v1/device"\n', "", 21, "`central` has no `url`", "add `url`"),
    ('token_file = "token"', 'token = "secret"', 23, "`central.token` is not a known key", "`token_file`"),
    ('name = "desk-12"', "name = desk-12", 2, "not valid TOML", "texts stand in quotes"),
    ('name = "desk-12"', 'name = "a"\nname = "b"', 3, "not valid TOML", "give each name once"),
]


@pytest.mark.parametrize(("old", "new", "line", "what", "mend"), BAD, ids=[bad[1].replace("\n", " ") for bad in BAD])
def test_each_mistake_is_told_with_file_line_key_and_mend(old: str, new: str, line: int, what: str, mend: str) -> None:
    assert old in WHOLE
    with pytest.raises(BadInputError) as caught:
        parse_settings(WHOLE.replace(old, new, 1), "desk.toml", FOLDER)
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert caught.value.where == f"desk.toml, line {line}"


@pytest.mark.parametrize("table", ["device", "line"])
def test_a_table_that_must_be_there_is_named(table: str) -> None:
    kept = "\n".join(part for part in WHOLE.split("\n\n") if not part.startswith(f"[{table}]"))
    with pytest.raises(BadInputError, match=f"has no `{table}`"):
        parse_settings(kept, "desk.toml", FOLDER)


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_what_is_no_settings_file_is_refused_with_a_mend(content: str | bytes) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_settings(content, "desk.toml", FOLDER)
    assert caught.value.mend
    assert caught.value.where.startswith("desk.toml")


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.sampled_from('"[]=#\n\\\x00aé1'))))
def test_a_damaged_settings_file_is_read_or_refused_but_never_breaks_the_program(
    damages: list[tuple[int, str]],
) -> None:
    text = WHOLE
    for at, character in damages:
        text = text[:at] + character + text[at + 1 :]
    refused: BadInputError | None = None
    try:
        parse_settings(text, "desk.toml", FOLDER)
    except BadInputError as error:
        refused = error
    assert refused is None or (refused.mend and refused.where.startswith("desk.toml"))


@pytest.mark.parametrize(
    ("word", "sides"), [("caller", {"caller"}), ("none", set[str]()), ("both", {"agent", "caller"})]
)
def test_whose_feelings_are_measured_is_said_in_one_word(word: str, sides: set[str]) -> None:
    settings = parse_settings(f'{LEAST}[privacy]\nfeelings = "{word}"\n', "desk.toml", FOLDER)
    assert settings.feelings == sides


def test_the_agents_feelings_are_not_measured_unless_somebody_says_so() -> None:
    assert parse_settings(LEAST, "desk.toml", FOLDER).feelings == {"caller"}
    with pytest.raises(BadInputError) as error:
        parse_settings(LEAST + '[privacy]\nfeelings = "agent"\n', "desk.toml", FOLDER)
    assert error.value.mend == "write one of: caller, none, both"


@pytest.mark.parametrize(
    ("words", "sides"),
    [("", {"agent", "caller"}), ('hide_names = "both"', {"agent", "caller"}), ('hide_names = "caller"', {"caller"})],
)
def test_the_names_of_both_are_hidden_unless_somebody_wants_to_read_the_agents(words: str, sides: set[str]) -> None:
    assert parse_settings(f"{LEAST}[privacy]\n{words}\n", "desk.toml", FOLDER).hide_names_of == sides


def test_a_callers_name_cannot_be_kept() -> None:
    with pytest.raises(BadInputError) as error:
        parse_settings(LEAST + '[privacy]\nhide_names = "none"\n', "desk.toml", FOLDER)
    assert error.value.mend == "write one of: both, caller"
