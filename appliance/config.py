"""The device's settings: one TOML file, checked whole before anything starts.

```toml
[device]
name = "desk-12"            # as enrolled at the central server
state = "/var/lib/undertone" # where the outbox lives; default: the folder for everything that must last

[line]
kind = "recording"          # a recorded call as the telephone line
file = "call.wav"           # relative to this file
sides = ["agent", "caller"] # whose voice each channel carries; default: left agent, right caller
pace = "real"               # "real": by its own clock; "fast": as fast as the machine can

# or, in place of these keys, calls that are overheard on a mirror port
#kind = "rtp_tap"
#interface = "eth1"         # needs CAP_NET_RAW; or `file = "calls.pcap"`, a capture in its place, with its `pace`
#agents = ["10.20.0.0/16"]  # who is the agent: networks and addresses of their telephones, users ("2*") or URIs
#keys = "redacted"          # digits of keys that are pressed: "redacted" or "kept"

# or a sound card that is wired into the handset or headset line; all keys: `sound_card_settings`
#kind = "sound_card"
#card = "USB Audio"         # its name or a part of it, or its socket, or its serial number: undertone line list

# or calls that a PBX or SBC sends to the box as their recording server; all keys: `siprec_settings`
#kind = "siprec"
#allow = ["10.20.0.0/16"]        # addresses of the PBX or SBC
#agent_addresses = ["20??"]      # the agents' extensions

[speech]
language = "en"
engine = "auto"             # "auto", "vosk" or "moonshine"

[rules]
file = "rules.toml"         # default: the pack that ships for the language

[privacy]
feelings = "caller"         # whose stress and sentiment are measured: "caller", "none" or "both"; see below
hide_names = "both"         # whose own names are taken out of their words: "both", or "caller" to keep the agent's

[light]
kind = "terminal"           # or "board", "busylight", "leds", "neopixels", "lines" (one JSON object per change on
                            # stdout), "none", or several in a list; all keys: `light_settings`

[mute]                      # the light board's button and the key `m` in the terminal mute in any case
pin = 27                    # a button between this GPIO and ground, with the extra `gpio`

[metrics]                   # leave the table out to serve none
port = 9477                 # Prometheus, on this machine's loopback only

[update]                    # leave the table out for a box that nobody updates this way
url = "https://files.example.com/undertone/release.json" # where signed releases are offered

[central]                   # leave the table out for a box without a server
url = "wss://central.example/v1/device"
identity = "certificate"    # the one that `undertone enrol` got, in the state folder; it names the device, too
#token_file = "token"       # or a token, readable by the owner only, with
#ca_file = "ca.pem"         # the authority of the server's certificate; default: the system's
#backlog_mb = 256           # of the disk, while the server is away: then the oldest events go, declared, alerts last
```

`feelings = "both"` measures the agent's too, and is against the law in most places: the EU AI Act, Art. 5(1)(f), bans
inferring the emotions of people at work, but for medical or safety reasons. Whatever this says, who speaks how much and
how fast is measured of both sides: these are facts, not feelings.
"""

from pathlib import Path
from typing import Final, Literal, cast, get_args

import msgspec

from appliance.hook_settings import LAST_PIN
from appliance.light_settings import LightSettings, parse_light
from appliance.line_settings import LineSettings, parse_line
from appliance.models.choice import EngineChoice
from appliance.speech.frames import Side
from appliance.toml_table import Table, read_table

IdentityKind = Literal["token", "certificate"]
FEELINGS: Final[dict[str, frozenset[Side]]] = {
    "caller": frozenset({"caller"}),
    "none": frozenset(),
    "both": frozenset({"agent", "caller"}),
}
"""Whose feelings are measured, by the word in the settings; the first is the default."""

HIDE_NAMES: Final[dict[str, frozenset[Side]]] = {
    "both": frozenset({"agent", "caller"}),
    "caller": frozenset({"caller"}),
}
"""Whose own names are hidden, likewise."""


BACKLOG_MB: Final = 256
"""More than a day of two events a second without a pause, and small beside the cards that boxes have."""

LEAST_BACKLOG_MB: Final = 2
MOST_BACKLOG_MB: Final = 1_000_000


class SpeechSettings(msgspec.Struct, frozen=True):
    """What is spoken, and which engine may listen."""

    language: str = "en"
    engine: EngineChoice = "auto"


