"""A user name for who did not choose one."""

from collections.abc import Callable

from core.pinyin import pinyin_key

MOST = 30


def from_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """`wangxiaoming` for 王小明, `wangxiaoming2` where that is taken; letters and digits only, at least three."""
    letters = "".join(c for c in pinyin_key(name) if c.isascii() and c.isalpha())[:MOST]
    stem = letters if len(letters) >= 3 else f"user{letters}"
    number, found = 1, stem
    while is_taken(found):
        number += 1
        found = f"{stem}{number}"
    return found
