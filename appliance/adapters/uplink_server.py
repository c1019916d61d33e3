"""Where the central server is, and how the box proves who it is."""

import ipaddress
import ssl
import stat
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from appliance.errors import BadInputError

TOKEN_MAX_BYTES = 8192
"""What common web servers take as one header line; a larger file is not a token."""


class Server(msgspec.Struct, frozen=True):
    """The central server: its address (`wss://...`), the file with our bearer token, and a CA other than the usual."""

    url: str
    token_file: Path
    ca_file: Path | None = None


def check(server: Server) -> None:
    """Raise `BadInputError` for an address, a token file or a CA file that cannot be used."""
    _check_url(server.url)
    read_token(server.token_file)
    tls(server)


def read_token(path: Path) -> str:
    """Give the bearer token. Raises `BadInputError` when it cannot be read, or when others can read it."""
    mend = f"Write the token from the central server to {path}, readable for this user only (chmod 600)."
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            token = file.read(TOKEN_MAX_BYTES + 1).strip()
    except OSError as error:
        raise BadInputError(f"the token cannot be read: {error.strerror}", where=str(path), mend=mend) from error
    if mode & 0o077:
        raise BadInputError(
            f"other users may use this token (mode {mode:04o})", where=str(path), mend=f"chmod 600 {path}"
        )
    if not token or len(token) > TOKEN_MAX_BYTES or not all(0x21 <= byte <= 0x7E for byte in token):
        raise BadInputError("this is not a token: one line of printable ASCII", where=str(path), mend=mend)
    return token.decode("ascii")


def tls(server: Server) -> ssl.SSLContext | None:
    """Give the TLS context for `wss://`, none for `ws://`. Raises `BadInputError` for a CA file that cannot be used."""
    if not server.url.startswith("wss:"):
        return None
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(
            f"the CA file cannot be used: {error.strerror or error}",
            where=str(server.ca_file),
            mend="Give a PEM file with the certificate of the authority that signed the server's.",
        ) from error


def _check_url(url: str) -> None:
    mend = "Give the address as wss://HOST[:PORT]/PATH."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadInputError(f"this is not an address: {error}", where=url, mend=mend) from error
    if parts.scheme not in {"ws", "wss"} or not host:
        raise BadInputError("this is not the address of a WebSocket", where=url, mend=mend)
    if parts.username or parts.password or parts.fragment:
        raise BadInputError("the address holds a user, a password or a fragment", where=parts.hostname or "", mend=mend)
    if parts.scheme == "ws" and not _is_loopback(host):
        raise BadInputError(
            "without TLS everybody on the way can read the calls", where=url, mend="Use wss:// for any other machine."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