class CentralSettings(msgspec.Struct, frozen=True):
    """The central server, and how the device proves who it is: by its certificate, or by the token in a file."""

    url: str
    token_file: Path | None
    ca_file: Path | None = None
    identity: IdentityKind = "token"
    backlog_mb: int = BACKLOG_MB


class Settings(msgspec.Struct, frozen=True):
    """Everything that the device is told. `state` None: the folder for everything that must last on this machine.

    `feelings` are the sides whose stress and sentiment are measured, `hide_names_of` those whose own names are hidden.
    """

    device: str
    line: LineSettings
    speech: SpeechSettings
    rules_file: Path | None
    light: LightSettings
    central: CentralSettings | None
    state: Path | None
    feelings: frozenset[Side] = FEELINGS["caller"]
    hide_names_of: frozenset[Side] = HIDE_NAMES["both"]
    metrics_port: int | None = None
    mute_pin: int | None = None


def parse_settings(text: str | bytes, source: str, folder: Path) -> Settings:
    """Read the settings from the text of a file; relative paths in it start from `folder`.

    Raises `BadInputError` naming file, line and key for anything that is missing, unknown or of the wrong kind.
    """
    table = read_table(text, source)
    table.allow_only("device", "line", "speech", "rules", "privacy", "light", "mute", "metrics", "update", "central")
    device = table.table("device")
    device.allow_only("name", "state")
    state = device.text("state", "")
    rules = table.table("rules", optional=True)
    rules.allow_only("file")
    privacy = table.table("privacy", optional=True)
    privacy.allow_only("feelings", "hide_names")
    mute = table.table("mute", optional=True)
    mute.allow_only("pin")
    metrics = table.table("metrics", optional=True)
    metrics.allow_only("port")
    update_address(table)  # the updater reads it, and a person is told here of what is wrong with it
    return Settings(
        device=device.text("name"),
        line=parse_line(table.table("line"), folder),
        speech=_speech(table.table("speech", optional=True)),
        rules_file=folder / rules.text("file") if rules.has("file") else None,
        light=parse_light(table.table("light", optional=True)),
        central=_central(table.table("central"), folder) if table.has("central") else None,
        state=folder / state if state else None,
        feelings=FEELINGS[privacy.text("feelings", next(iter(FEELINGS)), of=tuple(FEELINGS))],
        hide_names_of=HIDE_NAMES[privacy.text("hide_names", next(iter(HIDE_NAMES)), of=tuple(HIDE_NAMES))],
        metrics_port=metrics.whole_number("port", 0, at_least=1, at_most=65_535) if metrics.has("port") else None,
        mute_pin=mute.whole_number("pin", 0, at_least=0, at_most=LAST_PIN) if mute.has("pin") else None,
    )


def read_settings(content: bytes, file: Path) -> Settings:
    """Read the settings from the content of `file`."""
    return parse_settings(content, str(file), file.parent)


def update_address(settings: Table) -> str | None:
    """Give where releases are offered, None where nobody updates this box; looks at nothing else of the settings.

    An updater that came with the box must read the settings of a newer program, whose keys it does not know.
    """
    update = settings.table("update", optional=True)
    update.allow_only("url")
    url = update.text("url", "")
    if url and not url.startswith(("https://", "http://")):
        update.refuse("url", "is no address of an offer", "give one that begins with https:// or http://")
    return url or None


def _speech(table: Table) -> SpeechSettings:
    table.allow_only("language", "engine")
    engine = cast("EngineChoice", table.text("engine", "auto", of=get_args(EngineChoice)))
    return SpeechSettings(table.text("language", "en"), engine)


def _central(table: Table, folder: Path) -> CentralSettings:
    table.allow_only("url", "identity", "token_file", "ca_file", "backlog_mb")
    url = table.text("url")
    backlog_mb = table.whole_number("backlog_mb", BACKLOG_MB, at_least=LEAST_BACKLOG_MB, at_most=MOST_BACKLOG_MB)
    if cast("IdentityKind", table.text("identity", "token", of=get_args(IdentityKind))) == "certificate":
        for key in ("token_file", "ca_file"):
            if table.has(key):
                table.refuse(key, "does not go with a certificate", f'leave out {key}, or `identity = "certificate"`')
        return CentralSettings(url, None, None, "certificate", backlog_mb)
    ca_file = folder / table.text("ca_file") if table.has("ca_file") else None
    return CentralSettings(url, folder / table.text("token_file"), ca_file, backlog_mb=backlog_mb)
