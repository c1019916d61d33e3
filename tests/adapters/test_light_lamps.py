"""Lamps of other makers and on a Pi's pins, as far as they can be tested without them."""

import contextlib
import os
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from busylight_core import Light as BusyLight
from busylight_core.hardware import ConnectionType, Hardware
from busylight_core.vendors.compulab import FitStatUSB
from gpiozero import Device as GpioDevice
from gpiozero.pins.mock import MockFactory, MockPWMPin
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.light import LightError
from appliance.adapters.light_busylight import busylight, busylights
from appliance.adapters.light_leds import leds
from appliance.adapters.light_neopixels import RESET_BYTES, neopixels, spi_bytes
from appliance.adapters.light_pixels import PixelLamp
from appliance.indicator.animation import DARK, Pixel
from appliance.indicator.looks import Look, Pattern
from appliance.indicator.patterns import LightState, pattern
from appliance.light_settings import LedSettings, NeopixelSettings

URGENT = pattern(LightState("urgent", blinking=True))
STEADY = pattern(LightState("urgent"))


def test_a_lamp_is_written_to_when_it_changes_and_again_each_second() -> None:
    written: list[list[Pixel]] = []
    lamp = PixelLamp(1, written.append, lambda: None)
    assert lamp.turn(URGENT, 0) < 0.05
    lamp.turn(URGENT, 20)
    lamp.turn(URGENT, 250)
    assert written == [[(255, 4, 0)], [DARK]]
    assert lamp.turn(STEADY, 0) == 1.0
    time.sleep(1.0)
    lamp.turn(STEADY, 1000)
    assert written[2:] == [[(255, 4, 0)]] * 2


@pytest.fixture
def status_light() -> Iterator[tuple[FitStatUSB, int]]:
    """Give a real light class of busylight-core, one on a serial port, with a pty in the light's place."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    vendor, product = next(iter(FitStatUSB.supported_device_ids))
    path = os.ttyname(theirs).encode()
    hardware = Hardware(ConnectionType.SERIAL, path, vendor, product, "1", "CompuLab")
    yield FitStatUSB(hardware, reset=False, exclusive=True), ours
    for descriptor in (ours, theirs):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def test_a_usb_light_gets_the_bytes_of_its_maker(status_light: tuple[FitStatUSB, int]) -> None:
    light, wire = status_light
    lamp = busylights([light], "fit-statUSB")
    lamp.turn(URGENT, 0)
    assert os.read(wire, 100) == b"B#ff0400\n"
    lamp.turn(URGENT, 250)
    assert os.read(wire, 100) == b"B#000000\n"
    lamp.turn(URGENT, 500)
    lamp.close()
    assert os.read(wire, 100) == b"B#ff0400\nB#000000\n"


def test_a_usb_light_that_is_unplugged_is_told(status_light: tuple[FitStatUSB, int]) -> None:
    light, wire = status_light
    lamp = busylights([light], "fit-statUSB")
    os.close(wire)
    light.hardware.handle.close()
    with pytest.raises(LightError, match="the USB light is gone"):
        lamp.turn(URGENT, 0)
    lamp.close()


def test_without_a_usb_light_that_is_told_and_one_that_cannot_be_opened_names_the_rule() -> None:
    if not BusyLight.available_hardware():
        with pytest.raises(LightError, match="no USB light is plugged in"):
            busylight()
    with pytest.raises(LightError, match=r"no permission for the USB light.*Luxafor Flag") as error:
        busylights([], "Luxafor Flag")
    assert "systemd/70-undertone-light.rules" in error.value.mend


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before = GpioDevice.pin_factory
    GpioDevice.pin_factory = MockFactory(pin_class=MockPWMPin)
    yield GpioDevice.pin_factory
    GpioDevice.pin_factory.reset()
    GpioDevice.pin_factory = before


def test_an_led_on_the_pins_of_a_pi_has_its_colour(pins: MockFactory) -> None:
    lamp = leds(LedSettings(red=5, green=6, blue=13))
    lamp.turn(Pattern(Look("yellow", 0.5), None, ""), 0)
    states = [pins.pin(f"GPIO{pin}").state for pin in (5, 6, 13)]
    assert states == pytest.approx([128 / 255, 67 / 255, 0.0], abs=0.01)
    lamp.close()


def test_an_led_with_a_common_anode_is_lit_by_low(pins: MockFactory) -> None:
    lamp = leds(LedSettings(red=5, green=6, blue=13, common_anode=True))
    lamp.turn(STEADY, 0)
    assert pins.pin("GPIO5").state == pytest.approx(0.0)
    assert pins.pin("GPIO13").state == pytest.approx(1.0)
    lamp.close()


@pytest.mark.usefixtures("pins")
def test_a_pin_that_is_taken_is_told_with_its_number() -> None:
    first = leds(LedSettings(red=5, green=6, blue=13))
    with pytest.raises(LightError, match=r"GPIO 5, 12 and 16 cannot all be used: .*GPIO5 is already in use"):
        leds(LedSettings(red=5, green=12, blue=16))
    first.close()
    leds(LedSettings(red=5, green=12, blue=16)).close()


def decoded(spi: bytes) -> list[Pixel]:
    """Read the data line as the pixels do: three bits of SPI for one, the middle one says which."""
    bits = f"{int.from_bytes(spi, 'big'):0{len(spi) * 8}b}"
    values = [int("".join(bits[at + 1 : at + 24 : 3]), 2) for at in range(0, len(bits), 24)]
    return [(values[at + 1], values[at], values[at + 2]) for at in range(0, len(values), 3)]


PIXEL = st.tuples(*[st.integers(0, 255)] * 3)


@given(st.lists(PIXEL, min_size=1, max_size=20))
def test_pixels_are_green_red_blue_on_the_data_line_with_a_pause_behind(pixels: list[Pixel]) -> None:
    data = spi_bytes(pixels)
    assert data[-RESET_BYTES:] == bytes(RESET_BYTES)
    assert decoded(data[:-RESET_BYTES]) == pixels


def test_one_byte_on_the_data_line_is_as_the_data_sheet_has_it() -> None:
    assert f"{int.from_bytes(spi_bytes([(0, 0b10100000, 0)])[:3], 'big'):024b}" == "110100110100100100100100"


def test_what_is_no_spi_device_is_told(tmp_path: Path) -> None:
    with pytest.raises(LightError, match="cannot be opened") as error:
        neopixels(NeopixelSettings(device="/dev/spidev9.9"))
    assert "dtparam=spi=on" in error.value.mend
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LightError, match="is no SPI device"):
        neopixels(NeopixelSettings(device=str(file)))
