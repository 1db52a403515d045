"""Personal data in a text that is about to be published: mobile and landline numbers, identity numbers.

Full-width digits and numbers broken by blanks or dashes are found too. An identity number counts only with a possible
date of birth and a right check digit (GB 11643-1999), so that an 18-digit credit code or a receipt number passes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

NARROW = str.maketrans("０１２３４５６７８９Ｘｘ－—　", "0123456789Xx-- ")
GAP = r"[ \-]?"
IDENTITY = re.compile(rf"(?<![0-9A-Za-z])\d(?:{GAP}\d){{16}}{GAP}[\dXx](?![0-9A-Za-z])")
MOBILE = re.compile(rf"(?<!\d)(?:\+?86{GAP})?1[3-9]\d{GAP}\d{{4}}{GAP}\d{{4}}(?!\d)")
LANDLINE = re.compile(r"(?<!\d)(?:\(0\d{2,3}\)|0\d{2,3}[ \-]?)\d{7,8}(?!\d)")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a text: `start` and `end` are offsets, `kind` a Chinese word, `masked` what may be shown."""

    start: int
    end: int
    kind: str
    masked: str


def is_identity(text: str) -> bool:
    """Whether 18 characters are an identity number: a day that exists, and the right check digit."""
    if len(text) != 18 or not text[:17].isascii() or not text[:17].isdigit():
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(d) * w for d, w in zip(text, WEIGHTS, strict=False))
    return born.year >= 1900 and CHECKS[total % 11] == text[17].upper()


def find(text: str, *, landlines: bool = True) -> list[Finding]:
    """All personal numbers in `text`, in order, not overlapping. `landlines=False`: an office's own number may stand."""
    plain = text.translate(NARROW)
    found: list[Finding] = []
    for one in _candidates(plain, landlines=landlines):
        if all(one.end <= f.start or one.start >= f.end for f in found):
            found.append(one)
    return sorted(found, key=lambda f: f.start)


def _candidates(plain: str, *, landlines: bool) -> Iterator[Finding]:
    for hit in IDENTITY.finditer(plain):
        digits = re.sub(r"[ \-]", "", hit[0])
        if is_identity(digits):
            yield Finding(hit.start(), hit.end(), "身份证号码", f"{digits[:2]}*************{digits[-3:]}")
    for hit in MOBILE.finditer(plain):
        digits = re.sub(r"\D", "", hit[0])[-11:]
        yield Finding(hit.start(), hit.end(), "手机号码", f"{digits[:3]}****{digits[-4:]}")
    if landlines:
        for hit in LANDLINE.finditer(plain):
            yield Finding(hit.start(), hit.end(), "电话号码", f"****{hit[0][-2:]}")


def mask(text: str) -> str:
    """The text with every personal number masked; everything else stays as it was typed."""
    parts, at = [], 0
    for f in find(text):
        parts += [text[at : f.start], f.masked]
        at = f.end
    return "".join([*parts, text[at:]])
