"""Writing a draft: begin it, save what is there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from needs.models import LibraryTheme, Need, ServiceOrder
from organizations.models import Organization
from organizations.rules import acts_for
from projects import rules
from projects.domain.budget import Line, totals
from projects.domain.parts import Parts, goals_of
from projects.models import Proposal
from projects.services.budget import check_lines, write_lines
from projects.services.fields import PLAIN
from projects.services.heads import plain_pleas, write_pleas
from projects.services.moves import own_locked
from projects.services.parts import write_parts
from projects.services.returning import changed_fields, check_open_fields
from projects.services.sections import first_sections, is_page, put_sections
from projects.services.window import check_window
from rounds.models import Round, Theme


class KindNotInvited(DomainError):
    message = "本期申报主体不包括贵单位。"


class AlreadyApplied(DomainError):
    message = "贵单位在本期已有一份申报书，请继续填写那一份。"


class AllApplied(AlreadyApplied):
    message = "每个单位在本期最多申报 {most} 份，贵单位已有 {most} 份，请继续填写已有的申报书。"


class NotEditable(DomainError):
    message = "申报书已提交，不能再修改。如需修改，请等待初审退回补正。"


class ChangedMeanwhile(DomainError):
    message = "这份申报书刚刚在别处被修改过。下面是您填写的内容，尚未保存；请核对后再点一次保存，将以您填写的为准。"
    short = "这份申报书刚刚在别处被修改过，按“暂存”核对"


class MinimumTooHigh(DomainError):
    message = "最低可行金额 {minimum} 元高于申请资金 {requested} 元，请调低最低可行金额或核对预算。"


@transaction.atomic(durable=True)
def start_proposal(
    *, round_id: int, organization: Organization, title: str, by: User, at: datetime, order_ids: Sequence[int] = (),
    once_key: str | None = None, is_demo: bool = False, sketch: Mapping[str, str] | None = None,
) -> Proposal:  # fmt: skip
    """Begin a draft, from a sketch (see `sketch_of`) if one is given. The same `once_key` gives the same draft back.

    Raises NotAllowed, RoundNotYetOpen, RoundClosed, KindNotInvited, AlreadyApplied.
    """
    if not acts_for(by, organization.pk):
        raise NotAllowed
    Organization.objects.select_for_update().get(pk=organization.pk)
    if once_key and (known := Proposal.objects.filter(once_key=once_key, organization=organization).first()):
        return known
    round_ = Round.objects.get(pk=round_id)
    check_window(round_, at, organization.pk)
    if organization.street_id != round_.street_id or organization.kind not in round_.applicant_kinds:
        raise KindNotInvited
    known_here = Proposal.objects.in_round(round_).filter(organization=organization)
    if known_here.exclude(state=Proposal.State.WITHDRAWN).count() >= round_.entries:
        raise AlreadyApplied if round_.entries == 1 else AllApplied(most=round_.entries)
    proposal = Proposal.objects.create(
        round=round_, organization=organization, community_id=organization.community_id, title=title.strip(), created_by=by,
        created_at=at, saved_at=at, once_key=once_key, is_demo=is_demo, sections=first_sections(round_, organization),
        theme=_only_theme(round_), **(sketch or {}),
    )  # fmt: skip
    proposal.orders.set(ServiceOrder.objects.filter(pk__in=order_ids, round=round_).listed())
    if sketch and sketch.get("library_code"):
        write_parts(proposal, Parts(goals=goals_of(sketch.get("indicators", ""))))
    record(actor=by, verb="projects.started", about=proposal, at=at, scope_id=round_.street_id)
    return proposal


def _only_theme(round_: Round) -> Theme | None:
    """One page does not ask which theme where there is but one."""
    themes = list(round_.themes.all()[:2]) if is_page(round_) else []
    return themes[0] if len(themes) == 1 else None


def sketch_of(theme: LibraryTheme | None) -> dict[str, str]:
    """The first words of a proposal from a theme of the library: summary, plan, indicators, and which theme it was."""
    if theme is None:
        return {}
    return {
        "summary": f"为{theme.target_group}开展：{theme.activities}。",
        "plan": f"参考活动：{theme.activities}。请写明每项活动的时间、地点、人数和负责人。",
        "indicators": theme.indicators.replace(";", "\n").replace("\n ", "\n"),
        "library_code": theme.code,
    }


@transaction.atomic(durable=True)
def save_draft(
    *,
    proposal_id: int,
    facts: Mapping[str, Any],
    lines: Sequence[Line],
    need_ids: Sequence[int],
    order_ids: Sequence[int],
    revision: int,
    by: User,
    at: datetime,
    parts: Parts | None = None,
    pleas: Mapping[str, str] | None = None,
) -> Proposal:
    """Save what is there, complete or not. `facts`: the model fields of FIELDS; amounts follow from the lines.
    `parts`: the rows beside the budget, `pleas`: why a head has to go above its limit (head → reason); None leaves them.

    `revision` is the one the writer started from; what is stored already is not saved again, whatever the revision; raises
    ChangedMeanwhile when somebody saved something else in between, NotEditable,
    NotAllowed, FieldNotOpen (after a return only the marked fields), BadBudget, BudgetTooLarge, TooManyLines, NoPleasHere, MinimumTooHigh (after a
    return; a draft may still be out of balance).
    """
    proposal = own_locked(proposal_id, by)
    if not rules.can_write(by, proposal):
        raise NotEditable
    check_lines(lines, proposal.round.page_lines if is_page(proposal.round) else None)
    asked = None if pleas is None else plain_pleas(proposal.round, pleas)
    if proposal.revision != revision:
        if not changed_fields(proposal, facts, lines, need_ids, order_ids, parts, asked):
            return proposal  # the same again, its answer was lost
        raise ChangedMeanwhile
    if proposal.state == Proposal.State.RETURNED:
        changed = changed_fields(proposal, facts, lines, need_ids, order_ids, parts, asked)
        check_open_fields(proposal, changed)
    _put_facts(proposal, facts)
    proposal.requested = totals(lines).grant
    if (
        proposal.state != Proposal.State.DRAFT
        and proposal.minimum is not None
        and proposal.minimum > proposal.requested
    ):
        raise MinimumTooHigh(minimum=show_yuan(proposal.minimum), requested=show_yuan(proposal.requested))
    proposal.revision += 1
    proposal.saved_at = at
    proposal.save()
    proposal.needs.set(Need.objects.filter(pk__in=need_ids, street=proposal.round.street_id))
    proposal.orders.set(ServiceOrder.objects.filter(pk__in=order_ids, round=proposal.round_id).listed())
    if parts is not None:
        write_parts(proposal, parts)
    write_lines(proposal, lines)
    if asked is not None:
        write_pleas(proposal, asked)
    return proposal


def _put_facts(proposal: Proposal, facts: Mapping[str, Any]) -> None:
    for key in PLAIN:
        if key in facts:
            setattr(proposal, key, facts[key].strip() if isinstance(facts[key], str) else facts[key])
    put_sections(proposal, facts)
    if "theme" in facts:
        proposal.theme = (
            Theme.objects.filter(pk=facts["theme"], round=proposal.round_id).first() if facts["theme"] else None
        )
    if "community" in facts:
        places = Area.objects.communities().under(proposal.round.street)
        proposal.community = places.filter(pk=facts["community"]).first() if facts["community"] else None
