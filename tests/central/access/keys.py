"""A box's own key and signing request, and its end of TLS."""

import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from appliance.central.access.authority import key_pem


def request_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """Give a signing request that claims nothing but the key."""
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def client_tls(
    folder: Path, authorities: str, key: ec.EllipticCurvePrivateKey | None = None, certificate: str = ""
) -> ssl.SSLContext:
    """Give the context of a box that trusts these authorities and shows this certificate."""
    context = ssl.create_default_context(cadata=authorities)
    if key is not None:
        file = folder / "client.pem"
        file.write_text(key_pem(key) + certificate)
        context.load_cert_chain(file)
    return context
