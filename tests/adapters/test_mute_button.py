"""The mute button on the pins: gpiozero's own, over its mock of the pins."""

import asyncio
import logging

import pytest
from gpiozero.pins.mock import MockFactory

from appliance.adapters.mute_button import BOUNCE_S, mute_pressed


async def pressed(times: int, pins: MockFactory, held_s: float = BOUNCE_S * 1.5) -> int:
    """Press the button so often; give how often it was told in the loop."""
    told: list[asyncio.AbstractEventLoop] = []
    with mute_pressed(17, lambda: told.append(asyncio.get_running_loop()), pins):
        pin = pins.pin(17)
        for _ in range(times):
            pin.drive_low()
            await asyncio.sleep(held_s)
            pin.drive_high()
            await asyncio.sleep(BOUNCE_S * 1.5)
    assert set(told) <= {asyncio.get_running_loop()}
    return len(told)


def test_each_press_is_told_once_in_the_loop_however_long_it_is_held() -> None:
    pins = MockFactory()
    assert asyncio.run(pressed(2, pins)) == 2
    assert asyncio.run(pressed(1, pins, held_s=BOUNCE_S * 6)) == 1


def test_a_pin_that_is_taken_or_not_there_is_told_and_the_box_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    pins = MockFactory()

    async def run() -> None:
        with mute_pressed(17, lambda: None, pins), mute_pressed(17, lambda: None, pins):
            assert "event=mute_button_missing pin=17" in caplog.text
            assert "mend=" in caplog.text

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())


def test_without_a_button_nothing_is_asked_of_the_machine(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        with mute_pressed(None, lambda: None):
            pass

    asyncio.run(run())
    assert not caplog.records
