"""`optimal`: the greatest sum of scores that the budget and the limits allow, proven."""

from fractions import Fraction

from core.errors import FormatError
from core.exact import plain_text
from funding.domain.allocation.crossing import Task, best_set
from funding.domain.allocation.knapsack import Limit
from funding.domain.allocation.ledger import Ledger, barred
from funding.domain.allocation.minima import taken_first
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, yuan

NOTHING = (
    "limits.groups", "infeasible_minima", "各组最少项数与预算、各项限制不能同时满足：没有任何一种组合都做得到。"
)  # fmt: skip


def by_optimum(case: Case) -> Outcomes:
    """Fund the best set in full, or from its minimum amounts up where `partial`. Raises FormatError
    `infeasible_minima`. `proven` is False only where the search was given up; the set then is allowed, not the best.
    """
    out = Outcomes()
    ranking = case.ranking()
    eligible = []
    for project in ranking:
        verdict = barred(case, project)
        if verdict is None:
            eligible.append(project)
        else:
            out.verdicts[project.index] = verdict
    costs = [p.minimum if case.method["partial"] else p.request for p in eligible]
    limits = [
        Limit(
            frozenset(n for n, p in enumerate(eligible) if group.holds(p)),
            group.max_amount,
            group.min_awards,
            group.max_awards,
        )
        for group in case.groups
    ]
    scale = 10**case.score_places
    scores = [int((p.score or Fraction(0)) * scale) for p in eligible]
    task = Task(scores, costs, case.budget, case.max_awards, limits)
    try:
        known, unsettled = _known(case, eligible, costs), None
    except FormatError as error:
        if error.code != "minima_unsettled":
            raise
        known, unsettled = None, error
    found = best_set(task, known)
    if found.chosen is None and unsettled:
        raise FormatError(*NOTHING) if found.proven else unsettled
    out.proven = found.proven
    _pay(case, eligible, costs, found.chosen or frozenset(), out)
    return out


def _known(case: Case, eligible: list[Project], costs: list[int]) -> frozenset[int]:
    """An allowed set: the least numbers first, then down the ranking."""
    cost = {p.index: c for p, c in zip(eligible, costs, strict=True)}
    ledger = Ledger(case)
    for project in taken_first(case, eligible, lambda p: cost[p.index]):
        ledger.take(project, cost[project.index])
    for project in eligible:
        amount = cost[project.index]
        worth = project.score is not None and project.score > 0
        if (
            worth
            and project.index not in ledger.orders
            and amount <= ledger.left
            and not ledger.forbids(project, amount)
        ):
            ledger.take(project, amount)
    return frozenset(n for n, p in enumerate(eligible) if p.index in ledger.orders)


def _pay(case: Case, eligible: list[Project], costs: list[int], chosen: frozenset[int], out: Outcomes) -> None:
    ledger = Ledger(case)
    amounts = {n: costs[n] for n in sorted(chosen)}
    for n in amounts:
        ledger.take(eligible[n], costs[n])
    total = sum((eligible[n].score or Fraction(0) for n in chosen), Fraction(0))
    sum_text = plain_text(total, 40)
    best = "已证明为总分最高的组合" if out.proven else "是找到的最好组合，但未能证明总分最高"
    out.step(f"选出 {len(chosen)} 项，总分 {sum_text}，占用 {yuan(case.budget - ledger.left)}，{best}。")
    if case.method["partial"]:
        for n in sorted(chosen):
            more = min(ledger.room(eligible[n]), eligible[n].request - costs[n])
            if more > 0:
                amounts[n] += more
                ledger.left -= more
                for group in ledger.groups(eligible[n]):
                    ledger.amounts[group] += more
                out.step(f"按排名把 {eligible[n].key} 由最低可行金额增加 {yuan(more)}，余额 {yuan(ledger.left)}。")
    kind = "总分最高的组合" if out.proven else "所选组合"
    left = case.budget
    for n, project in enumerate(eligible):
        if n in amounts:
            whole = amounts[n] == project.request
            cut = f"，{project.cut}" if project.cut else ""
            pay = (
                "全额资助"
                if whole
                else f"申报 {yuan(project.request)}，先保最低可行金额 {yuan(project.minimum)}再按排名增加"
            )
            words = f"{cut}，在{kind}内（{len(chosen)} 项，总分 {sum_text}），{pay}"
            code = "funded" if whole else "partial"
            out.verdicts[project.index] = Verdict(
                code, words, "funded" if whole else "partial", amounts[n], ledger.orders[project.index]
            )
            left -= amounts[n]
            out.step(f"{project.key} 得分 {project.score_text}，资助 {yuan(amounts[n])}，余额 {yuan(left)}。")
        else:
            words = f"；不在{kind}内（{len(chosen)} 项，总分 {sum_text}，占用 {yuan(sum(amounts.values()))}）"
            words += f"，本项目需 {yuan(costs[n])}"
            out.verdicts[project.index] = Verdict("not_in_optimum", words)
            out.step(f"{project.key} 得分 {project.score_text}，不资助：{words[1:]}。")
