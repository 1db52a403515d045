"""Signed names: whoever knows one was given it by the portal. Standard library alone; the push process has no Django."""

import base64
import hashlib
import hmac
import re

PART = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
SIGNED_BYTES = 24  # 192 bits, 32 characters
SALT = b"core.live channel\0"


def _signature(secret: str, words: str) -> str:
    key = hashlib.sha256(SALT + secret.encode()).digest()
    mark = hmac.digest(key, words.encode(), "sha256")[:SIGNED_BYTES]
    return base64.urlsafe_b64encode(mark).decode()


def signed_name(secret: str, kind: str, key: str) -> str:
    """Return "<kind>.<key>.<signature>", fit for a URL path; ValueError when a part is not `[A-Za-z0-9_-]{1,40}`."""
    for part in (kind, key):
        if not PART.fullmatch(part):
            raise ValueError(f"not a part of a channel's name: {part!r}")
    if not secret:
        raise ValueError("a name cannot be signed without a secret")
    return f"{kind}.{key}.{_signature(secret, f'{kind}.{key}')}"


def is_signed(secret: str, name: str) -> bool:
    """Tell whether `name` was made by `signed_name` with this secret."""
    kind, _, rest = name.partition(".")
    key, _, _mark = rest.partition(".")
    if not (secret and PART.fullmatch(kind) and PART.fullmatch(key)):
        return False
    return hmac.compare_digest(signed_name(secret, kind, key).encode(), name.encode(errors="replace"))
