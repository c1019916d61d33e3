"""Who may open recording sessions: the allow-list, the passwords and the certificate, read from files and checked."""

import ipaddress
import ssl
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from appliance.errors import BadInputError
from appliance.siprec_settings import SiprecSettings

MAX_CREDENTIALS_BYTES: Final = 65_536
REALM: Final = "undertone"

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def allow_list(texts: Sequence[str]) -> Callable[[str], bool]:
    """Give the test of an address against these addresses and networks. Raises `BadInputError` for what is neither."""
    networks = tuple(_network(text) for text in texts)

    def allows(host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in networks)

    return allows


def read_passwords(path: Path) -> dict[str, str]:
    """Read lines of NAME:PASSWORD. Raises `BadInputError` when it cannot be read, or when others can read it."""
    mend = f"Write lines of NAME:PASSWORD to {path}, readable for this user only (chmod 600)."
    content = _read_secret(path, mend).decode("utf-8", "replace")
    pairs = [line.partition(":") for line in content.splitlines() if line.strip() and not line.startswith("#")]
    if not pairs or any(not name.strip() or not password.strip() for name, _, password in pairs):
        raise BadInputError("these are not SIP credentials", where=str(path), mend=mend)
    return {name.strip(): password.strip() for name, _, password in pairs}


def server_tls(settings: SiprecSettings) -> ssl.SSLContext | None:
    """Give the TLS context of the settings' certificate, None without one. Raises `BadInputError`."""
    if not settings.certificate_file or not settings.key_file:
        return None
    _read_secret(settings.key_file, f"chmod 600 {settings.key_file}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(
            f"the certificate or its key cannot be used: {error.strerror or error}",
            where=str(settings.certificate_file),
            mend="Give two PEM files that belong together.",
        ) from error
    return context


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        mend = 'write `allow` with addresses or networks, such as "10.20.0.0/16"'
        raise BadInputError(f"{text!r} is neither an address nor a network", where="[line] allow", mend=mend) from None


def _read_secret(path: Path, mend: str) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = file.read(MAX_CREDENTIALS_BYTES)
    except OSError as error:
        raise BadInputError(f"the file cannot be read: {error.strerror}", where=str(path), mend=mend) from error
    if mode & 0o077:
        raise BadInputError(f"other users may read it (mode {mode:04o})", where=str(path), mend=f"chmod 600 {path}")
    return content
