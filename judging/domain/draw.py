"""The witnessed draw. The commitment is published first; the public number is typed in before witnesses afterwards.

Anybody reproduces the order: sort the keys by the SHA-256 of the UTF-8 text `secret|number|key`, smallest first.
"""

import hashlib
from collections.abc import Sequence


def commitment(secret: str) -> str:
    """SHA-256 (hex) of the secret: what is shown before the draw."""
    return hashlib.sha256(secret.encode()).hexdigest()


def order(keys: Sequence[str], secret: str, public_number: str) -> list[str]:
    """The keys in the order that secret and public number decide."""
    return sorted(keys, key=lambda key: hashlib.sha256(f"{secret}|{public_number}|{key}".encode()).hexdigest())
