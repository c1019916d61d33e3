"""What the central server may ask of a device: the arguments of each command, by its name.

Unknown arguments are passed over, but in `config`: there an unknown setting is refused, for nobody may believe that it
was set. A command of the wrong kind does nothing and is answered with its reason.
"""

from typing import Annotated, Final, Literal

import msgspec

PAUSE_LIMIT_S: Final = 120.0
"""After which a pause ends by itself, unless its command says otherwise: a card's data are told in half of that."""

LONGEST_PAUSE_S: Final = 600.0
"""Nobody needs longer, and a server that has forgotten a pause must not leave the box deaf."""

SHORTEST_PAUSE_S: Final = 1.0

MAX_TIER: Final = 100
"""A tier is a word or two."""

MAX_GUIDANCE: Final = 200
"""What an agent can take in while talking: a line of the terminal, cut there to what fits."""

MAX_NAME: Final = 60
"""The name of a person, as colleagues say it."""

MAX_PACK: Final = 262_144
"""As much as a rule pack's file may have."""

CallName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
AlertNumber = Annotated[int, msgspec.Meta(ge=1)]


class OfAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert was seen, or is put off: its call, and its number in the call."""

    call: CallName
    alert: AlertNumber


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer's own system knows of the caller; rules may judge by it."""

    call: CallName
    tier: Annotated[str, msgspec.Meta(max_length=MAX_TIER)] = ""
    queued_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """The call is not listened to, for so long at most. Mute by hand at the box is independent of it, and wins."""

    call: CallName
    limit_s: Annotated[float, msgspec.Meta(ge=SHORTEST_PAUSE_S, le=LONGEST_PAUSE_S)] = PAUSE_LIMIT_S


class Resume(msgspec.Struct, frozen=True, kw_only=True):
    """The call is listened to again."""

    call: CallName


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """A short text for the agent, shown beside the light and kept as a notice of the call."""

    call: CallName
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_GUIDANCE)]
    tone: Literal["calm", "firm", "urgent"] = "calm"
    show_s: Annotated[float, msgspec.Meta(ge=1, le=300)] = 30.0


class Supervisor(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor has seen the call, has joined it or has released it; told to the agent, and kept as a notice."""

    call: CallName
    action: Literal["seen", "joined", "released"]
    name: Annotated[str, msgspec.Meta(max_length=MAX_NAME)] = ""


class Identify(msgspec.Struct, frozen=True, kw_only=True):
    """The light shows for a while which box it is."""

    show_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A rule pack as the text of its file, taken whole or refused whole with the reason; until the box is restarted.

    `version` must be the pack's own. The server sees in `hello` which pack a box works with, and sends its own again.
    """

    pack: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PACK)]
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings that a server may change, until the box is restarted; what is left out stays as it is.

    `partials`: whether words in progress are sent. `brightness`: of the light, times what it would be.
    """

    partials: bool | None = None
    brightness: Annotated[float, msgspec.Meta(ge=0.1, le=1)] | None = None
    log_level: Literal["info", "warning"] | None = None


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """Install this version."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


Order = OfAlert | Context | Pause | Resume | Guidance | Supervisor | Identify | Rules | Config | Update

ORDERS: Final[dict[str, type[Order]]] = {
    "acknowledge": OfAlert,
    "snooze": OfAlert,
    "context": Context,
    "pause": Pause,
    "resume": Resume,
    "guidance": Guidance,
    "supervisor": Supervisor,
    "identify": Identify,
    "rules": Rules,
    "config": Config,
    "update": Update,
}
"""The arguments by the command's name."""

ErrorCode = Literal["unknown_command", "bad_arguments", "no_such_call", "refused", "not_available", "failed"]

ERROR_CODES: Final[dict[ErrorCode, str]] = {
    "unknown_command": "the device does not know this command; nothing else happens",
    "bad_arguments": "the arguments are not those of this command; `error` names the place",
    "no_such_call": "the call is over, or never was",
    "refused": "it cannot be done now; `error` says why, and the mend",
    "not_available": "this device cannot do it at all",
    "failed": "the device tried and failed; its log says why",
}
"""What `result.code` says when `ok` is false."""
