"""The code printed on a paper sheet: session, seat, running order and two check digits (ISO 7064 mod 97-10).

`12-03-07-45` names session 12, seat 3, seventh project. One wrong digit and two swapped ones are always found.
"""

import re

from stdnum.iso7064 import mod_97_10

CODE = re.compile(r"\A(\d{1,9})-(\d{2,3})-(\d{2,3})-(\d{2})\Z")
NARROW = str.maketrans("０１２３４５６７８９－—–", "0123456789---")


def paper_code(session: int, seat: int, position: int) -> str:
    """The code of one sheet."""
    body = f"{session}-{seat:02d}-{position:02d}"
    return f"{body}-{_check(body)}"


def read_code(typed: str) -> tuple[int, int, int] | None:
    """Session, seat and running order of a typed code; None where it is not one."""
    found = CODE.match("".join(typed.split()).translate(NARROW))
    if found is None:
        return None
    body, check = found.group(0).rpartition("-")[::2]
    if _check(body) != check:
        return None
    return int(found.group(1)), int(found.group(2)), int(found.group(3))


def _check(body: str) -> str:
    session, seat, position = body.split("-")
    return str(mod_97_10.calc_check_digits(f"{session}{seat:0>3}{position:0>3}"))
