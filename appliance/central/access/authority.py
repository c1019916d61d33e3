"""What the private authority signs: values in, certificates out, no file.

X.509 as RFC 5280 has it, keys on the curve P-256, signatures ECDSA with SHA-256. A device is named in its certificate
twice: as the subject's common name, for people, and as the URI `urn:undertone:device:NAME` in the subject's alternative
names, for programs.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.delivery.enrolment import fingerprint

AUTHORITY_LIFE: Final = timedelta(days=3650)
"""Ten years: it is changed by `rotate`, when somebody wants to, and not by running out on a Sunday."""

DEVICE_LIFE: Final = timedelta(days=90)
"""A stolen key that nobody missed is worthless after that; a box renews a month before, and may be away so long."""

SERVER_LIFE: Final = timedelta(days=90)

SKEW: Final = timedelta(hours=1)
"""Certificates begin in the past by so much: a box's clock may be a little behind ours."""

DEVICE_URI: Final = "urn:undertone:device:"


class Authority(NamedTuple):
    """One authority, by its number, with the key that signs."""

    number: int
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class RequestError(ValueError):
    """A signing request that cannot be signed; the text says why."""


def new_authority(number: int, now: datetime) -> Authority:
    """Make an authority that may sign certificates of devices and servers, and no other authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Undertone device authority {number}")])
    builder = _builder(name, name, key.public_key(), now, AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(_key_identifier(key.public_key()), critical=False)
    return Authority(number, builder.sign(key, hashes.SHA256()), key)


def read_request(text: str) -> x509.CertificateSigningRequest:
    """Read a signing request (PEM).

    Raises `RequestError` for what is none, for another kind of key, or when whoever asks does not hold it.
    """
    try:
        csr = x509.load_pem_x509_csr(text.encode())
        key = csr.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RequestError("the signing request cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestError("the key must be on the curve P-256")
    if not csr.is_signature_valid:
        raise RequestError("the request is not signed with its own key")
    return csr


def sign_device(
    authority: Authority, device: str, csr: x509.CertificateSigningRequest, now: datetime, life: timedelta = DEVICE_LIFE
) -> x509.Certificate:
    """Certify that the key of `csr`, as `read_request` gives it, is the device's; nothing else is taken from it."""
    key = cast("ec.EllipticCurvePublicKey", csr.public_key())
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(DEVICE_URI + device)])
    return _leaf(authority, device, key, names, ExtendedKeyUsageOID.CLIENT_AUTH, now, life)


def sign_server(
    authority: Authority, names: Sequence[str], now: datetime, life: timedelta = SERVER_LIFE
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Make a key and a certificate for the server under these host names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    purpose = ExtendedKeyUsageOID.SERVER_AUTH
    return key, _leaf(authority, names[0], key.public_key(), alternatives, purpose, now, life)


def device_of(certificate: x509.Certificate) -> str | None:
    """Give the device that a certificate names, None when it names none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return next((uri.removeprefix(DEVICE_URI) for uri in uris if uri.startswith(DEVICE_URI)), None)


def serial_of(certificate: x509.Certificate) -> str:
    """Give the serial number as it is kept and shown."""
    return f"{certificate.serial_number:040x}"


def key_sha256(csr: x509.CertificateSigningRequest) -> str:
    """Give what tells the key of a request from all others."""
    return hashlib.sha256(
        csr.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Give the fingerprint of an authority, as a claim code holds it."""
    return fingerprint(certificate.public_bytes(serialization.Encoding.DER))


def pem(certificate: x509.Certificate) -> str:
    """Give a certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Give a private key as text. It is a secret: for a file of mode 0600 only."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def _leaf(
    authority: Authority, name: str, key: ec.EllipticCurvePublicKey, names: x509.SubjectAlternativeName,
    purpose: x509.ObjectIdentifier, now: datetime, life: timedelta,
) -> x509.Certificate:  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = _builder(subject, authority.certificate.subject, key, now, life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(_key_identifier(key), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return builder.add_extension(issuer, critical=False).sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _key_identifier(key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
