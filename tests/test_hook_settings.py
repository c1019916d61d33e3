import pytest

from appliance.errors import BadInputError
from appliance.hook_settings import GpioHookSettings, HidHookSettings, HookSettings, SerialHookSettings
from appliance.sound_card_settings import parse_sound_card
from appliance.toml_table import read_table


def parsed(text: str) -> HookSettings | None:
    settings = f'[line]\nkind = "sound_card"\ncard = "a"\n{text}'
    return parse_sound_card(read_table(settings, "device.toml").table("line")).hook


@pytest.mark.parametrize(
    ("text", "hook"),
    [
        ("", None),
        ('[line.hook]\nkind = "gpio"\npin = 17', GpioHookSettings(17, "low")),
        ('[line.hook]\nkind = "gpio"\npin = 4\noff_hook = "high"', GpioHookSettings(4, "high")),
        ('[line.hook]\nkind = "hid"\ndevice = "Jabra"', HidHookSettings("Jabra")),
        ('[line.hook]\nkind = "serial"\nport = "/dev/ttyUSB0"', SerialHookSettings("/dev/ttyUSB0", 9_600, "1", "0")),
        (
            '[line.hook]\nkind = "serial"\nport = "/dev/a"\nbaud = 115200\noff_hook = "U"\non_hook = "D"',
            SerialHookSettings("/dev/a", 115_200, "U", "D"),
        ),
    ],
)
def test_each_kind_of_hook_can_be_said(text: str, hook: HookSettings | None) -> None:
    assert parsed(text) == hook


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "lever"', "write one of: gpio, hid, serial"),
        ('kind = "gpio"', "add `pin`"),
        ('kind = "gpio"\npin = 40', "from 0 to 27"),
        ('kind = "gpio"\npin = 4\nport = "/dev/a"', "known here"),
        ('kind = "hid"', "add `device`"),
        ('kind = "serial"\nport = "/dev/a"\noff_hook = "up"', "one character"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=r"device\.toml, line \d") as error:
        parsed(f"[line.hook]\n{text}")
    assert said in error.value.mend
