"""USB status lights of many makers, by the package busylight-core (extra `busylight`)."""

import contextlib
import importlib
from typing import Any

from appliance.adapters.light import LightError
from appliance.adapters.light_board import RULE
from appliance.adapters.light_pixels import PixelLamp
from appliance.indicator.animation import DARK, Pixel


def busylight() -> PixelLamp:
    """Give all lights that are plugged in, as one of a single pixel. Raises `LightError`."""
    try:
        core = importlib.import_module("busylight_core")
    except ImportError:
        raise LightError("the package busylight-core is not here", "pip install 'undertone[busylight]'") from None
    importlib.import_module("loguru").logger.disable("busylight_core")  # it logs each byte, to stderr
    there = [device for devices in core.Light.available_hardware().values() for device in devices]
    if not there:
        raise LightError("no USB light is plugged in", "undertone light list says which ones are known")
    return busylights(core.Light.all_lights(), ", ".join(device.product_string or "light" for device in there))


def busylights(lights: list[Any], names: str) -> PixelLamp:
    """Give these lights of busylight-core as one; `names` are those that are plugged in. Raises `LightError`."""
    if not lights:
        mend = f"put {RULE} into /etc/udev/rules.d, and plug the light in again"
        raise LightError(f"no permission for the USB light, or another program has it: {names}", mend)
    unavailable = importlib.import_module("busylight_core").LightUnavailableError

    def write(pixels: list[Pixel]) -> None:
        try:
            for light in lights:
                light.on(pixels[0])
        except unavailable:
            raise LightError("the USB light is gone", "plug it in again") from None

    def close() -> None:
        for light in lights:
            with contextlib.suppress(unavailable, OSError):
                light.on(DARK)
            with contextlib.suppress(OSError):
                light.release()

    return PixelLamp(1, write, close)
