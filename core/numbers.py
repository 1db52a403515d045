"""Numbers and codes that people read aloud: running numbers from a sequence, codes that cannot be guessed; numbers in addresses."""

import secrets
from collections.abc import Iterable

from django.db import connection

LONGEST = 15  # digits of a number in an address
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else


def next_number(sequence: str) -> int:
    """The next value of a database sequence; gaps are possible, doubles are not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        (value,) = cursor.fetchone()
    return int(value)


def next_numbers(sequence: str, count: int) -> list[int]:
    """So many next values of a database sequence, ascending."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [sequence, count])
        return sorted(int(value) for (value,) in cursor.fetchall())


def code(length: int) -> str:
    """A random code of that many characters, about five bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def whole(text: str) -> int | None:
    """A whole number as an address or hidden field carries it (`12`), or None; short enough for every row id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else None


def wholes(texts: Iterable[str]) -> list[int]:
    """Those of `texts` that are whole numbers, in their order."""
    return [number for text in texts if (number := whole(text)) is not None]
