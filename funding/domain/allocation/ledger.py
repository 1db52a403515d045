"""Money left and places used while awards are given: what the limits still allow."""

from fractions import Fraction
from typing import NamedTuple

from funding.domain.allocation.model import Case, Project, Verdict, yuan


class Standing(NamedTuple):
    """A moment of a ledger: money left in fen, awards given, awards and fen per group."""

    left: int
    awards: int
    counts: tuple[int, ...]
    amounts: tuple[int, ...]


class Ledger:
    """Counts awards against the budget, the overall limit and each group's limits."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.left = case.budget
        self.awards = 0
        self.counts = [0] * len(case.groups)
        self.amounts = [0] * len(case.groups)
        self.orders: dict[int, int] = {}
        self._groups = {
            p.index: tuple(n for n, group in enumerate(case.groups) if group.holds(p)) for p in case.projects
        }

    def groups(self, project: Project) -> tuple[int, ...]:
        """Positions, in the case's list, of the groups that hold the project."""
        return self._groups[project.index]

    def standing(self) -> Standing:
        return Standing(self.left, self.awards, tuple(self.counts), tuple(self.amounts))

    def forbids(self, project: Project, amount: int, at: Standing | None = None) -> tuple[str, str] | None:
        """Return the code and the words of the limit that stops this award, or None. Money left is not asked here."""
        now = at or self
        most = self.case.max_awards
        if most is not None and now.awards >= most:
            return "max_awards", f"资助项目总数已达上限 {most} 项"
        for n in self._groups[project.index]:
            group = self.case.groups[n]
            if group.max_awards is not None and now.counts[n] >= group.max_awards:
                return "group_max_awards", f"本{group.label}已达上限 {group.max_awards} 项"
        for n in self._groups[project.index]:
            group = self.case.groups[n]
            if group.max_amount is not None and now.amounts[n] + amount > group.max_amount:
                words = f"本{group.label}资金上限 {yuan(group.max_amount)}，已用 {yuan(now.amounts[n])}"
                return "group_max_amount", f"{words}，容不下 {yuan(amount)}"
        return None

    def room(self, project: Project) -> int:
        """Fen that the money left and the group limits still allow this project."""
        room = self.left
        for n in self._groups[project.index]:
            most = self.case.groups[n].max_amount
            if most is not None:
                room = min(room, most - self.amounts[n])
        return room

    def take(self, project: Project, amount: int) -> int:
        """Book an award; returns its number in the order of awards, from 1."""
        self.left -= amount
        self.awards += 1
        for n in self._groups[project.index]:
            self.counts[n] += 1
            self.amounts[n] += amount
        self.orders[project.index] = len(self.orders) + 1
        return self.orders[project.index]

    def give_back(self, project: Project, amount: int) -> None:
        """Undo the latest award."""
        self.left += amount
        self.awards -= 1
        for n in self._groups[project.index]:
            self.counts[n] -= 1
            self.amounts[n] -= amount
        del self.orders[project.index]


def barred(case: Case, project: Project) -> Verdict | None:
    """The verdict on a project that no method may fund: no score, score too low, request cut below its minimum."""
    if project.score is None:
        return Verdict("no_score", "没有得分，不参加分配")
    if case.min_score is not None and project.score < case.min_score:
        words = f"；低于最低资助分数 {case.min_score_text} 分"
        return Verdict("below_min_score", words, needed_score=case.min_score)
    if project.request < project.minimum:
        words = f"；{project.cut}，低于最低可行金额 {yuan(project.minimum)}"
        return Verdict("below_minimum", words)
    return None


def score_to_pass(case: Case, project: Project, other: Project) -> Fraction:
    """The least score, in the file's own steps, that puts `project` before `other`."""
    assert other.score is not None  # noqa: S101 - only ranked projects are passed
    if case.tie_key(project) < case.tie_key(other):
        return other.score
    return other.score + Fraction(1, 10**case.score_places)
