"""How an exported file is called: `〔2025〕辛店创投第四期-评分汇总表-20250612`."""

import re
from datetime import date

MOST = 120
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]+')


def file_title(*, year: int, about: str, report: str, day: date, part: str = "") -> str:
    """The name without its ending: year in six-angle brackets, what it is about, the report, the day it was made.

    `part` narrows down what it is about (a session, a version). What Windows refuses in a name, and what turns the
    direction of writing, becomes `_`; a very long name of a round or session is cut, never the report or the day.
    """
    ending = f"-{_plain(report)}-{day:%Y%m%d}"
    middle = f"〔{year}〕{_plain(about)}" + (f"-{_plain(part)}" if part else "")
    return middle[: MOST - len(ending)] + ending


def _plain(words: str) -> str:
    return _NOT_IN_NAMES.sub("_", words).strip(" .")
