"""Steps of a need, deadlines and the keys by which it is found: what every verb here writes along."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import F

from accounts.models import Area, Role, RoleGrant, User
from accounts.rules import held
from audit.services import record
from core.clock import local
from core.errors import DomainError
from core.pinyin import initials
from needs.domain import cycle, similar
from needs.models import Duty, Need, NeedStep, NeedTerms
from workdays.models import DayOverride


class NeedAlreadyHandled(DomainError):
    message = "该需求现在是“{state}”，不能{act}。请刷新页面查看。"


class NeedMoved(DomainError):
    message = "这件需求刚刚由别人处理过，这次没有改动。请看下面的最新情况再办。"
    status = 409


class ReasonMissing(DomainError):
    message = "请写明理由。"


VERBS = {
    "analyse": "needs.analysed", "begin": "needs.begun", "order": "needs.ordered", "finish": "needs.finished",
    "answer": "needs.answered", "tell": "needs.told", "close": "needs.closed", "give_back": "needs.returned",
    "hold": "needs.held", "resume": "needs.resumed", "refuse": "needs.refused", "reopen": "needs.reopened",
    "transfer": "needs.transferred", "refer": "needs.referred", "escalate": "needs.escalated",
    "overdue": "needs.overdue", "assign": "needs.assigned", "merge": "needs.merged", "split": "needs.split",
    "publish": "needs.published", "unpublish": "needs.unpublished", "rate": "needs.rated",
}  # fmt: skip


def role_of(by: User | None, community: Area) -> str:
    """In which role somebody acts on needs of a community, in words."""
    if by is None:
        return ""
    for grant in held(by):
        if community.path.startswith(grant.path) or grant.path.startswith(community.path):
            return str(Role(grant.role).label)
    return ""


def step(need: Need, act: str, *, before: str, after: str, at: datetime, by: User | None, words: str = "") -> NeedStep:
    """Append to the history of a need."""
    name = by.display_name if by is not None else ""
    return NeedStep.objects.create(
        need=need, act=act, from_state=before, to_state=after, words=words[:1000], by=by, by_name=name,
        by_role=role_of(by, need.community), at=at,
    )  # fmt: skip


def terms_of(street_id: int) -> cycle.Terms:
    """A street's deadlines, or the usual ones."""
    row = NeedTerms.objects.filter(street=street_id).values(*cycle.Terms.__slots__).first()
    return cycle.Terms(**row) if row else cycle.Terms()


def overrides() -> dict[date, bool]:
    return dict(DayOverride.objects.values_list("day", "is_workday"))


def deadlines(*, state: str, route: str, street_id: int, at: datetime) -> dict[str, date | None]:
    """`due_on` and `escalate_on` of a need that waits for something new from now on."""
    days, off = cycle.term_of(state, route, terms_of(street_id)), overrides()
    due_on = cycle.due(local(at).date(), days, off)
    late = state in cycle.PENDING and due_on is not None
    return {"due_on": due_on, "escalate_on": cycle.due(due_on, 1, off) if late and due_on else None}


def assignees(community: Area, grid: Area | None) -> tuple[int | None, int | None]:
    """(A岗, B岗) for a new need: of its grid, else of its community, else the community's only worker.

    Who has left is passed over for her deputy.
    """
    areas = [a.pk for a in (grid, community) if a is not None]
    rows = {d.area_id: d for d in Duty.objects.filter(area__in=areas).select_related("worker", "deputy")}
    for pk in areas:
        duty = rows.get(pk)
        if duty is None:
            continue
        people = [p.pk for p in (duty.worker, duty.deputy) if p is not None and p.is_active]
        if people:
            return people[0], people[1] if len(people) > 1 else None
    alone = list(
        RoleGrant.objects.filter(role=Role.COMMUNITY, area=community, user__is_active=True)
        .order_by("user_id")
        .values_list("user_id", flat=True)[:2]
    )
    return (alone[0], None) if len(alone) == 1 else (None, None)


def found_by(words: str, community_id: int, street_id: int) -> dict[str, Any]:
    """`keys` and `initials` of a need with these words at this place."""
    scopes, letters = (f"c{community_id}", f"s{street_id}"), initials(words)
    return {"keys": similar.keys(words, scopes) + similar.initial_keys(letters, scopes), "initials": letters}


def move(
    need: Need, act: str, *, by: User | None, at: datetime, words: str = "", named: str = "", facts: dict[str, Any] | None = None,
    **changes: Any,
) -> Need:  # fmt: skip
    """Do an act of the table on a need as it was read: compare and swap, history, record. Needs an open transaction.

    `changes` are further columns; `named` is the act's name in the history where it differs. Raises ReasonMissing,
    NeedAlreadyHandled (not in this state), NeedMoved (somebody was faster).
    """
    if act in cycle.WITH_REASON and not words.strip():
        raise ReasonMissing
    before = need.state
    try:
        after = cycle.target(act, before, need.kept_state)
    except cycle.NotNow as error:
        raise NeedAlreadyHandled(state=need.get_state_display(), act=NeedStep.Act(act).label) from error
    if after != before:
        changes["stage_at"] = at
    swap(need, state=after, **changes)
    step(need, named or act, before=before, after=after, at=at, by=by, words=words.strip())
    record(
        actor=by, verb=VERBS[named or act], about=need, at=at, scope_id=need.street_id, reason=words.strip(),
        facts={"number": need.number, "from": before, "to": after} | (facts or {}),
    )  # fmt: skip
    need.refresh_from_db()
    return need


def swap(need: Need, **changes: Any) -> None:
    """Write columns if nobody has touched the need since it was read. Raises NeedMoved."""
    same = Need.objects.filter(pk=need.pk, version=need.version, state=need.state)
    if not same.update(version=F("version") + 1, **changes):
        raise NeedMoved


def people_at(need: Need, tier: str) -> Sequence[int]:
    """User ids of those who answer for a need at a level: its handlers and the community's workers, or the office."""
    if tier == Need.Tier.STREET:
        who = RoleGrant.objects.filter(role=Role.OFFICE, area=need.street_id, user__is_active=True)
    else:
        who = RoleGrant.objects.filter(role=Role.COMMUNITY, area=need.community_id, user__is_active=True)
    found = list(who.order_by("user_id").values_list("user_id", flat=True))
    return list(dict.fromkeys([*(pk for pk in (need.handler_id, need.deputy_id) if pk), *found]))


def record_overdue(need: Need, tier: str, at: datetime) -> None:
    """History and record of an escalation by itself; the need is as it was read before."""
    said = f"超过办理期限，自动上报到{Need.Tier(tier).label}。" if tier != need.tier else "超过办理期限，请街道督办。"
    step(need, "overdue", before=need.state, after=need.state, at=at, by=None, words=said)
    record(
        actor=None, verb="needs.overdue", about=need, at=at, scope_id=need.street_id,
        facts={"number": need.number, "tier": tier},
    )  # fmt: skip
