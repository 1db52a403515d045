"""Themes and indicators as people type them, one a line."""

import re
from dataclasses import dataclass
from decimal import Decimal

from core.money import BadAmount, parse_yuan

TYPED = re.compile(r"(?P<name>.+?)\s+(?P<least>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>\D{0,10})")


class BadLine(ValueError):
    """A line that is not understood; its text is the Chinese sentence."""


@dataclass(frozen=True, slots=True)
class ThemeLine:
    """A theme with its quota of projects and of money (yuan); None: no limit."""

    name: str
    max_awards: int | None = None
    max_amount: Decimal | None = None

    def __str__(self) -> str:
        if self.max_amount is not None:
            return f"{self.name} {'-' if self.max_awards is None else self.max_awards} {self.max_amount:.2f}"
        return self.name if self.max_awards is None else f"{self.name} {self.max_awards}"


def _is_count(word: str) -> bool:
    return word == "-" or (word.isascii() and word.isdigit())


def _theme(line: str) -> ThemeLine:
    words = line.split()
    most: str | None = None
    amount: Decimal | None = None
    if len(words) > 2 and _is_count(words[-2]):
        try:
            amount = parse_yuan(words[-1])
        except BadAmount as error:
            raise BadLine(f"“{line.strip()}”的金额看不懂，例如：党建 3 80000。") from error
        words, most = words[:-2], words[-2]
    elif len(words) > 1 and _is_count(words[-1]):
        words, most = words[:-1], words[-1]
    if most and len(most) > 3:
        raise BadLine(f"“{line.strip()}”的项目数太大；金额写在项目数后面，不限项目数用 - 代替，例如：环保 - 80000。")
    count = None if most in (None, "-") else int(most)
    name = "".join(words)
    if len(name) > 30 or count == 0 or amount == 0:
        raise BadLine(f"“{line.strip()}”不对：主题不超过 30 个字，数字应大于 0。")
    return ThemeLine(name, count, amount)


def themes_of(text: str) -> list[ThemeLine]:
    """`党建`, `党建 3` (projects) or `党建 3 80000` (projects, yuan; `-` for no limit); the last of a name holds. BadLine."""
    found: dict[str, ThemeLine] = {}
    for line in text.splitlines():
        if line.strip():
            theme = _theme(line)
            found[theme.name] = theme
    if not found:
        raise BadLine("请至少填写一个主题。")
    return list(found.values())


def indicators_of(text: str) -> list[dict[str, str]]:
    """`活动场次 12 场` as {name, least, unit}, at most 20. Raises BadLine."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        match = TYPED.fullmatch(line.strip())
        if match is None or len(match["name"]) > 40 or len(match["least"]) > 10:
            raise BadLine(f"“{line.strip()}”看不懂：请写指标、数值和单位，中间空一格，例如：活动场次 12 场。")
        name = re.sub(r"\s+", "", match["name"])
        found[name] = {"name": name, "least": match["least"], "unit": match["unit"].strip()}
    if len(found) > 20:
        raise BadLine("指标最多 20 项。")
    return list(found.values())


def indicator_text(row: dict[str, str]) -> str:
    """As it is typed."""
    return f"{row['name']} {row['least']} {row['unit']}".strip()
