"""The box's own key and certificate, in `identity/` of its state folder, readable by the owner only.

- `identity.pem`: the private key, then the certificate; one file, so that the two can never disagree after a power cut
- `authorities.pem`: whom the box trusts to be its central server
- `pending.key`: a key whose certificate has been asked for and is not here yet

The key is made here and never leaves the box. Where a program keeps it (`key_program`: a TPM, a secure element), the
files hold what OpenSSL loads it by, in its place.
"""

import ssl
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.adapters import key_program
from appliance.delivery.enrolment import Certified
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

FOLDER: Final = "identity"
IDENTITY_FILE: Final = "identity.pem"
AUTHORITIES_FILE: Final = "authorities.pem"
PENDING_FILE: Final = "pending.key"

DEVICE_URI: Final = "urn:undertone:device:"

ENROL_MEND: Final = "make a claim on the server (undertone central claim new) and run: undertone enrol"


class Identity(NamedTuple):
    """Who the box is by its certificate, and from when to when that holds."""

    device: str
    begins_at: datetime
    ends_at: datetime

    @property
    def renew_at(self) -> datetime:
        """When two thirds of its life are over."""
        return self.begins_at + (self.ends_at - self.begins_at) * 2 / 3


def identity_folder(state: Path) -> Path:
    """Give the folder of the identity in a state folder."""
    return state / FOLDER


def read_identity(folder: Path) -> Identity:
    """Read who the box is. Raises `BadInputError` when it is not enrolled, or its file cannot be used."""
    path = folder / IDENTITY_FILE
    try:
        content = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(content[content.index(b"-----BEGIN CERTIFICATE") :])
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except FileNotFoundError as error:
        raise BadInputError("this box is not enrolled", where=str(folder), mend=ENROL_MEND) from error
    except (OSError, ValueError, x509.ExtensionNotFound) as error:
        raise BadInputError(f"the identity cannot be read: {error}", where=str(path), mend=ENROL_MEND) from error
    if path.stat().st_mode & 0o077:
        raise BadInputError("other users may use this box's key", where=str(path), mend=f"chmod 600 {path}")
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    device = next((uri.removeprefix(DEVICE_URI) for uri in uris if uri.startswith(DEVICE_URI)), "")
    return Identity(device, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def load_into(context: ssl.SSLContext, folder: Path) -> None:
    """Let TLS trust the box's authorities and show its certificate. Raises `BadInputError`."""
    read_identity(folder)
    try:
        context.load_verify_locations(folder / AUTHORITIES_FILE)
        context.load_cert_chain(folder / IDENTITY_FILE)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(f"the identity cannot be used: {error}", where=str(folder), mend=ENROL_MEND) from error


def pending_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Give the key for the next certificate: the one of a try that was cut off, else a new one."""
    path = folder / PENDING_FILE
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
    except (OSError, ValueError):
        pass  # there is none, or half of one
    made = new_key()
    write_secret(path, _pem(made))
    return made


def pending_request(folder: Path, program: Path | None = None) -> str:
    """Give a signing request (PEM) for the pending key, which is made where there is none. Raises `BadInputError`."""
    if program is None:
        return signing_request(pending_key(folder))
    path = folder / PENDING_FILE
    if not path.exists():
        key_program.make_key(program, path)
    return key_program.request(program, path)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def signing_request(key: ec.EllipticCurvePrivateKey) -> str:
    """Write a request that proves the possession of the key; the server decides what stands in the certificate."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def keep(folder: Path, certified: Certified, program: Path | None = None) -> None:
    """Keep the certificate for the pending key, and whom to trust. Raises `BadInputError` when they do not fit."""
    request = pending_request(folder, program)
    try:
        certificate = x509.load_pem_x509_certificate(certified.certificate.encode())
        fits = certificate.public_key() == x509.load_pem_x509_csr(request.encode()).public_key()
    except ValueError as error:
        raise BadInputError(f"the server sent no certificate: {error}", mend="look at the server's log") from error
    if not fits:
        raise BadInputError("the server certified another key", mend="look at the server's log")
    trust(folder, certified.authorities)
    key_program.choose(folder, program)
    write_secret(folder / IDENTITY_FILE, (folder / PENDING_FILE).read_text("ascii") + certified.certificate)
    (folder / PENDING_FILE).unlink()


def trust(folder: Path, authorities: str) -> None:
    """Keep whom to trust from now on. Raises `BadInputError` for what holds no certificate."""
    try:
        ssl.create_default_context(cadata=authorities)
    except (ssl.SSLError, ValueError) as error:
        raise BadInputError(f"the server sent no authorities: {error}", mend="look at the server's log") from error
    path = folder / AUTHORITIES_FILE
    if not path.exists() or path.read_text() != authorities:
        write_secret(path, authorities)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
