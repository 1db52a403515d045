"""The book of one allocation: money left, limits used, what became of each proposal and why."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core.exact import half_up
from core.reading import FormatError
from funding.domain.reading import Allocation, Candidate, Group


def yuan(amount: Fraction) -> str:
    """`30,000.00`."""
    return f"{half_up(amount, 2):,.2f}"


def plain(value: Fraction | None) -> str:
    """A score as a person writes it: two decimals unless it has more."""
    if value is None:
        return "无"
    two = half_up(value, 2)
    return f"{two}" if Fraction(two) == value else str(half_up(value, 4))


@dataclass(slots=True)
class Entry:
    """What became of one proposal."""

    amount: Fraction = Fraction(0)
    outcome: str = "unfunded"
    code: str = ""
    words: str = ""
    label: str = ""
    needed_score: Fraction | None = None
    needed_amount: Fraction | None = None
    decided: int = 0


class Book:
    """Collects decisions in the order in which they are made."""

    def __init__(self, job: Allocation) -> None:
        self.job = job
        self.left = job.budget
        self.entries = {c.key: Entry() for c in job.candidates}
        self.steps: list[str] = [f"资金总额 {yuan(job.budget)} 元，项目 {len(job.candidates)} 个。"]
        self.funded: list[Candidate] = []
        self.rank = {c.key: i for i, c in enumerate(job.candidates, 1)}

    def open(self, c: Candidate) -> bool:
        """Whether nothing has been decided about a candidate yet."""
        return not self.entries[c.key].code

    def pay(self, c: Candidate, amount: Fraction, how: str, label: str = "") -> None:
        """Fund a candidate: in full, or partly when the amount is below its request for want of money."""
        entry = self.entries[c.key]
        entry.amount, entry.label = amount, label
        self.left -= amount
        self.funded.append(c)
        entry.decided = len(self.funded)
        entry.outcome = entry.code = "funded"
        entry.words = how
        self.steps.append(f"{entry.decided}. {c.name}：{how}，资助 {yuan(amount)} 元，余额 {yuan(self.left)} 元。")

    def refuse(self, c: Candidate, code: str, words: str) -> None:
        """Leave a candidate without money, with its code and the end of its sentence."""
        entry = self.entries[c.key]
        entry.code, entry.words = code, words
        self.steps.append(f"{c.name}：不资助，{words}。")

    def screen(self) -> list[Candidate]:
        """Refuse who has no score, is below the line, or whose cut request is below its own minimum; return the rest."""
        line = self.job.limits.min_score
        rest = []
        for c in self.job.candidates:
            if c.score is None:
                self.refuse(c, "no_score", "没有有效得分")
            elif line is not None and c.score < line:
                self.refuse(c, "below_min_score", f"得分 {plain(c.score)} 低于最低得分线 {plain(line)}")
                self.entries[c.key].needed_score = line
            elif c.request < c.minimum:
                self.refuse(
                    c, "below_minimum", f"核定后的金额 {yuan(c.request)} 元低于最低可行金额 {yuan(c.minimum)} 元"
                )
            else:
                rest.append(c)
        return rest

    def groups_of(self, c: Candidate) -> list[Group]:
        return [g for g in self.job.limits.groups if c.attrs.get(g.attr) == g.value]

    def members(self, group: Group) -> list[Candidate]:
        """Funded candidates of a group."""
        return [c for c in self.funded if c.attrs.get(group.attr) == group.value]

    def forbids(self, c: Candidate, amount: Fraction) -> tuple[str, str] | None:
        """Code and words of the limit that stands against paying this amount, or None."""
        most = self.job.limits.max_awards
        if most is not None and len(self.funded) >= most:
            return "max_awards", f"资助项目数已达上限 {most} 项"
        for group in self.groups_of(c):
            inside = self.members(group)
            if group.max_awards is not None and len(inside) >= group.max_awards:
                return "group_max_awards", f"“{group.value}”已达上限 {group.max_awards} 项"
            if group.max_amount is not None:
                spent = sum((self.entries[m.key].amount for m in inside), Fraction(0))
                if spent + amount > group.max_amount:
                    return (
                        "group_max_amount",
                        f"“{group.value}”已资助 {yuan(spent)} 元，加上 {yuan(amount)} 元将超过该组上限 {yuan(group.max_amount)} 元",
                    )
        return None

    def minima(self, rest: list[Candidate], amount_of: Any) -> None:
        """Take the best eligible of each group with a minimum first. Raises `infeasible_minima`."""
        for i, group in enumerate(self.job.limits.groups):
            while len(self.members(group)) < group.min_awards:
                choice = next(
                    (
                        c
                        for c in rest
                        if self.open(c)
                        and c.attrs.get(group.attr) == group.value
                        and amount_of(c) <= self.left
                        and self.forbids(c, amount_of(c)) is None
                    ),
                    None,
                )
                if choice is None:
                    raise FormatError(
                        f"limits.groups[{i}].min_awards",
                        "infeasible_minima",
                        f"“{group.value}”至少要资助 {group.min_awards} 项，现有项目和资金无法满足。",
                    )
                self.pay(choice, amount_of(choice), f"“{group.value}”至少资助 {group.min_awards} 项，优先入选")

    def mark_reserve(self) -> None:
        """The first unfunded project that meets the line and that no limit forbids becomes the reserve."""
        for c in self.job.candidates:
            entry = self.entries[c.key]
            if entry.code in ("budget_left_too_small", "stopped_before") and self.forbids(c, c.request) is None:
                entry.outcome = "reserve"
                return

    def answer(self) -> list[dict[str, Any]]:
        """The awards in ranking order."""
        rows = []
        for c in self.job.candidates:
            e = self.entries[c.key]
            rows.append(
                {
                    "proposal": c.key,
                    "amount": str(half_up(e.amount, 2)),
                    "outcome": e.outcome,
                    "code": e.code,
                    "reason": self._sentence(c, e),
                    "order": e.decided or None,
                    "needed": {
                        "score": None if e.needed_score is None else str(half_up(e.needed_score, 2)),
                        "amount": None if e.needed_amount is None else str(half_up(e.needed_amount, 2)),
                    },
                }
            )
        return rows

    def _sentence(self, c: Candidate, e: Entry) -> str:
        place = "没有有效得分" if c.score is None else f"得分 {plain(c.score)}，第 {self.rank[c.key]} 位"
        if e.amount or e.outcome in ("funded", "partial"):
            return f"获得资助 {yuan(e.amount)} 元：{place}，{e.words}。"
        head = "列为备选" if e.outcome == "reserve" else "未获资助"
        return f"{head}：{e.words}。" if c.score is None else f"{head}：{place}；{e.words}。"
