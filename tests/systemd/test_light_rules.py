"""The udev rule for lights knows every light that the program knows."""

import re
from pathlib import Path

from busylight_core import Light

from appliance.adapters.light_board import RULE, USB_IDS

RULES = (Path(__file__).parents[2] / RULE).read_text("utf-8")
SHARED = {(0x10C4, 0xEA60), (0x303A, 0x81DF)}
"""Serial chips that many things have: a rule for them would take these from others."""


def test_the_rule_names_the_light_board_and_each_status_light() -> None:
    named = {
        (int(vendor, 16), int(product, 16))
        for vendor, product in re.findall(r'ATTRS\{idVendor\}=="(\w{4})", ATTRS\{idProduct\}=="(\w{4})"', RULES)
    }
    known = {each for kind in Light.subclasses() for each in kind.supported_device_ids}
    assert known - named <= SHARED
    assert named - known == USB_IDS


def test_each_line_is_a_comment_or_a_whole_rule() -> None:
    lines = [line for line in RULES.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r'SUBSYSTEM=="[\w|]+"(, [\w{}]+(==|=|\+=)"[\w/-]*")+', line) for line in lines)
    assert all('GROUP="undertone", MODE="0660"' in line for line in lines)
