import pytest

from appliance.errors import BadInputError
from appliance.sound_card_settings import SoundCardSettings, parse_sound_card
from appliance.toml_table import read_table


def parsed(text: str) -> SoundCardSettings:
    return parse_sound_card(read_table(f'[line]\nkind = "sound_card"\n{text}', "device.toml").table("line"))


def test_a_card_with_two_channels_needs_its_name_alone() -> None:
    settings = parsed('card = "USB Audio"')
    assert settings == SoundCardSettings(("USB Audio",), ("agent", "caller"), 48_000, "narrow")
    assert settings.channels == 2
    assert settings.sides_of(0) == ("agent", "caller")


def test_two_mono_cards_carry_a_side_each() -> None:
    settings = parsed('cards = ["usb:1-1.4", "serial:0042"]\nsides = ["caller", "agent"]\nrate_hz = "16000"')
    assert settings.cards == ("usb:1-1.4", "serial:0042")
    assert settings.channels == 1
    assert (settings.sides_of(0), settings.sides_of(1)) == (("caller",), ("agent",))


def test_a_mixed_line_has_one_channel_under_which_everything_stands() -> None:
    settings = parsed('card = "USB Audio"\nmixed = true')
    assert (settings.mixed, settings.sides, settings.channels) == (True, ("caller",), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('card = "a"\ncards = ["b", "c"]', "exactly one is needed"),
        ('cards = ["a", "b", "c"]', "names 3 cards for 2 sides"),
        ('cards = ["USB Audio", "USB Audio"]', 'names "USB Audio" twice'),
        ('rate_hz = "48000"', "has no `card`"),
        ('card = "a"\nsides = ["agent", "agent"]', "holds"),
        ('card = "a"\nmixed = true\nsides = ["agent", "caller"]', "a mixed line has no sides"),
        ('card = "a"\nmixed = "yes"', 'is "yes"'),
        ('card = "a"\nport = 1', "is not a known key"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line_and_the_mend(text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=r"device\.toml, line \d") as error:
        parsed(text)
    assert said in str(error.value)
    assert error.value.mend
