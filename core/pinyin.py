"""Chinese order without a database collation: a key stored beside the name."""

from pypinyin import Style, lazy_pinyin


def pinyin_key(name: str) -> str:
    """Key by which names sort as a Chinese reader expects, e.g. `yun xiu` for 云秀. Lower case, at most 200 characters."""
    return " ".join(lazy_pinyin(name, style=Style.TONE3)).lower()[:200]


def initials(text: str) -> str:
    """First letters of a text's Chinese characters, e.g. `ldd` of 楼道灯; other characters are left out. At most 120."""
    return "".join(lazy_pinyin(text[:200], style=Style.FIRST_LETTER, errors="ignore")).lower()[:120]
