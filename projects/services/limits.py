"""超限例外: what the office decides about each plea before it decides on eligibility."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from projects import rules
from projects.domain.budget import Line
from projects.domain.findings import Limit
from projects.models import BudgetLine, LimitPlea, LimitRuling, Proposal
from projects.services.heads import excess, shares_of
from projects.services.moves import WrongState
from rounds.domain.heads import BLOCK, HeadShare, shares
from rounds.models import Round


class NoSuchPlea(DomainError):
    message = "这份申报书没有对这个科目申请例外，请刷新页面。"


class AlreadyRuled(DomainError):
    message = "这个科目的例外刚刚由{who}决定过：{outcome}。请刷新页面查看。"


class RulingReasonMissing(DomainError):
    message = "请写明决定的理由，申报单位会看到。"


class PleaOpen(DomainError):
    message = "申报单位申请了超限例外，要“通过”须先逐项决定：{told}。"


class PleaRefused(DomainError):
    message = "超限例外没有准许，已决定退回补正：{told}。请选择“退回补正”。"


class StillAbove(DomainError):
    message = "{told}。例外没有准许，须核减到限额以内。"


@dataclass(frozen=True, slots=True)
class Plea:
    """One plea of the version handed in last, with the ruling on it if there is one."""

    head: str
    words: str
    reason: str
    ruling: LimitRuling | None


def pleas_and_rulings(content: Mapping[str, Any], rulings: Iterable[LimitRuling]) -> list[Plea]:
    """The pleas of a version. A ruling counts as long as figures and plea are the same as when it was made."""
    made = {(r.head, r.words, r.asked): r for r in rulings}
    return [
        Plea(p["key"], p["words"], p["reason"], made.get((p["key"], p["words"], p["reason"])))
        for p in content.get("pleas", [])
    ]


def pleas_now(proposal: Proposal) -> list[Plea]:
    """The pleas of what was handed in last, with their rulings."""
    if not proposal.round.takes_waivers:
        return []
    version = proposal.versions.order_by("-number").first()
    if version is None or not version.content.get("pleas"):
        return []
    return pleas_and_rulings(version.content, proposal.rulings.select_related("ruled_by").order_by("pk"))


@transaction.atomic(durable=True)
def rule_on_limit(*, proposal_id: int, head: str, outcome: str, reason: str, by: User, at: datetime) -> LimitRuling:
    """Grant one plea, or refuse it: the budget is then returned, or has to be cut. Sent twice it is there once.

    Raises NotAllowed, RulingReasonMissing, WrongState, NoSuchPlea, AlreadyRuled.
    """
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("round__street", "organization")
        .get(pk=proposal_id)
    )
    if not rules.can_decide(by, proposal):
        raise NotAllowed
    words = reason.strip()
    if not words:
        raise RulingReasonMissing
    plea = next((p for p in pleas_now(proposal) if p.head == head), None)
    if plea is not None and plea.ruling is not None:
        if (plea.ruling.outcome, plea.ruling.reason, plea.ruling.ruled_by_id) == (outcome, words, by.pk):
            return plea.ruling
        raise AlreadyRuled(who=plea.ruling.ruled_by.display_name, outcome=plea.ruling.get_outcome_display())
    if proposal.state != Proposal.State.SUBMITTED:
        raise WrongState
    if plea is None:
        raise NoSuchPlea
    ruling = LimitRuling.objects.create(
        proposal=proposal, version=proposal.versions.order_by("-number")[0], head=head, words=plea.words, asked=plea.reason,
        outcome=LimitRuling.Outcome(outcome), reason=words, ruled_by=by, ruled_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="projects.limit_ruled", about=proposal, at=at, scope_id=proposal.round.street_id, reason=words,
        facts={"head": head, "outcome": outcome, "words": plea.words},
    )  # fmt: skip
    return ruling


def check_pleas(proposal: Proposal) -> None:
    """Before a pass: every plea is decided, none is to be returned. Raises PleaOpen, PleaRefused."""
    pleas = pleas_now(proposal)
    if waiting := [p.words for p in pleas if p.ruling is None]:
        raise PleaOpen(told="；".join(waiting))
    returned = [p.words for p in pleas if p.ruling and p.ruling.outcome == LimitRuling.Outcome.RETURN]
    if returned:
        raise PleaRefused(told="；".join(returned))


def returns_budget(proposal: Proposal) -> bool:
    """Whether a refused plea opens the budget in a return."""
    return any(p.ruling and p.ruling.outcome == LimitRuling.Outcome.RETURN for p in pleas_now(proposal))


def heads_to_cut(proposal: Proposal) -> list[str]:
    """Heads that have to be cut to within their limit."""
    return [p.head for p in pleas_now(proposal) if p.ruling and p.ruling.outcome == LimitRuling.Outcome.CUT]


def uncut(round_: Round, proposal_ids: Sequence[int]) -> list[str]:
    """Titles of proposals with a head that has to be cut and no cut yet; no query where the round takes no pleas."""
    if not round_.takes_waivers:
        return []
    waiting = Proposal.objects.filter(pk__in=proposal_ids, cuts=None, rulings__outcome=LimitRuling.Outcome.CUT)
    return [p.title for p in waiting.select_related("round").order_by("pk").distinct() if heads_to_cut(p)]


def check_cut(proposal: Proposal, lines: Iterable[BudgetLine], approved: Mapping[int, Decimal]) -> None:
    """After a cut the heads whose plea was refused are within their limit; own and other money stays. Raises StillAbove."""
    heads = heads_to_cut(proposal)
    if not heads:
        return
    rest = ((x.head, approved[x.position] + x.self_raised + x.other) for x in lines)
    above = [s for s in shares(rest, proposal.round.head_limits) if s.head in heads and s.verdict == BLOCK]
    if above:
        raise StillAbove(told="；".join("核减后" + excess(s) for s in above))


def limits_of(round_: Round, proposal_ids: list[int]) -> dict[int, tuple[Limit, ...]]:
    """Heads near or above their limits for the automatic check, by proposal; three statements, none where there are no limits."""
    if not round_.head_limits or not proposal_ids:
        return {}
    lines: dict[int, list[Line]] = {}
    columns = ("proposal_id", "head", "item", "unit_price", "quantity", "self_raised", "other")
    for pk, *line in BudgetLine.objects.filter(proposal__in=proposal_ids).order_by("proposal", "position").values_list(*columns):  # fmt: skip
        lines.setdefault(pk, []).append(Line(*line))
    asked = LimitPlea.objects.filter(proposal__in=proposal_ids).values_list("proposal_id", "head", "reason")
    pleas = {(pk, head): reason for pk, head, reason in asked} if round_.takes_waivers else {}
    rulings = {
        (r.proposal_id, r.head, r.words, r.asked): r for r in LimitRuling.objects.filter(proposal__in=proposal_ids).order_by("pk")
    }  # fmt: skip
    return {
        pk: tuple(_limit(pk, s, pleas, rulings) for s in shares_of(round_, found) if s.verdict != "ok")
        for pk, found in lines.items()
    }


def _limit(
    pk: int,
    s: HeadShare,
    pleas: Mapping[tuple[int, str], str],
    rulings: Mapping[tuple[int, str, str, str], LimitRuling],
) -> Limit:
    reason = pleas.get((pk, s.head), "")
    ruling = rulings.get((pk, s.head, excess(s), reason))
    return Limit(
        s.head, excess(s), s.verdict == BLOCK, reason, ruling.outcome if ruling else "", ruling.reason if ruling else ""
    )
