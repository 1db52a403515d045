"""Several plans of a round side by side, and what another pool would change."""

from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.rules import street_ids
from accounts.web import person
from core.errors import DomainError
from funding import rules
from funding.domain.allocation import allocate
from funding.models import AllocationPlan, Award
from judging.domain.scoring import compute
from rounds.models import Round

MOST = 4  # plans side by side
STEPS = (-10, -5, 5, 10)  # per cent of the pool
WORTH_TRYING = 300  # projects; above, trying four pools at once would keep a page waiting
WORTH_SEATS = 3_000  # projects times judges, for the same reason


@dataclass(frozen=True, slots=True)
class Row:
    """One project: its award in each plan (None where it is not in it), and whether the plans differ."""

    title: str
    organization: str
    theme: str
    score: Decimal | None
    requested: Decimal
    amounts: list[Decimal | None]
    differs: bool


@require_safe
@never_cache
def plan_compare(request: HttpRequest, round_id: int) -> HttpResponse:
    """`?plan=` two to four plans: what changes for whom. One plan: what a pool of five or ten per cent more or less would change."""
    user = person(request)
    readable = Round.objects.filter(street__in=street_ids(user, *rules.READERS)).select_related("street")
    round_ = get_object_or_404(readable, pk=round_id)
    plans = list(rules.visible_plans(user).filter(round=round_).order_by("-version")[:30])
    wanted = {text for text in request.GET.getlist("plan") if text.isascii() and text.isdigit()}
    chosen = [p for p in plans if str(p.pk) in wanted][:MOST] or plans[:2]
    chosen.sort(key=lambda p: p.version)
    awards = list(
        Award.objects.filter(plan__in=chosen)
        .select_related("proposal__organization", "proposal__theme")
        .order_by("place")
    )
    facts = {
        "round": round_, "plans": plans, "chosen": chosen, "chosen_ids": {p.pk for p in chosen}, "rows": side_by_side(chosen, awards),
        "totals": [_total(plan, awards) for plan in chosen], "themes": _themes(chosen, awards),
        "trials": trials(chosen[0]) if len(chosen) == 1 else [], "seats": seats(chosen[0]) if len(chosen) == 1 else [], "most": MOST,
    }  # fmt: skip
    return render(request, "funding/compare.html", facts)


def side_by_side(plans: list[AllocationPlan], awards: list[Award]) -> list[Row]:
    """Projects in the order of the last plan, then those that only earlier ones have."""
    order = sorted(awards, key=lambda a: (-[p.pk for p in plans].index(a.plan_id), a.place))
    by_pair = {(a.plan_id, a.proposal_id): a for a in awards}
    rows = []
    for proposal in dict.fromkeys(a.proposal_id for a in order):
        own = [by_pair.get((p.pk, proposal)) for p in plans]
        one = next(a for a in reversed(own) if a is not None)
        amounts = [None if a is None else a.amount for a in own]
        rows.append(
            Row(
                one.proposal.title, one.proposal.organization.name, one.proposal.theme.name if one.proposal.theme else "",
                one.score, one.requested, amounts, len(set(amounts)) > 1,
            )
        )  # fmt: skip
    return rows


def _total(plan: AllocationPlan, awards: list[Award]) -> dict[str, Any]:
    own = [a for a in awards if a.plan_id == plan.pk]
    spent = sum((a.amount for a in own), Decimal(0))
    return {
        "plan": plan, "spent": spent, "left": plan.pool - spent, "funded": sum(a.amount > 0 for a in own),
        "points": sum((a.score or Decimal(0) for a in own if a.amount > 0), Decimal(0)),
    }  # fmt: skip


def _themes(plans: list[AllocationPlan], awards: list[Award]) -> list[tuple[str, list[tuple[int, Decimal]]]]:
    """Theme → per plan: how many are funded and with how much."""
    count: Counter[tuple[str, int]] = Counter()
    money: Counter[tuple[str, int]] = Counter()
    names = dict.fromkeys(a.proposal.theme.name if a.proposal.theme else "" for a in awards)
    for a in awards:
        if a.amount > 0:
            key = (a.proposal.theme.name if a.proposal.theme else "", a.plan_id)
            count[key] += 1
            money[key] += a.amount
    return [(name, [(count[name, p.pk], Decimal(money[name, p.pk])) for p in plans]) for name in names]


def trials(plan: AllocationPlan) -> list[dict[str, Any]]:
    """The same formula with a pool of so many per cent more or less, down to the fen: whom it would change, by the engine.

    Manual values are left out on both sides. Empty above WORTH_TRYING projects.
    """
    document: dict[str, Any] = plan.document
    if len(document["proposals"]) > WORTH_TRYING:
        return []
    found = []
    for step in STEPS:
        pool = (plan.pool * (100 + step) / 100).quantize(Decimal("0.01"), ROUND_DOWN)
        found.append({"step": step, "pool": pool, **_tried(plan, {**document, "budget": f"{pool:.2f}"})})
    return found


def seats(plan: AllocationPlan) -> list[dict[str, Any]]:
    """The same formula with the sheets of one judge left out at a time: whose money hangs on that judge, by both engines.

    Judges are named by seat. Empty for tick-votes and ballots, and where it would keep the page waiting.
    """
    scoring, document = plan.result.scoring, plan.document
    many = len(document["proposals"]) * len(scoring["judges"])
    if "ballots" in document or scoring["rule"]["aggregate"] == "ticks" or many > WORTH_SEATS:
        return []
    found = []
    for judge in (seat["key"] for seat in scoring["judges"]):
        sheets = [sheet for sheet in scoring["sheets"] if sheet["judge"] != judge]
        seat = judge.removeprefix("J")
        try:
            result = compute({**scoring, "sheets": sheets})
        except DomainError as error:
            found.append({"seat": seat, "refused": error.message})
            continue
        scores = {r["proposal"]: r["score"] for r in result["results"] if r["outcome"] == "ranked"}
        kept = [p | {"score": scores[p["key"]]} for p in document["proposals"] if p["key"] in scores]
        found.append({"seat": seat, **_tried(plan, {**document, "proposals": kept})})
    return found


def _tried(plan: AllocationPlan, document: dict[str, Any]) -> dict[str, Any]:
    """What a changed document changes against the plan's formula: (name, before, after), or why it cannot be counted."""
    try:
        answer = allocate(document)
    except DomainError as error:
        return {"refused": error.message}
    names = {p["key"]: p["name"] for p in plan.document["proposals"]}
    now = {a["proposal"]: Decimal(a["amount"]) for a in plan.answer["awards"]}
    then = {a["proposal"]: Decimal(a["amount"]) for a in answer["awards"]}
    changed = [(names[key], now[key], then.get(key, Decimal(0))) for key in now if now[key] != then.get(key, 0)]
    return {"changed": changed, "spent": Decimal(answer["spent"])}


def changes(plan: AllocationPlan) -> list[Row]:
    """What a correction changes against the plan it corrects: only projects whose amount differs."""
    if plan.supersedes is None:
        return []
    plans = [plan.supersedes, plan]
    awards = (
        Award.objects.filter(plan__in=plans)
        .select_related("proposal__organization", "proposal__theme")
        .order_by("place")
    )
    return [row for row in side_by_side(plans, list(awards)) if row.differs]
