"""The form that a Party organization should have, and how many organizations are covered. Pure.

Three members or more make a branch of their own, one or two a joint branch with partners, none an instructor who is sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

BRANCH, JOINT, INSTRUCTOR, NONE = "branch", "joint", "instructor", "none"
BRANCH_FROM = 3
ORGANIZED, REACHED = {BRANCH, JOINT}, {BRANCH, JOINT, INSTRUCTOR}


def due_form(members: int) -> str:
    """What the number of members asks for."""
    return BRANCH if members >= BRANCH_FROM else JOINT if members else INSTRUCTOR


def fault(members: int, form: str, partners: int) -> str:
    """What does not fit, in words; empty where it does. `partners` are the others in the same joint branch."""
    due = due_form(members)
    if form == NONE:
        return "还没有建立"
    if form == JOINT and partners == 0:
        return "联合党支部没有联合单位"
    if form != due:
        return {
            BRANCH: "应单独成立党支部",
            JOINT: "应与其他单位成立联合党支部",
            INSTRUCTOR: "没有党员，应派驻党建指导员",
        }[due]
    return ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share with what it is made of; `percent` has one decimal and is None of nothing."""

    part: int
    whole: int

    @property
    def percent(self) -> Decimal | None:
        if not self.whole:
            return None
        return (Decimal(self.part * 100) / self.whole).quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def words(self) -> str:
        """`66.7%（2/3）`."""
        return f"{self.percent}%（{self.part}/{self.whole}）" if self.whole else "—（0/0）"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Both ratios on a day: with a Party organization of its own or a joint one; with that or an instructor."""

    day: date
    organized: Ratio
    reached: Ratio


def coverage(forms: Iterable[str | None], day: date) -> Coverage:
    """`forms`: what each organization has, None where it has not been reported; such a one counts as not covered."""
    found = list(forms)
    return Coverage(
        day,
        Ratio(sum(f in ORGANIZED for f in found), len(found)),
        Ratio(sum(f in REACHED for f in found), len(found)),
    )
