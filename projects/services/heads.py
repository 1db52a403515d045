"""The limits that a round sets on a budget: share of each head, cap for the kind of applicant; and pleas to go above."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.errors import DomainError
from core.money import show_yuan
from projects.domain.budget import Line, totals
from projects.models import LimitPlea, Proposal
from projects.services.budget import lines_of
from rounds.domain.heads import BLOCK, WARN, HeadShare, shares
from rounds.models import Round


class NoPleasHere(DomainError):
    message = "本期不接受预算科目超过限额的例外申请。"


def shares_of(round_: Round, lines: Sequence[Line]) -> list[HeadShare]:
    """Each limited head of a budget against its limit."""
    return shares(((x.head, x.amount) for x in lines), round_.head_limits)


def over_limits(round_: Round, kind: str, lines: Sequence[Line], pleas: Mapping[str, str] | None = None) -> list[str]:
    """Why a budget cannot be handed in, in sentences; empty if it can. A head above its limit needs a plea (head → reason)
    where the round takes them.
    """
    asked = (pleas or {}) if round_.takes_waivers else {}
    over = [s for s in shares_of(round_, lines) if s.verdict == BLOCK and not asked.get(s.head)]
    found = [s.words + ("，或者写明理由申请例外" if round_.takes_waivers else "") for s in over]
    cap = round_.kind_caps.get(kind)
    if cap is not None and totals(lines).grant > Decimal(cap):
        said = dict(Round.Applicant.choices).get(kind, "本单位")
        found.append(f"{said}申请资金不能超过 {show_yuan(Decimal(cap))} 元，请调减")
    return found


def near_limits(round_: Round, lines: Sequence[Line]) -> list[str]:
    """What comes near a limit without breaking it, in sentences."""
    return [s.words for s in shares_of(round_, lines) if s.verdict == WARN]


def pleas_of(proposal: Proposal) -> dict[str, str]:
    """The stored pleas: head → reason."""
    return dict(proposal.pleas.order_by("pk").values_list("head", "reason")) if proposal.round.takes_waivers else {}


def plain_pleas(round_: Round, pleas: Mapping[str, str]) -> dict[str, str]:
    """Those that say something, of heads that the round limits. Raises NoPleasHere."""
    found = {head: words.strip() for head, words in pleas.items() if words.strip() and head in round_.head_limits}
    if found and not round_.takes_waivers:
        raise NoPleasHere
    return found


def write_pleas(proposal: Proposal, pleas: Mapping[str, str]) -> None:
    """Put pleas in the place of those stored; inside the caller's transaction."""
    proposal.pleas.all().delete()
    LimitPlea.objects.bulk_create(LimitPlea(proposal=proposal, head=h, reason=r) for h, r in pleas.items())


def excess(share: HeadShare) -> str:
    """`人员费占总预算 40.00%，限额 30%`: how a plea and a ruling name what they are about."""
    return f"{share.label}占总预算 {share.percent}%，限额 {share.limit}%"


def pleas_content(proposal: Proposal) -> list[dict[str, str]]:
    """The pleas that count, as plain JSON for a version: of heads that are above their limit."""
    asked = pleas_of(proposal)
    if not asked:
        return []
    over = [s for s in shares_of(proposal.round, lines_of(proposal)) if s.verdict == BLOCK and s.head in asked]
    return [{"key": s.head, "head": s.label, "words": excess(s), "reason": asked[s.head]} for s in over]
