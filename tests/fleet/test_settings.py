"""The settings of each box, from a template."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import parse_settings
from appliance.errors import BadInputError
from appliance.fleet.settings import settings_text
from appliance.fleet.table import Box

URL = "wss://calls.example.com:8711/v1/device"
BOX = Box("42", "Berlin", "12", "Care", "en", "sound_card", "terminal")


def test_the_template_that_ships_is_what_a_box_can_read() -> None:
    settings = parse_settings(settings_text(BOX, URL, None), "test", Path("/etc"))
    assert (settings.device, settings.speech.language) == ("berlin-12", "en")
    assert settings.central
    assert (settings.central.url, settings.central.identity) == (URL, "certificate")


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20))
def test_no_cell_can_break_out_of_its_text(site: str) -> None:
    box = BOX._replace(site=site)
    assert tomllib.loads(settings_text(box, URL, 'a = "{site}"')) == {"a": site}


def test_a_field_that_is_not_known_and_a_line_without_a_template_are_told() -> None:
    with pytest.raises(BadInputError, match="password"):
        settings_text(BOX, URL, "x = {password}")
    with pytest.raises(BadInputError, match="no template ships"):
        settings_text(BOX._replace(line="siprec"), URL, None)
