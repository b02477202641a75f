"""Field encryption for phones: ciphertext to store, a keyed digest to find and to keep unique.

MLPS 2.0 level 3 (GB/T 22239-2019) asks for confidentiality of personal data in storage.
``settings.FIELD_KEYS``: the first key encrypts, all of them decrypt, so keys can be rotated.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@lru_cache(maxsize=8)
def _ciphers(keys: tuple[str, ...]) -> MultiFernet:
    derived = [base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()) for key in keys]
    return MultiFernet([Fernet(key) for key in derived])


def encrypt(text: str) -> str:
    return _ciphers(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(cipher: str) -> str:
    return _ciphers(tuple(settings.FIELD_KEYS)).decrypt(cipher.encode()).decode() if cipher else ""


def digest(text: str) -> str:
    """The same text gives the same 64 hex digits; without the last key nobody can guess them.

    The last key is the oldest: rotating puts a new one in front and digests stay valid.
    """
    key = settings.FIELD_KEYS[-1].encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
