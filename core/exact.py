"""Exact numbers and canonical documents: decimals as text, fractions inside, half-up once.

Shared by every file format of the portal. Nothing here touches a float.
"""

import hashlib
import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

DECIMAL_TEXT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def is_decimal_text(text: object) -> bool:
    """Tell whether `text` is a decimal string as the file formats allow it."""
    return isinstance(text, str) and DECIMAL_TEXT.fullmatch(text) is not None


def half_up_units(value: Fraction | Decimal | int, places: int) -> int:
    """Round an exact value to `places` decimals, halves away from zero, counted in units of the last place."""
    exact = Fraction(value) if isinstance(value, Decimal) else value
    top, bottom, unit = exact.numerator, exact.denominator, int(10**places)
    # Half-up is the floor of the value and a half more.
    whole = (2 * abs(top) * unit + bottom) // (2 * bottom)
    return -whole if top < 0 else whole


def units_text(units: int, places: int) -> str:
    """Write so many units of the last of `places` decimals: `units_text(-5, 2)` is `-0.05`. Zero has no sign."""
    if not places:
        return str(units)
    digits = str(abs(units)).zfill(places + 1)
    return f"{'-' if units < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def half_up(value: Fraction | Decimal | int, places: int) -> Decimal:
    """Round an exact value to `places` decimals, halves away from zero. Returns a Decimal with exactly those digits."""
    return Decimal(units_text(half_up_units(value, places), places))


def half_up_text(value: Fraction | Decimal | int, places: int) -> str:
    """Round like `half_up` and write exactly `places` decimals, never with an exponent."""
    return units_text(half_up_units(value, places), places)


def plain_text(value: Fraction | Decimal | int, places: int = 10) -> str:
    """Write at most `places` decimals, half-up, without trailing zeros: `89.3`, `88.8333333333`, `0`."""
    if isinstance(value, Fraction | int) and value.denominator == 1:
        return str(value.numerator)
    text = half_up_text(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


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
