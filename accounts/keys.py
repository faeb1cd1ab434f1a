"""API key material: random, looked up by digest, stored encrypted so that an owner can view it again.

A stolen database holds digests (of 238 random bits, so a plain SHA-256 cannot be searched) and
Fernet ciphertexts, whose key is in the settings: it gives no usable key.
"""

import hashlib
import secrets
import string

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PREFIX = "traitly_"  # lets secret scanners find a leaked key: traitly_[0-9A-Za-z]{40}
_ALPHABET = string.digits + string.ascii_letters


class UnreadableKeyError(Exception):
    """The ciphertext was made with an encryption key that is no longer in the settings."""


def generate() -> str:
    """A new key."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(40))


def digest(key: str) -> bytes:
    """The digest by which a key is looked up."""
    return hashlib.sha256(key.encode()).digest()


def encrypt(key: str) -> bytes:
    """The key, encrypted with the first encryption key of the settings."""
    return _fernet().encrypt(key.encode())


def decrypt(encrypted: bytes | memoryview) -> str:
    """The decrypted key, whichever encryption key of the settings was used; otherwise ``UnreadableKeyError``."""
    try:
        return _fernet().decrypt(bytes(encrypted)).decode()
    except InvalidToken:
        raise UnreadableKeyError from None


def rotate(encrypted: bytes | memoryview) -> bytes:
    """The same key, encrypted again with the first encryption key of the settings; otherwise ``UnreadableKeyError``."""
    try:
        return _fernet().rotate(bytes(encrypted))
    except InvalidToken:
        raise UnreadableKeyError from None


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.API_KEY_ENCRYPTION_KEYS])
