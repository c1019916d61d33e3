"""What `undertone doctor` says of the way to the central server, by knocking there once."""

from datetime import UTC, datetime
from typing import Final

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from appliance.adapters.identity import ENROL_MEND, read_identity
from appliance.adapters.link_faults import CLOCK_MEND, diagnosis_of
from appliance.adapters.machine_checks import Finding
from appliance.adapters.server_settings import server_of
from appliance.adapters.uplink_server import Server, check, headers, tls
from appliance.config import Settings
from appliance.delivery.policy import OPEN_S, SUBPROTOCOL
from appliance.errors import BadInputError

OLDEST_CLOCK: Final = 2024
"""Before this the program did not exist: a clock that says so is wrong."""


def examine_link(settings: Settings) -> list[Finding]:
    """Tell whether this box's identity is good and the server takes it."""
    server = server_of(settings)
    if server is None:
        return [Finding("central server", "note", "the settings name none; nothing is delivered")]
    return [*_clock(), *_identity(server), _door(server)]


def _clock() -> list[Finding]:
    year = datetime.now(UTC).year
    if year >= OLDEST_CLOCK:
        return []
    return [Finding("clock", "trouble", f"says that it is the year {year}; no certificate is valid then", CLOCK_MEND)]


def _identity(server: Server) -> list[Finding]:
    if server.identity is None:
        return []
    try:
        own = read_identity(server.identity)
    except BadInputError as error:
        return [Finding("identity", "trouble", str(error), error.mend)]
    if own.ends_at < datetime.now(UTC):
        detail = f"{own.device}'s certificate ended on {own.ends_at:%Y-%m-%d}, and the clock here is later"
        return [Finding("identity", "trouble", detail, f"if the clock is right, {ENROL_MEND}; if not, {CLOCK_MEND}")]
    return [Finding("identity", "ok", f"this box is {own.device} until {own.ends_at:%Y-%m-%d}")]


def _door(server: Server) -> Finding:
    """Do what the uplink does up to its first message, which would take the place of a link that is up."""
    try:
        check(server)
        context, said = tls(server), headers(server)
        with connect(
            server.url, ssl=context, additional_headers=said, subprotocols=[Subprotocol(SUBPROTOCOL)],
            proxy=None, compression=None, open_timeout=OPEN_S, close_timeout=1.0,
        ) as socket:  # fmt: skip
            if socket.subprotocol != SUBPROTOCOL:
                mend = "correct `url` in the table [central] of the settings"
                return Finding("central server", "trouble", f"{server.url} does not speak {SUBPROTOCOL}", mend)
    except (BadInputError, OSError, WebSocketException) as error:
        found = diagnosis_of(error, by_certificate=server.identity is not None)
        text = found.text if found else f"cannot be reached: {error}"
        mend = found.mend if found else getattr(error, "mend", "") or "check the address, the network and the server"
        return Finding("central server", "trouble", f"{server.url}: {text}", mend)
    return Finding("central server", "ok", f"{server.url} takes this box")
