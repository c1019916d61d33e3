"""AES in counter mode for SRTP, from the `cryptography` package (OpenSSL)."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR


def keystream(key: bytes, counter: bytes, length: int) -> bytes:
    """Give `length` bytes of the key stream that begins with this counter block."""
    return Cipher(AES(key), CTR(counter)).encryptor().update(bytes(length))
