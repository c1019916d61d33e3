"""A red-green-blue LED on the pins of a Pi, by gpiozero and lgpio (extra `gpio`)."""

import importlib

from appliance.adapters.light import LightError
from appliance.adapters.light_pixels import PixelLamp
from appliance.indicator.animation import Pixel
from appliance.light_settings import LedSettings


def leds(settings: LedSettings) -> PixelLamp:
    """Give the LED. Raises `LightError` when a pin is taken, or this machine has none."""
    try:
        gpiozero = importlib.import_module("gpiozero")
    except ImportError:
        raise LightError("the package gpiozero is not here", "pip install 'undertone[gpio]'") from None
    legs = f"GPIO {settings.red}, {settings.green} and {settings.blue}"
    try:
        led = gpiozero.RGBLED(
            settings.red, settings.green, settings.blue, active_high=not settings.common_anode, pwm=True
        )
    except gpiozero.BadPinFactory:
        raise LightError("this machine has no pins, or may not use them", "on a Pi: add the user to gpio") from None
    except Exception as error:  # noqa: BLE001 - lgpio has an error of its own, which is not installed everywhere
        what = str(error) or type(error).__name__
        mend = "end the program that has the pin, or give another one: [light.leds]"
        raise LightError(f"{legs} cannot all be used: {what}", mend) from None

    def write(pixels: list[Pixel]) -> None:
        led.color = tuple(part / 255 for part in pixels[0])

    return PixelLamp(1, write, led.close)
