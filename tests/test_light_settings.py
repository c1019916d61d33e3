import pytest

from appliance.errors import BadInputError
from appliance.indicator.night import Dimming
from appliance.light_settings import BoardSettings, LedSettings, LightSettings, NeopixelSettings, parse_light
from appliance.toml_table import read_table

WHOLE = """\
[light]
kind = ["board", "terminal", "board"]
brightness = 0.8
night = "22:30-06:00"
night_brightness = 0.2
[light.board]
serial = "E661"
buzzer = true
[light.leds]
red = 5
common_anode = true
[light.neopixels]
device = "/dev/spidev1.0"
count = 16
"""


def parsed(text: str) -> LightSettings:
    return parse_light(read_table(text, "desk.toml").table("light", optional=True))


def test_every_setting_is_read() -> None:
    assert parsed(WHOLE) == LightSettings(
        kinds=("board", "terminal"),
        dimming=Dimming(0.8, 0.2, 22 * 60 + 30, 6 * 60),
        board=BoardSettings(serial="E661", buzzer=True),
        leds=LedSettings(red=5, common_anode=True),
        neopixels=NeopixelSettings("/dev/spidev1.0", 16),
    )


def test_a_single_kind_may_stand_alone_and_everything_has_a_default() -> None:
    assert parsed('[light]\nkind = "lines"').kinds == ("lines",)
    assert parsed("") == LightSettings()


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ('kind = "disco"', '`light.kind` is "disco"', "write one of: terminal"),
        ('kind = ["board", "disco"]', '`light.kind` holds "disco"', "write some of: terminal"),
        ("kind = 7", "`light.kind` is 7", "a text"),
        ("kind = []", "`light.kind` is empty", "at least one"),
        ("brightness = 0", "`light.brightness` is 0", "from 0.05 to 1"),
        ('night = "late"', '`light.night` is "late"', "22:00-06:00"),
        ('night = "24:00-06:00"', '`light.night` is "24:00-06:00"', "22:00-06:00"),
        ('board = {port = "/dev/a", serial = "b"}', "`light.board.port` stands beside `serial`", "one of them"),
        ("leds = {red = 27}", "`light.leds.red` shares its pin", "a pin of its own"),
        ("leds = {red = 28}", "`light.leds.red` is 28", "from 0 to 27"),
        ("neopixels = {count = 0}", "`light.neopixels.count` is 0", "from 1 to 300"),
        ("color = 1", "`light.color` is not a known key", "known here"),
    ],
)
def test_each_mistake_is_told_with_key_line_and_mend(text: str, what: str, mend: str) -> None:
    with pytest.raises(BadInputError) as error:
        parsed(f"[light]\n{text}\n")
    assert what in error.value.what
    assert mend in error.value.mend
    assert error.value.where == "desk.toml, line 2"
