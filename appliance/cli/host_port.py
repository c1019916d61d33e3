"""HOST:PORT, as options name where to listen."""

from appliance.errors import BadInputError


def parse_address(text: str, option: str, example: str) -> tuple[str, int]:
    """Read HOST:PORT of an option. Raises `BadInputError`."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise BadInputError(f"{text!r} is not HOST:PORT", where=option, mend=f"for instance {example}")
    return host, int(port)
