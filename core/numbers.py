"""Numbers and codes that people read aloud: running numbers from a sequence, codes that cannot be guessed."""

import secrets

from django.db import connection

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else


def next_number(sequence: str) -> int:
    """The next value of a database sequence; gaps are possible, doubles are not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        (value,) = cursor.fetchone()
    return int(value)


def code(length: int) -> str:
    """A random code of that many characters, about five bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
