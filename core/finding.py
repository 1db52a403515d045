"""Finding rows of a list by what somebody types: Chinese words, initials of the pinyin, a number or a part of it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from pypinyin import Style, lazy_pinyin

LETTERS = re.compile(r"[a-z]{2,12}")
LOOKED_AT = 10_000  # rows whose initials are worked out, the newest
MOST = 60
HAN = re.compile("[\u3007\u4e00-\u9fff]")
# Characters of names and titles that are read in two ways with two first letters; by sentence the dictionary often errs.
OTHERS = {
    "曾": "zc", "长": "cz", "重": "zc", "行": "xh", "乐": "ly", "朝": "cz", "单": "ds", "解": "jx", "区": "qo", "仇": "cq", "查": "cz", "翟": "zd",
    "藏": "cz", "传": "cz", "盛": "sc", "种": "zc", "校": "xj", "会": "hk", "调": "td", "宿": "sx", "尉": "wy", "褚": "cz", "车": "cj", "覃": "tq",
    "贾": "jg", "降": "jx", "参": "cs", "系": "xj", "便": "bp", "省": "sx", "弹": "dt", "石": "sd", "合": "hg",
}  # fmt: skip
Rows = TypeVar("Rows", bound="QuerySet[Any]")


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed: its words, the same without blanks, and as initials where it may be some."""

    text: str
    compact: str
    letters: str


def sought(typed: str) -> Sought:
    """What somebody typed, full width made narrow; at most 60 characters count."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", typed)).strip()[:MOST]
    compact = text.replace(" ", "")
    return Sought(text, compact, compact.lower() if LETTERS.fullmatch(compact.lower()) else "")


@lru_cache(maxsize=20_000)
def readings(text: str) -> tuple[str, ...]:
    """For each Chinese character of a text the first letters of its readings: the usual one here, and those of OTHERS."""
    plain = "".join(c for c in text[:200] if HAN.fullmatch(c))
    usual = lazy_pinyin(plain, style=Style.FIRST_LETTER)
    return tuple(letter + OTHERS.get(c, "") for c, letter in zip(plain, usual, strict=True))


def begins(letters: str, text: str) -> bool:
    """Whether these letters are the initials of characters of the text in a row, any of their readings."""
    found = readings(text)
    return any(
        all(letter in found[start + i] for i, letter in enumerate(letters))
        for start in range(len(found) - len(letters) + 1)
    )


def narrowed(
    rows: Rows, typed: str, *, texts: Sequence[str], codes: Sequence[str] = (), long: Sequence[str] = ()
) -> Rows:
    """Those of `rows` in which what was typed stands: anywhere in `texts` (also as initials) or in `long` texts, anywhere in `codes`.

    Nothing typed narrows nothing. With letters one more statement, whatever there is: initials of the newest LOOKED_AT rows.
    """
    what = sought(typed)
    if not what.text:
        return rows
    fits = Q(pk__in=[])
    for name in (*texts, *long):
        fits |= Q(**{f"{name}__icontains": what.text})
    for name in codes:
        fits |= Q(**{f"{name}__icontains": what.compact})
    if what.letters:
        newest = rows.order_by("-pk").values_list("pk", *texts)[:LOOKED_AT]
        fits |= Q(pk__in=[pk for pk, *found in newest if any(begins(what.letters, text or "") for text in found)])
    return rows.filter(fits)
