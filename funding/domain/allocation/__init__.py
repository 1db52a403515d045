"""Divides a round's money: `chuangtou/allocation@1` in, `chuangtou/award@1` out. Exact, and the same for every order
of the projects in the file, except where the tie order `input` is asked for.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from core.exact import digest, half_up_text
from funding.domain.allocation.descent import by_claim, by_class, by_rank
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, plain, yuan
from funding.domain.allocation.optimum import by_optimum
from funding.domain.allocation.phragmen import by_phragmen
from funding.domain.allocation.proportional import by_proportion
from funding.domain.allocation.reading import read
from funding.domain.allocation.shares import by_equal_shares
from funding.domain.allocation.tiers import by_tier

__all__ = ["allocate"]

_METHODS: dict[str, Callable[[Case], Outcomes]] = {
    "rank": by_rank,
    "tiers": by_tier,
    "classes": by_class,
    "claimed": by_claim,
    "proportional": by_proportion,
    "optimal": by_optimum,
    "equal_shares": by_equal_shares,
    "phragmen": by_phragmen,
}


def allocate(document: Any) -> dict[str, Any]:
    """Return the award document for an allocation document.

    Money is yuan with two places, as text. `order` counts the awards in the order in which they were decided (null
    without an award). `needed` tells, all else equal, the least score and the greatest request with which the project
    would have been funded, where the method can say so. `proven` stands with `optimal` only. Raises FormatError (path, code, Chinese sentence) for anything the format
    does not say, and for least numbers that cannot be met (`infeasible_minima`).
    """
    case = read(document)
    out = _METHODS[case.method["name"]](case)
    spent = sum(verdict.amount for verdict in out.verdicts.values())
    ranking = case.ranking()
    answer: dict[str, Any] = {
        "format": "chuangtou/award@1",
        "input_digest": digest(document),
        "spent": plain(spent),
        "left": plain(case.budget - spent),
        "awards": [
            _award(case, project, out.verdicts[project.index], place) for place, project in enumerate(ranking, start=1)
        ],
        "steps": [*out.steps, f"合计资助 {yuan(spent)}，预算 {yuan(case.budget)}，余额 {yuan(case.budget - spent)}。"],
    }
    if case.method["name"] == "optimal":
        answer["proven"] = out.proven
    return answer


def _award(case: Case, project: Project, verdict: Verdict, place: int) -> dict[str, Any]:
    return {
        "proposal": project.key,
        "amount": plain(verdict.amount),
        "outcome": verdict.outcome,
        "code": verdict.code,
        "reason": _reason(project, verdict, place),
        "order": verdict.order,
        "needed": {
            "score": None if verdict.needed_score is None else _score(verdict.needed_score, case),
            "amount": None if verdict.needed_amount is None else plain(verdict.needed_amount + project.taken_off),
        },
    }


def _score(value: Fraction, case: Case) -> str:
    """A score with as many decimals as the file's scores have."""
    return half_up_text(value, case.score_places)


def _reason(project: Project, verdict: Verdict, place: int) -> str:
    head = {
        "funded": f"获得资助 {yuan(verdict.amount)}：",
        "partial": f"获得部分资助 {yuan(verdict.amount)}：",
        "reserve": "列为备选：",
        "unfunded": "未获资助：",
    }[verdict.outcome]
    rank = "" if project.score is None else f"得分 {project.score_text}，排序第 {place} 位"
    return f"{head}{rank}{verdict.because}。"
