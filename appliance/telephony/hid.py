"""The hook switch of a USB telephone device: where its bit lies in the device's reports.

A report descriptor (USB HID 1.11, section 6.2.2) is a list of items that describe fields bit by bit. The hook switch is
usage 20 hex on the telephony page, 0B hex (HID Usage Tables 1.5, section 14): 1 is off hook.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from appliance.errors import BadInputError

HOOK_SWITCH: Final = 0x0B_0020
"""Page and usage."""

MAX_DESCRIPTOR_BYTES: Final = 4_096
"""What the kernel allows."""

MAX_REPORT_BITS: Final = 8 * 16_384
"""Likewise."""

_LONG: Final = 0xFE
_MAIN, _GLOBAL, _LOCAL = 0, 1, 2
_INPUT: Final = 0x8
_PAGE, _SIZE, _ID, _COUNT, _PUSH, _POP = 0x0, 0x7, 0x8, 0x9, 0xA, 0xB
_USAGE, _FIRST, _LAST = 0x0, 0x1, 0x2
_CONSTANT, _VARIABLE, _RELATIVE = 1, 2, 4


class HookField(NamedTuple):
    """The bit of the hook switch, from the first byte of the reports with this number; number 0: they have none."""

    report_id: int
    bit: int


class _Item(NamedTuple):
    kind: int
    tag: int
    data: bytes

    @property
    def value(self) -> int:
        return int.from_bytes(self.data, "little")


class _Usages:
    """The usages that were named for the next field."""

    def __init__(self) -> None:
        self._named: list[int] = []
        self._first: int | None = None

    def receive(self, item: _Item, page: int) -> None:
        usage = item.value if len(item.data) == 4 else page << 16 | item.value
        if item.tag == _USAGE:
            self._named.append(usage)
        elif item.tag == _FIRST:
            self._first = usage
        elif item.tag == _LAST and self._first is not None:
            # Only the one that is looked for matters, so a range of thousands costs nothing.
            first, self._first = self._first, None
            self._named += [first] * max(0, min(HOOK_SWITCH, usage + 1) - first) if first <= HOOK_SWITCH else []
            self._named += [HOOK_SWITCH] if first <= HOOK_SWITCH <= usage else []

    def place(self, count: int) -> int | None:
        """Give which of so many fields in a row is the hook switch; the last usage stands for all that follow."""
        return next((place for place, usage in enumerate(self._named[:count]) if usage == HOOK_SWITCH), None)


def hook_field(descriptor: bytes) -> HookField | None:
    """Find the hook switch in a report descriptor; None where the device has none.

    Raises `BadInputError` for what is cut off or too large.
    """
    if len(descriptor) > MAX_DESCRIPTOR_BYTES:
        raise _bad("it is longer than 4 KiB")
    globals_: dict[int, int] = {}
    kept: list[dict[int, int]] = []
    bits: dict[int, int] = {}
    usages = _Usages()
    for item in _items(descriptor):
        if item.kind == _GLOBAL and item.tag == _PUSH:
            kept.append(dict(globals_))
        elif item.kind == _GLOBAL and item.tag == _POP:
            globals_ = kept.pop() if kept else {}
        elif item.kind == _GLOBAL:
            globals_[item.tag] = item.value
        elif item.kind == _LOCAL:
            usages.receive(item, globals_.get(_PAGE, 0))
        else:
            if item.kind == _MAIN and item.tag == _INPUT and (found := _field(item, globals_, bits, usages)):
                return found
            usages = _Usages()
    return None


def is_off_hook(field: HookField, report: bytes) -> bool | None:
    """Read the hook switch from a report; None where this report does not tell."""
    if field.report_id:
        if not report or report[0] != field.report_id:
            return None
        report = report[1:]
    byte, bit = divmod(field.bit, 8)
    return bool(report[byte] >> bit & 1) if byte < len(report) else None


def _field(item: _Item, globals_: dict[int, int], bits: dict[int, int], usages: _Usages) -> HookField | None:
    report_id, size, count = globals_.get(_ID, 0), globals_.get(_SIZE, 0), globals_.get(_COUNT, 0)
    start = bits.get(report_id, 0)
    bits[report_id] = start + size * count
    if bits[report_id] > MAX_REPORT_BITS:
        raise _bad("its reports are longer than 16 KiB")
    place = usages.place(count)
    is_switch = item.value & (_CONSTANT | _VARIABLE | _RELATIVE) == _VARIABLE and size == 1
    return HookField(report_id, start + place) if is_switch and place is not None else None


def _items(descriptor: bytes) -> Iterator[_Item]:
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == _LONG:  # no long item is defined yet
            size, start = (descriptor[at + 1] if at + 1 < len(descriptor) else 0), at + 3
        else:
            size, start = (0, 1, 2, 4)[prefix & 3], at + 1
        if start + size > len(descriptor):
            raise _bad(f"it is cut off at byte {at}")
        if prefix != _LONG:
            yield _Item(prefix >> 2 & 3, prefix >> 4, descriptor[start : start + size])
        at = start + size


def _bad(what: str) -> BadInputError:
    return BadInputError(f"the report descriptor cannot be read: {what}", mend="is it a HID device?")
