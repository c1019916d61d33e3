"""From the settings to the server that the uplink talks to."""

from appliance.adapters import paths
from appliance.adapters.identity import identity_folder
from appliance.adapters.uplink_server import Server
from appliance.config import Settings


def server_of(settings: Settings) -> Server | None:
    """Give the central server that the settings name, None for a box without one."""
    central = settings.central
    if central is None:
        return None
    folder = identity_folder(settings.state or paths.home()) if central.identity == "certificate" else None
    return Server(central.url, central.token_file, central.ca_file, folder)
