"""A hook contact on the pins of the box, by gpiozero (the extra `gpio`)."""

from typing import TYPE_CHECKING

from appliance.errors import BadInputError
from appliance.hook_settings import GpioHookSettings

if TYPE_CHECKING:
    from gpiozero import Factory


class GpioHook:
    """A contact to ground (off hook is low) or to 3.3 V; `factory` gives the pins, by default those of the box.

    Raises `BadInputError` where there are none.
    """

    problem = ""

    def __init__(self, settings: GpioHookSettings, factory: "Factory | None" = None) -> None:
        try:
            from gpiozero import DigitalInputDevice, GPIOZeroError  # noqa: PLC0415 - of the extra `gpio`
        except ImportError:
            raise BadInputError(
                "the pins of the box cannot be read", mend="pip install 'undertone[gpio]', or leave [line.hook] out"
            ) from None
        try:
            pins = factory or _own_pins()
            self._device = DigitalInputDevice(settings.pin, pull_up=settings.off_hook == "low", pin_factory=pins)
        except (GPIOZeroError, ImportError, OSError) as error:
            raise BadInputError(
                f"GPIO {settings.pin} cannot be read: {error}",
                mend="is this a Raspberry Pi, may this user use /dev/gpiochip0 (group gpio), and is the pin free?",
            ) from error

    def is_off_hook(self) -> bool | None:
        """See `hook_input.HookInput`."""
        return bool(self._device.is_active)

    def close(self) -> None:
        """Let the pin go."""
        self._device.close()


def _own_pins() -> "Factory":
    from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415 - needs lgpio, of the extra `gpio`

    return LGPIOFactory()
