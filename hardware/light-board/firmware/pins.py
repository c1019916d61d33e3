"""All that touches the chip: which pin carries what, the USB port, the clock, the watchdog.

For a Raspberry Pi Pico or any RP2040 board with MicroPython 1.22 or later. Change the constants for other wiring.
"""

import os
import select
import sys
import time

import machine
import micropython
import neopixel

PIXELS = 8
PIXEL_PIN = 2
BUTTON_PIN = 3  # to ground, when pressed
BUZZER_PIN = 4  # a passive piezo
HAS_BUZZER = True  # it sounds only where the box's settings ask for it
BUZZER_HZ = 2400

READ_BYTES = 64  # in one turn, so that garbage without end cannot stop the animation
IDLE_MS = 2
WATCHDOG_MS = 2000
SERVICE_FILE = "service"

_pixels = neopixel.NeoPixel(machine.Pin(PIXEL_PIN, machine.Pin.OUT), PIXELS)
_button = machine.Pin(BUTTON_PIN, machine.Pin.IN, machine.Pin.PULL_UP)
_buzzer = machine.PWM(machine.Pin(BUZZER_PIN))
_buzzer.duty_u16(0)
_input = select.poll()
_input.register(sys.stdin, select.POLLIN)
_output = select.poll()
_output.register(sys.stdout, select.POLLOUT)
_ticks = time.ticks_ms()
_shown = None
_watchdog = None


def wants_service() -> bool:
    """Say, once, whether the board was asked to leave its program: then it takes orders from `mpremote`."""
    global _watchdog
    try:
        os.remove(SERVICE_FILE)
    except OSError:
        micropython.kbd_intr(-1)  # a packet may hold the byte of Ctrl-C
        _watchdog = machine.WDT(timeout=WATCHDOG_MS)
        return False
    return True


def enter_service() -> None:
    """Start the board anew without its program; a watchdog that runs would end any longer work."""
    with open(SERVICE_FILE, "w"):
        pass
    machine.reset()


def serial() -> bytes:
    """Give the number of this chip."""
    return machine.unique_id()


def elapsed_ms() -> int:
    """Give the milliseconds since the last call."""
    global _ticks
    now = time.ticks_ms()
    elapsed = time.ticks_diff(now, _ticks)
    _ticks = now
    return elapsed


def read() -> bytes:
    """Give the bytes that are there, and wait a moment when there are none."""
    data = b""
    while len(data) < READ_BYTES and _input.poll(0 if data else IDLE_MS):
        data += sys.stdin.buffer.read(1)
    return data


def write(data: bytes) -> None:
    """Send, unless nobody takes it: the box asks again."""
    if _output.poll(0):
        sys.stdout.buffer.write(data)


def button_is_down() -> bool:
    """Say whether the button is pressed now."""
    return not _button.value()


def show(colours: list, buzzes: bool) -> None:
    """Light the pixels, and feed the watchdog: who no longer comes here hangs."""
    global _shown
    _watchdog.feed()
    if (colours, buzzes) != _shown:
        _shown = (colours, buzzes)
        for place, colour in enumerate(colours):
            _pixels[place] = colour
        _pixels.write()
        _buzzer.freq(BUZZER_HZ)
        _buzzer.duty_u16(32768 if buzzes else 0)
