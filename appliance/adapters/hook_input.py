"""What tells that the handset is lifted, besides the sound of the line: the contract, and which part fulfils it."""

from typing import Protocol

from appliance.adapters.hook_gpio import GpioHook
from appliance.adapters.hook_hid import HidHook
from appliance.adapters.hook_serial import SerialHook
from appliance.hook_settings import GpioHookSettings, HidHookSettings, HookSettings


class HookInput(Protocol):
    """Asked at each 20 ms of sound; it answers at once."""

    @property
    def problem(self) -> str:
        """Say for people why it tells nothing, and the mend; empty when it works."""

    def is_off_hook(self) -> bool | None:
        """Give its state; None before anything was told, and while it is not there."""

    def close(self) -> None:
        """Let it go."""


def open_hook(settings: HookSettings) -> HookInput:
    """Give the input of these settings; raises `BadInputError` where this machine can never have it."""
    match settings:
        case GpioHookSettings():
            return GpioHook(settings)
        case HidHookSettings():
            return HidHook(settings)
        case _:
            return SerialHook(settings)
