"""`phragmen`: each project's cost is a load that its supporters share; the least maximal load is bought next.

Rule: Phragmén (1894) for budgets, as in Los, Christoff and Grossi (2022), stopping at the first purchase that the
budget does not pay. Exact fractions.
"""

from fractions import Fraction

from core.exact import plain_text
from funding.domain.allocation.ledger import Ledger
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, yuan
from funding.domain.allocation.shares import ABOVE, BELOW, Electorate, screened


def by_phragmen(case: Case) -> Outcomes:
    """Buy sequentially. Raises FormatError where there are no ballots."""
    out = Outcomes()
    projects = screened(case, out)
    electorate = Electorate(case, projects)
    ledger = Ledger(case)
    loads = [0] * len(electorate.counts)  # over `unit`, in fen
    unit = 1
    waiting = [p for p in projects if electorate.size[p.index]]
    # A load never falls, so what a purchase would have meant earlier is a lower bound: look again only while it may win.
    floor = {p.index: 0.0 for p in waiting}
    stopped: Project | None = None
    while True:
        waiting = [p for p in waiting if ledger.forbids(p, p.request) is None]
        if not waiting:
            break
        least, equal = _lightest(waiting, electorate, loads, unit, floor)
        stopped = next((p for p in equal if p.request > ledger.left), None)
        if stopped is not None:
            break
        project = equal[0]
        if least.denominator != 1:
            loads = [load * least.denominator for load in loads]
            unit *= least.denominator
        for n in electorate.supporters[project.index]:
            loads[n] = least.numerator
        waiting.remove(project)
        order = ledger.take(project, project.request)
        size, each = electorate.size[project.index], plain_text(Fraction(least.numerator, unit) / 100, 4)
        words = f"，{size} 张选票支持，购买后每位支持者负担 {each} 元（第 {order} 个入选）"
        if project.cut:
            words = f"，{project.cut}{words}"
        out.verdicts[project.index] = Verdict("funded", words, "funded", project.request, order)
        out.step(
            f"{project.key} 由 {size} 张选票分担，每位负担 {each} 元，"
            f"资助 {yuan(project.request)}，余额 {yuan(ledger.left)}。"
        )
    for project in projects:
        if project.index not in out.verdicts:
            out.verdicts[project.index] = _refused(electorate, ledger, project, stopped)
    return out


def _lightest(
    waiting: list[Project], electorate: Electorate, loads: list[int], unit: int, floor: dict[int, float]
) -> tuple[Fraction, list[Project]]:
    """The least maximal load, over `unit`, and the projects that reach it, in the order of `waiting`; raises the floors."""
    least: Fraction | None = None
    above = 0.0
    equal: set[int] = set()
    counts = electorate.counts
    for p in sorted(waiting, key=lambda p: floor[p.index]):
        if least is not None and floor[p.index] > above:
            break
        who = electorate.supporters[p.index]
        top = Fraction(p.request * unit + sum(loads[n] * counts[n] for n in who), electorate.size[p.index])
        exact = float(Fraction(top.numerator, top.denominator * unit))
        floor[p.index] = exact * BELOW
        if least is None or top < least:
            least, equal, above = top, {p.index}, exact * ABOVE
        elif top == least:
            equal.add(p.index)
    assert least is not None  # noqa: S101 - asked only while something waits
    return least, [p for p in waiting if p.index in equal]


def _refused(electorate: Electorate, ledger: Ledger, project: Project, stopped: Project | None) -> Verdict:
    limit = ledger.forbids(project, project.request)
    if limit is not None:
        return Verdict(limit[0], f"；{limit[1]}")
    size = electorate.size[project.index]
    if not size:
        return Verdict("not_enough_support", "；没有选票支持")
    if project is stopped:
        words = f"；轮到本项目时余额 {yuan(ledger.left)}，不足以支付 {yuan(project.request)}，分配到此为止"
        return Verdict("budget_left_too_small", words, needed_amount=ledger.left or None)
    key = "" if stopped is None else stopped.key
    return Verdict("stopped_before", f"；{size} 张选票支持，分配到 {key} 为止，余额 {yuan(ledger.left)}")
