"""What tells that the handset is lifted: gpiozero's own stand-in for pins, a HID device as files, a pty."""

import os
import pty
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from appliance.adapters.hook_gpio import GpioHook
from appliance.adapters.hook_hid import SYS_HIDRAW, HidHook
from appliance.adapters.hook_input import HookInput, open_hook
from appliance.adapters.hook_serial import SerialHook
from appliance.errors import BadInputError
from appliance.hook_settings import GpioHookSettings, HidHookSettings, SerialHookSettings

HEADSET = bytes.fromhex("050b 0905 a101 8508 0920 7501 9501 8102 9507 7501 8103 c0")
KEYBOARD = bytes.fromhex("0501 0906 a101 0507 19e0 29e7 1500 2501 7501 9508 8102 c0")
PATIENCE_S = 10.0


def state_becomes(hook: HookInput, wanted: bool | None) -> bool:
    """Ask as the line does until the input says so."""
    until_s = time.monotonic() + PATIENCE_S
    while hook.is_off_hook() is not wanted:
        if time.monotonic() > until_s:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


@pytest.mark.parametrize("level", ["low", "high"])
def test_a_contact_on_a_pin_tells_the_hook_by_its_level(pins: MockFactory, level: str) -> None:
    hook = GpioHook(GpioHookSettings(17, "low" if level == "low" else "high"), pins)
    lift, put_down = pins.pin(17).drive_low, pins.pin(17).drive_high
    if level == "high":
        lift, put_down = put_down, lift
    assert hook.is_off_hook() is False
    lift()
    assert hook.is_off_hook() is True
    put_down()
    assert hook.is_off_hook() is False
    hook.close()


def test_pins_that_are_taken_or_not_there_are_an_error_with_its_mend(pins: MockFactory) -> None:
    settings = GpioHookSettings(17)
    hook = GpioHook(settings, pins)
    with pytest.raises(BadInputError, match="GPIO 17 cannot be read"):
        GpioHook(settings, pins)
    hook.close()
    if not Path("/dev/gpiochip0").exists():
        with pytest.raises(BadInputError) as error:
            open_hook(settings)
        assert error.value.mend


def show(root: Path, number: int, name: str, descriptor: bytes) -> Path:
    """Show a HID device as the kernel does, with a named pipe as its device file."""
    entry = root / f"class/hidraw{number}/device"
    entry.mkdir(parents=True)
    (entry / "uevent").write_text(f"DRIVER=hid-generic\nHID_ID=0003:0B0E\nHID_NAME={name}\nHID_UNIQ=\n")
    (entry / "report_descriptor").write_bytes(descriptor)
    device = root / f"hidraw{number}"
    os.mkfifo(device)
    return device


@pytest.fixture
def headset(tmp_path: Path) -> Iterator[Callable[[bytes], None]]:
    """Plug in an adapter; gives what sends its reports."""
    show(tmp_path, 0, "USB Keyboard Link", KEYBOARD)
    device = os.open(show(tmp_path, 1, "GN Audio Link 380", HEADSET), os.O_RDWR)
    yield lambda report: (os.write(device, report), None)[1]
    os.close(device)


def test_the_hook_button_of_a_headset_adapter_is_found_by_its_name_and_read(
    tmp_path: Path, headset: Callable[[bytes], None]
) -> None:
    hook = HidHook(HidHookSettings("link"), tmp_path / "class", tmp_path)
    assert hook.is_off_hook() is None
    assert hook.problem == ""
    headset(b"\x08\x01")
    assert hook.is_off_hook() is True
    headset(b"\x03\x00")
    assert hook.is_off_hook() is True
    headset(b"\x08\x00")
    assert hook.is_off_hook() is False
    hook.close()


def test_an_adapter_that_is_not_there_is_told_and_looked_for_again(tmp_path: Path) -> None:
    hook = HidHook(HidHookSettings("link"), tmp_path / "class", tmp_path)
    assert hook.is_off_hook() is None
    assert "is it plugged in" in hook.problem
    device = os.open(show(tmp_path, 4, "Link", HEADSET), os.O_RDWR)
    os.write(device, b"\x08\x01")
    assert state_becomes(hook, wanted=True)
    os.close(device)  # the last writer: the pipe ends, as a device does that is pulled out
    assert state_becomes(hook, wanted=None)
    hook.close()
    assert Path("/sys/class/hidraw") == SYS_HIDRAW


def test_bytes_on_a_serial_port_tell_the_hook_and_others_do_not() -> None:
    master, slave = pty.openpty()
    hook = SerialHook(SerialHookSettings(os.ttyname(slave), off_hook="L", on_hook="H"))
    assert hook.is_off_hook() is None
    os.write(master, b"xxL")
    assert state_becomes(hook, wanted=True)
    os.write(master, b"LH?")
    assert state_becomes(hook, wanted=False)
    os.close(slave)
    os.close(master)  # pulled out
    assert state_becomes(hook, wanted=None)
    hook.close()


def test_a_serial_port_that_is_not_there_is_told_with_its_mend(tmp_path: Path) -> None:
    hook = SerialHook(SerialHookSettings(str(tmp_path / "ttyUSB0")))
    assert hook.is_off_hook() is None
    assert "is it plugged in" in hook.problem
    hook.close()
