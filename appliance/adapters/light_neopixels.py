"""NeoPixels (WS2812) on the data line of a Pi's SPI, which keeps the time that a program cannot.

Each bit becomes three of SPI at 2.4 MHz: 1 is high for 0.83 µs, 0 for 0.42 µs, within the part's ±0.15 µs (WS2812B
data sheet, "Data transfer time"). Nothing but the kernel's SPI driver is needed.
"""

import contextlib
import errno
import fcntl
import os
import struct
from typing import Final

from appliance.adapters.light import LightError
from appliance.adapters.light_pixels import PixelLamp
from appliance.indicator.animation import DARK, Pixel
from appliance.light_settings import NeopixelSettings

SPI_HZ: Final = 2_400_000
RESET_BYTES: Final = 90
"""300 µs of low, which newer parts need before they show what they got."""

# <linux/spi/spidev.h>
SPI_IOC_WR_MODE: Final = 0x40016B01
SPI_IOC_WR_BITS_PER_WORD: Final = 0x40016B03
SPI_IOC_WR_MAX_SPEED_HZ: Final = 0x40046B04


def neopixels(settings: NeopixelSettings) -> PixelLamp:
    """Give the pixels behind an SPI device. Raises `LightError`."""
    device = settings.device
    try:
        descriptor = os.open(device, os.O_WRONLY)
    except OSError as error:
        mend = "add the user to spi" if error.errno == errno.EACCES else "switch it on: dtparam=spi=on in config.txt"
        raise LightError(f"the SPI device {device} cannot be opened ({error.strerror})", mend) from None
    try:
        fcntl.ioctl(descriptor, SPI_IOC_WR_MODE, b"\0")
        fcntl.ioctl(descriptor, SPI_IOC_WR_BITS_PER_WORD, b"\x08")
        fcntl.ioctl(descriptor, SPI_IOC_WR_MAX_SPEED_HZ, struct.pack("<I", SPI_HZ))
    except OSError:
        os.close(descriptor)
        raise LightError(f"{device} is no SPI device", "give one such as /dev/spidev0.0: [light.neopixels]") from None

    def write(pixels: list[Pixel]) -> None:
        os.write(descriptor, spi_bytes(pixels))

    def close() -> None:
        with contextlib.suppress(OSError):
            write([DARK] * settings.count)
        os.close(descriptor)

    return PixelLamp(settings.count, write, close)


def spi_bytes(pixels: list[Pixel]) -> bytes:
    """Give what the data line must carry: green, red, blue of each pixel, nine bytes of SPI for three."""
    out = bytearray()
    for red, green, blue in pixels:
        for part in (green, red, blue):
            bits = 0
            for place in range(7, -1, -1):
                bits = bits << 3 | (0b110 if part >> place & 1 else 0b100)
            out += bits.to_bytes(3, "big")
    return bytes(out) + bytes(RESET_BYTES)
