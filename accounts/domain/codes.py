"""Recovery codes and keys as people read, type and keep them. No Django."""

import base64
import hashlib
import re
import secrets
from urllib.parse import quote, urlencode

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # nothing that looks like something else
LENGTH = 16
KEY_BYTES = 20
CODE = re.compile(r"\d{6}", re.ASCII)
NARROW = str.maketrans("０１２３４５６７８９", "0123456789")


def new_key() -> str:
    """A fresh secret as apps take it: 32 letters and digits."""
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()


def key_bytes(key: str) -> bytes:
    """What the codes are computed from."""
    return base64.b32decode(key)


def grouped(text: str) -> str:
    """In fours, for the eye: `ABCD EFGH`."""
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def uri(*, key: str, issuer: str, account: str) -> str:
    """What the QR code says to an authenticator app."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': key, 'issuer': issuer}, quote_via=quote)}"


def new_recovery_code() -> str:
    """Sixteen signs, about 78 bits: a digest of it needs no salt and no slow hash."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def plain(typed: str) -> str:
    """A code without the blanks and dashes it was written with, in capitals."""
    return re.sub(r"[\s-]", "", typed.translate(NARROW)).upper()


def digest(code: str) -> str:
    """What is stored of a recovery code."""
    return hashlib.sha256(code.encode()).hexdigest()


def is_recovery(code: str) -> bool:
    """Whether a plain code has the shape of a recovery code."""
    return len(code) == LENGTH and set(code) <= set(ALPHABET)
