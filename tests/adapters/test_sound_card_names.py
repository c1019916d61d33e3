"""The names of sound cards, from a tree like /sys/class/sound that is made here."""

from pathlib import Path

import pytest

from appliance.adapters.sound_card_names import SYS_SOUND, Card, Place, best_name, find, placed, places
from appliance.cli.line import as_told, in_words


def plug(root: Path, number: int, port: str, serial: str = "") -> Path:
    """Plug a card in, as Linux shows it; gives the folder of its USB device."""
    device = root / "devices/platform/usb1" / port.partition(".")[0] / port
    sound = device / f"{port}:1.0/sound/card{number}"
    sound.mkdir(parents=True)
    (device / "idVendor").write_text("0d8c\n")
    if serial:
        (device / "serial").write_text(serial + "\n")
    shown = root / "class/sound"
    shown.mkdir(parents=True, exist_ok=True)
    (shown / f"card{number}").symlink_to(sound)
    (shown / f"controlC{number}").symlink_to(sound)
    return device


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    plug(tmp_path, 1, "1-1.4", serial="0042")
    plug(tmp_path, 10, "1-1.3")
    on_board = tmp_path / "devices/platform/soc/sound/card0"
    on_board.mkdir(parents=True)
    (tmp_path / "class/sound/card0").symlink_to(on_board)
    (tmp_path / "class/sound/card7").symlink_to(tmp_path / "gone")
    return tmp_path / "class/sound"


def test_usb_cards_have_a_socket_and_perhaps_a_serial_number_and_others_have_none(shown: Path) -> None:
    assert places(shown) == {1: Place("1-1.4", "0042"), 10: Place("1-1.3", "")}
    assert places(shown / "nothing") == {}
    assert all(place.usb for place in places(SYS_SOUND).values())


def test_a_card_is_found_by_its_socket_its_serial_number_and_its_name_whatever_its_number_is(shown: Path) -> None:
    known = places(shown)
    listed = [
        Card(0, "Loopback: PCM (hw:0,0)", 2, 48_000),
        *(Card(number, f"USB Audio Device: - (hw:{hw},0)", 1, 48_000) for number, hw in ((4, 1), (5, 10))),
    ]
    cards = [placed(card, known) for card in listed]
    assert [(card.usb, card.serial) for card in cards] == [("", ""), ("1-1.4", "0042"), ("1-1.3", "")]
    assert find(cards, "usb:1-1.3") == cards[2]
    assert find(cards, "serial:0042") == cards[1]
    assert find(cards, "usb audio") == cards[1]
    assert find(cards, "Loopback: PCM") == cards[0]
    assert find(cards, "usb:1-1") is None
    assert find(cards, "usb:") is None
    assert find(cards, "serial:") is None


def test_the_name_that_is_shown_first_stands_for_one_card_alone(shown: Path) -> None:
    known = places(shown)
    cards = [placed(Card(n, f"USB Audio: - (hw:{n},0)", 1, 48_000), known) for n in (1, 10)]
    assert [best_name(card, [other for other in cards if other is not card]) for card in cards] == [
        "serial:0042",
        "usb:1-1.3",
    ]
    assert best_name(cards[0], []) == "USB Audio: -"
    assert (
        in_words(cards[0], cards) == 'card = "serial:0042", or "USB Audio: -", or "usb:1-1.4"  (1 channel, 48000 Hz)\n'
    )
    assert as_told(cards[1], cards)["card"] == "usb:1-1.3"
    for card in cards:
        assert find(cards, str(as_told(card, cards)["card"])) == card
