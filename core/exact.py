"""Exact numbers and canonical documents: decimals as text, fractions inside, half-up once.

Shared by every file format of the portal. Nothing here touches a float.
"""

import hashlib
import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

DECIMAL_TEXT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)


def is_decimal_text(text: object) -> bool:
    """Tell whether `text` is a decimal string as the file formats allow it."""
    return isinstance(text, str) and DECIMAL_TEXT.fullmatch(text) is not None


def half_up(value: Fraction | Decimal | int, places: int) -> Decimal:
    """Round an exact value to `places` decimals, halves away from zero. Returns a Decimal with exactly those digits."""
    scaled = Fraction(value) * 10**places
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    if 2 * rest >= scaled.denominator:
        whole += 1
    sign = 1 if scaled < 0 and whole else 0
    return Decimal((sign, tuple(int(d) for d in str(whole)), -places))


def fraction_text(value: Fraction) -> str:
    """Write a fraction as `893/10`, or `88` when it is whole."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def canonical(document: Any) -> bytes:
    """Canonical bytes of a JSON document: UTF-8, keys by code point, no spaces. What digests are made of."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(document: Any) -> str:
    """SHA-256 (hex) of the canonical bytes."""
    return hashlib.sha256(canonical(document)).hexdigest()


def pretty(document: Any) -> bytes:
    """The bytes a command writes: keys sorted, two spaces, newline at the end."""
    return (json.dumps(document, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()
