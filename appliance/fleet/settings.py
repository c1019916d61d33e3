"""The settings file of each box of a fleet, made from one template.

A template is a settings file in which `{device}`, `{url}`, `{language}`, `{line}`, `{light}`, `{site}`, `{desk}` and
`{team}` stand for what differs from box to box.
"""

import json
import re
from typing import Final

from appliance.errors import BadInputError
from appliance.fleet.table import Box

SETTINGS_FILE: Final = "undertone.toml"
CLAIM_FILE: Final = "undertone-claim"
SERVER_FILE: Final = "undertone-server"
"""What a box finds in the folder `undertone` of its boot partition: settings, claim code, the server's address."""

TEMPLATES: Final = {
    "sound_card": """\
# {site}, desk {desk}
[device]
name = "{device}"

[line]
kind = "sound_card"
card = "USB"

[speech]
language = "{language}"

[light]
kind = "{light}"

[central]
url = "{url}"
identity = "certificate"
"""
}
"""What ships, by the kind of the line: the other kinds need addresses that only the site's people know."""

FIELDS: Final = ("device", "url", "language", "line", "light", "site", "desk", "team")

_FIELD: Final = re.compile(r"\{(\w+)\}")


def settings_text(box: Box, url: str, template: str | None) -> str:
    """Fill a template, the shipped one with None. Raises `BadInputError` for a field that is not known."""
    chosen = TEMPLATES.get(box.line) if template is None else template
    if chosen is None:
        mend = "give --template FILE, a settings file with {device}, {url}, ... in it"
        raise BadInputError(f"no template ships for the line {box.line!r} (of {box.name})", mend=mend)
    values = {"device": box.name, "url": url, **box._asdict()}

    def filled(found: re.Match[str]) -> str:
        if found[1] not in FIELDS:
            raise BadInputError(f"the template asks for {found[0]}", mend=f"known here: {', '.join(FIELDS)}")
        # As inside a TOML text: the same escapes as JSON's.
        return json.dumps(values[found[1]], ensure_ascii=False)[1:-1]

    return _FIELD.sub(filled, chosen)
