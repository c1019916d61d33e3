"""Where the central server is, and how the box proves who it is."""

import ipaddress
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from appliance.adapters import identity
from appliance.errors import BadInputError

TOKEN_MAX_BYTES = 8192
"""What common web servers take as one header line; a larger file is not a token."""


class Server(msgspec.Struct, frozen=True):
    """The central server: its address (`wss://...`) and how we prove who we are.

    That is either the file with our bearer token, beside which there may be a CA other than the usual, or the folder
    with our certificate and the authorities that we trust.
    """

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None
    identity: Path | None = None


class NotEnrolledError(BadInputError):
    """The box has no certificate, or none that can be used."""


class OutOfDateError(BadInputError):
    """The box's certificate has expired at `ended_at`, as far as the clock here tells."""

    def __init__(self, ended_at: datetime, where: str) -> None:
        self.ended_at = ended_at
        text = f"this box's certificate has expired on {ended_at:%Y-%m-%d} (if the clock here is right)"
        super().__init__(text, where=where, mend=identity.ENROL_MEND)


def check(server: Server) -> None:
    """Raise `BadInputError` for an address, a token file or a CA file that cannot be used.

    A box that is not enrolled yet is no error here: it runs, its light says so, and it goes on once it is enrolled.
    """
    _check_url(server.url)
    if server.identity is not None and not server.url.startswith("wss:"):
        raise BadInputError(
            "a certificate needs TLS", where=server.url, mend="Give the address as wss://HOST:PORT/PATH."
        )
    if server.identity is None:
        headers(server)
        tls(server)


def headers(server: Server) -> dict[str, str]:
    """Give what to say of ourselves in HTTP: our token, where we have no certificate. Raises `BadInputError`."""
    if server.token_file is None:
        return {}
    return {"Authorization": f"Bearer {read_token(server.token_file)}"}


def read_token(path: Path) -> str:
    """Give the bearer token. Raises `BadInputError` when it cannot be read, or when others can read it."""
    mend = f"Write the token from the central server to {path}, readable for this user only (chmod 600)."
    try:
        with path.open("rb") as file:
            token = file.read(TOKEN_MAX_BYTES + 1).strip()
    except OSError as error:
        raise BadInputError(f"the token cannot be read: {error.strerror}", where=str(path), mend=mend) from error
    refuse_open(path)
    return read_token_text(token, path)


def refuse_open(path: Path) -> None:
    """Raise `BadInputError` for a file with tokens that other users may read."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise BadInputError(
            f"other users may use this token (mode {mode:04o})", where=str(path), mend=f"chmod 600 {path}"
        )


def read_token_text(token: bytes, path: Path) -> str:
    """Give a token as text, which stood in this file. Raises `BadInputError` for what is none."""
    if not token or len(token) > TOKEN_MAX_BYTES or not all(0x21 <= byte <= 0x7E for byte in token):
        raise BadInputError(
            "this is not a token: one line of printable ASCII",
            where=str(path),
            mend="write the token from the central server there, and nothing else",
        )
    return token.decode("ascii")


def tls(server: Server) -> ssl.SSLContext | None:
    """Give the TLS context for `wss://`, none for `ws://`.

    Raises `BadInputError` for a CA file that cannot be used, `NotEnrolledError` and `OutOfDateError` for a certificate.
    """
    if server.identity is not None:
        return _own_tls(server.identity)
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


def _own_tls(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        ends_at = identity.read_identity(folder).ends_at
        identity.load_into(context, folder)
    except BadInputError as error:
        raise NotEnrolledError(error.what, where=error.where, mend=error.mend) from error
    if ends_at < datetime.now(UTC):
        raise OutOfDateError(ends_at, str(folder))
    return context


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
