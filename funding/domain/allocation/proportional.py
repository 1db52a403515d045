"""`proportional`: the budget divided by score, no one above its request, the excess shared again."""

from fractions import Fraction

from core.errors import FormatError
from core.exact import plain_text
from funding.domain.allocation.ledger import Ledger, barred
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, natural, yuan


def by_proportion(case: Case) -> Outcomes:
    """Share the budget by score. Raises FormatError for limits that this method cannot keep."""
    for group in case.groups:
        if group.min_awards:
            raise FormatError(f"{group.path}.min_awards", "limit_not_available", "按得分比例分配时不能规定最少项数。")
    out = Outcomes()
    ranking = case.ranking()
    dropped: set[int] = set()
    for project in ranking:
        verdict = barred(case, project)
        if verdict is not None:
            out.verdicts[project.index] = verdict
            dropped.add(project.index)
    while True:
        chosen, stopped = _chosen(case, [p for p in ranking if p.index not in dropped])
        exact = shares(case, chosen)
        amounts = rounded(case, chosen, exact)
        short = [p for p in chosen if amounts[p.index] < max(1, p.minimum)]
        if not short:
            break
        last = short[-1]
        dropped.add(last.index)
        got = amounts[last.index]
        why = (
            f"；按比例可得 {yuan(got)}，低于最低可行金额 {yuan(last.minimum)}"
            if last.minimum > got
            else "；按比例可得 0.00 元"
        )
        out.verdicts[last.index] = Verdict("below_minimum", why)
        out.step(f"{last.key} 得分 {last.score_text}，{why[1:]}，退出后重新分配。")
    out.verdicts.update(stopped)
    total = sum((p.score for p in chosen if p.score is not None), Fraction(0))
    if chosen:
        out.step(
            f"{len(chosen)} 项得分合计 {_short(total)}，按得分比例分配 {yuan(case.budget)}，向下取整到 {yuan(case.unit)}。"
        )
    left = case.budget
    for order, project in enumerate(chosen, start=1):
        amount = amounts[project.index]
        left -= amount
        capped = exact[project.index] == project.request
        reach = "，已达核减后的申报金额" if project.cut else "，已达申报金额"
        words = (
            f"，占参加分配得分合计 {_short(total)} 分中的 {project.score_text} 分，按比例分配{reach if capped else ''}"
        )
        out.verdicts[project.index] = Verdict("funded", words, "funded", amount, order)
        out.step(f"{project.key} 得分 {project.score_text}，资助 {yuan(amount)}，余额 {yuan(left)}。")
    return out


def _short(value: Fraction) -> str:
    return plain_text(value, 40)


def _chosen(case: Case, ranking: list[Project]) -> tuple[list[Project], dict[int, Verdict]]:
    """Those whom the limits on numbers let share, best first, and the verdicts on the others."""
    ledger = Ledger(case)
    chosen, stopped = [], {}
    for project in ranking:
        limit = ledger.forbids(project, 0)
        if limit is None:
            ledger.take(project, 0)
            chosen.append(project)
        else:
            stopped[project.index] = Verdict(limit[0], f"；{limit[1]}")
    return chosen, stopped


def shares(case: Case, chosen: list[Project]) -> dict[int, Fraction]:
    """Exact shares in fen by water-filling: all rise in proportion to their scores until the budget is spent; who
    reaches its request, or a group's limit, stays there while the others rise on.
    """
    exact = {p.index: Fraction(0) for p in chosen}
    rising = {p.index: p.score for p in chosen if p.score is not None and p.score > 0 and p.request > 0}
    requests = {p.index: p.request for p in chosen}
    pools = [(case.budget, {p.index for p in chosen})]
    pools += [
        (group.max_amount, {p.index for p in chosen if group.holds(p)})
        for group in case.groups
        if group.max_amount is not None
    ]
    while rising:
        steps = [(requests[i] - exact[i]) / weight for i, weight in rising.items()]
        for most, members in pools:
            weight = sum((w for i, w in rising.items() if i in members), Fraction(0))
            if weight:
                steps.append((most - sum((exact[i] for i in members), Fraction(0))) / weight)
        step = min(steps)
        for i, weight in rising.items():
            exact[i] += weight * step
        full = {i for i in rising if exact[i] == requests[i]}
        for most, members in pools:
            if sum((exact[i] for i in members), Fraction(0)) == most:
                full |= members
        rising = {i: w for i, w in rising.items() if i not in full}
    return exact


def rounded(case: Case, chosen: list[Project], exact: dict[int, Fraction]) -> dict[int, int]:
    """Round the shares down to the unit and give the units left over by largest fraction, then score, then key."""
    unit = case.unit
    amounts = {i: int(share // unit) * unit for i, share in exact.items()}
    rest = int(sum(exact.values(), Fraction(0)) - sum(amounts.values())) // unit
    queue = sorted(
        chosen,
        key=lambda p: (amounts[p.index] - exact[p.index], -(p.score or Fraction(0)), natural(p.key)),
    )
    requests = {p.index: p.request for p in chosen}
    groups = [(g.max_amount, {p.index for p in chosen if g.holds(p)}) for g in case.groups if g.max_amount is not None]
    while rest:
        given = 0
        for project in queue:
            i = project.index
            if not exact[i] or rest == given or amounts[i] + unit > requests[i]:
                continue
            if any(i in members and sum(amounts[m] for m in members) + unit > most for most, members in groups):
                continue
            amounts[i] += unit
            given += 1
        rest -= given
        if not given:
            break
    return amounts
