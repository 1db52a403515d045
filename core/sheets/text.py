"""Text on its way into a cell: what a cell can hold, and how much room it takes on paper."""

import math
import re
from unicodedata import east_asian_width

MOST_UNITS = 32767  # a cell holds so many UTF-16 units; a longer text would be dropped whole
CUT = "……（内容过长，其余请在系统中查看）"
LINE = 15.75  # points of one line at 10.5 pt, with the leading of the fonts that stand in for 宋体
MOST_HEIGHT = 409
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """The text without what a spreadsheet cannot hold: control characters, half characters, more than a cell's length."""
    text = _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= MOST_UNITS or len(text.encode("utf-16-le")) // 2 <= MOST_UNITS:
        return text
    room = (MOST_UNITS - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT


def lines_in(text: str, width: float) -> int:
    """How many lines a text takes when wrapped in `width` half-width characters."""
    room = max(2.0, width - 1)
    if len(text) * 2 <= room and "\n" not in text:
        return 1
    return sum(max(1, math.ceil(_width(part) / room)) for part in text.split("\n"))


def height(lines: int, least: float = 0) -> float:
    """Points of a row with so many lines, at least `least`, at most what a row may have."""
    return min(MOST_HEIGHT, max(least, lines * LINE + 3))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WFA" else 1 for c in text)
