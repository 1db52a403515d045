"""The moves of a need: one verb each, all through the table in needs.domain.cycle.

`seen` is the version the person had before her eyes; whoever was faster wins, the other is told. Without `seen`, what
stands now counts.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Area, Role, RoleGrant, User
from core.clock import local
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from needs import rules
from needs.domain import cycle
from needs.models import Need, NeedRating
from needs.services.history import (
    NeedMoved,
    ReasonMissing,
    assignees,
    deadlines,
    found_by,
    move,
    people_at,
)
from needs.services.intake import tell_handler


class RouteMissing(DomainError):
    message = "请选择处置方式：马上办、归口办、协调办或制单。"


class BadDate(DomainError):
    message = "挂起的日期要晚于今天，最长一年。"


class TransferElsewhere(DomainError):
    message = "只能转交给本街道的另一个社区。"


class TopTier(DomainError):
    message = "这件需求已经在街道一级，不能再上报。"


class NotAWorker(DomainError):
    message = "承办人须是本社区的工作人员、网格员或创投办人员；A岗和B岗不能是同一人。"


class NotRatedYet(DomainError):
    message = "还没有评议。请先请居民评议；{day}之后仍无评议的，可以写明原因办结。"


class DepartmentMissing(DomainError):
    message = "请写明转交哪个部门。"


def taken(need_id: int, by: User, seen: int | None, *, worker: bool = False) -> Need:
    """The need as it stands, for somebody who may handle it (`worker`: or work on it in her grid).

    Raises NotAllowed, NeedMoved when it is not the version that was seen.
    """
    need = Need.objects.select_related("community", "street", "grid").get(pk=need_id)
    if not (rules.can_work(by, need) if worker else rules.can_handle(by, need)):
        raise NotAllowed
    if seen is not None and need.version != seen:
        raise NeedMoved
    return need


def again(need: Need, state: str, at: datetime, route: str | None = None) -> dict[str, Any]:
    """Deadlines that run from now on."""
    return deadlines(state=state, route=need.route if route is None else route, street_id=need.street_id, at=at)


NO_DEADLINE: dict[str, Any] = {"due_on": None, "escalate_on": None}


@transaction.atomic(durable=True)
def analyse_need(
    *, need_id: int, route: str, level: str, by: User, at: datetime, category: str = "", grid: Area | None = None, words: str = "",
    seen: int | None = None,
) -> Need:  # fmt: skip
    """分析: level, route and with it the deadline. Raises NotAllowed, RouteMissing, NeedMoved, NeedAlreadyHandled."""
    return analyse(
        need=taken(need_id, by, seen), route=route, level=level, category=category, grid=grid, words=words, by=by, at=at
    )


def analyse(
    *, need: Need, route: str, level: str, by: User, at: datetime, category: str = "", grid: Area | None = None, words: str = ""
) -> Need:  # fmt: skip
    """`analyse_need` within an open transaction."""
    if route not in Need.Route.values:
        raise RouteMissing
    if grid is not None and grid.parent_id != need.community_id:
        raise TransferElsewhere
    changes: dict[str, Any] = {"grid": grid} if grid is not None else {}
    return move(
        need, "analyse", by=by, at=at, words=words, facts={"route": route, "level": level}, route=route,
        level=level if level in Need.Level.values else "", category=category or need.category,
        **again(need, cycle.ANALYSED, at, route), **changes,
    )  # fmt: skip


@transaction.atomic(durable=True)
def begin_need(*, need_id: int, by: User, at: datetime, seen: int | None = None) -> Need:
    """处置 begins; the deadline of the analysis goes on. Raises NotAllowed, NeedMoved, NeedAlreadyHandled."""
    return move(taken(need_id, by, seen, worker=True), "begin", by=by, at=at)


@transaction.atomic(durable=True)
def finish_need(*, need_id: int, words: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """处置 is done; the people who asked must be told. Raises as begin_need, ReasonMissing without saying what was done."""
    return move(taken(need_id, by, seen, worker=True), "finish", by=by, at=at, words=words)


@transaction.atomic(durable=True)
def give_back_need(*, need_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """退回 one stage, with a reason; the deadline runs anew. Raises as begin_need, ReasonMissing."""
    need = taken(need_id, by, seen, worker=True)
    after = cycle.TABLE["give_back"].get(need.state, "")
    return move(need, "give_back", by=by, at=at, words=reason, **again(need, after, at))


@transaction.atomic(durable=True)
def hold_need(*, need_id: int, reason: str, until: date, by: User, at: datetime, seen: int | None = None) -> Need:
    """挂起 until a day, with a reason the resident reads. Raises as begin_need, ReasonMissing, BadDate."""
    need, today = taken(need_id, by, seen), local(at).date()
    if not 0 < (until - today).days <= 366:
        raise BadDate
    return move(need, "hold", by=by, at=at, words=reason, held_until=until, kept_state=need.state, **NO_DEADLINE)


@transaction.atomic(durable=True)
def resume_need(*, need_id: int, by: User, at: datetime, seen: int | None = None) -> Need:
    """Go on where a held need stood; the deadline runs anew. Raises as begin_need."""
    return resume(need=taken(need_id, by, seen), by=by, at=at)


def resume(*, need: Need, by: User | None, at: datetime, words: str = "") -> Need:
    """`resume_need` within an open transaction; `by` None: by itself, the day has come."""
    return move(
        need, "resume", by=by, at=at, words=words, held_until=None, kept_state="", **again(need, need.kept_state, at)
    )


@transaction.atomic(durable=True)
def refuse_need(*, need_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """不予受理, with a compulsory reason the resident reads. Raises as begin_need, ReasonMissing."""
    need = taken(need_id, by, seen)
    return move(need, "refuse", by=by, at=at, words=reason, refusal_reason=reason.strip(), **NO_DEADLINE)


@transaction.atomic(durable=True)
def reopen_need(*, need_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """Take a refused or closed need up again, with a reason. Raises as begin_need, ReasonMissing, RouteMissing."""
    need = taken(need_id, by, seen)
    if need.state == Need.State.CLOSED and not need.route:
        raise RouteMissing
    after = cycle.TABLE["reopen"].get(need.state, "")
    return move(need, "reopen", by=by, at=at, words=reason, refusal_reason="", closed_at=None, **again(need, after, at))


@transaction.atomic(durable=True)
def transfer_need(
    *, need_id: int, community: Area, reason: str, by: User, at: datetime, seen: int | None = None
) -> Need:
    """转交 to another community of the street, whose worker begins with the analysis. Raises as begin_need, TransferElsewhere."""
    need = taken(need_id, by, seen)
    if (
        community.kind != Area.Kind.COMMUNITY
        or community.street_id != need.street_id
        or community.pk == need.community_id
    ):
        raise TransferElsewhere
    handler, deputy = assignees(community, None)
    moved = move(
        need, "transfer", by=by, at=at, words=f"{need.community.name} → {community.name}：{reason.strip()}" if reason.strip() else "",
        facts={"community": community.pk}, community=community, grid=None, handler=handler, deputy=deputy, route="", level="",
        tier=Need.Tier.COMMUNITY, **again(need, cycle.COLLECTED, at), **found_by(need.words, community.pk, need.street_id),
    )  # fmt: skip
    if not need.is_demo:
        tell_handler(moved, at)
    return moved


@transaction.atomic(durable=True)
def refer_need(*, need_id: int, department: str, reason: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """转交 a department outside: the need stays ours to follow and to answer. Raises as begin_need, DepartmentMissing."""
    need = taken(need_id, by, seen)
    if not department.strip():
        raise DepartmentMissing
    route = need.route if need.route in (Need.Route.LINE, Need.Route.JOINT) else Need.Route.LINE
    said = f"{department.strip()}：{reason.strip()}" if reason.strip() else ""
    return move(
        need, "refer", by=by, at=at, words=said, department=department.strip(), route=route, **again(need, cycle.HANDLING, at, route)
    )  # fmt: skip


@transaction.atomic(durable=True)
def escalate_need(*, need_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """上报 to the next level by hand, with a reason. Raises as begin_need, ReasonMissing, TopTier."""
    need = taken(need_id, by, seen, worker=True)
    above = cycle.tier_above(need.tier)
    if above == need.tier:
        raise TopTier
    moved = move(need, "escalate", by=by, at=at, words=reason, tier=above)
    tell_tier(moved, at)
    return moved


def tell_tier(need: Need, at: datetime) -> None:
    """Say to those of the need's level that it has come up to them."""
    if not need.is_demo:
        notify(
            recipients=people_at(need, need.tier), occasion=f"need:{need.pk}:up:v{need.version}", subject=f"需求上报到{need.get_tier_display()}：{need.number}",
            body=f"{need.community.name}的一件{need.get_category_display()}类需求已上报到{need.get_tier_display()}，请督促办理。",
            link=f"/needs/{need.pk}/", at=at, kind="needs.escalated", scope_id=need.street_id,
        )  # fmt: skip


@transaction.atomic(durable=True)
def assign_need(
    *, need_id: int, worker: User, deputy: User | None, by: User, at: datetime, seen: int | None = None
) -> Need:
    """确定承办人 A岗 and B岗. Raises as begin_need, NotAWorker."""
    return assign(need=taken(need_id, by, seen), worker=worker, deputy=deputy, by=by, at=at)


def assign(*, need: Need, worker: User, deputy: User | None, by: User, at: datetime) -> Need:
    """`assign_need` within an open transaction."""
    ids = {p.pk for p in (worker, deputy) if p is not None}
    if (deputy is not None and deputy.pk == worker.pk) or not works_there(ids, need.community):
        raise NotAWorker
    said = f"A岗{worker.display_name}" + (f"，B岗{deputy.display_name}" if deputy else "")
    moved = move(need, "assign", by=by, at=at, words=said, handler=worker, deputy=deputy, facts={"worker": worker.pk})
    if not need.is_demo and worker.pk != by.pk:
        tell_handler(moved, at)
    return moved


def works_there(ids: set[int], community: Area) -> bool:
    """Whether all of these are active and work for the community: in it, in one of its grids, or in the office."""
    here = Q(role=Role.COMMUNITY, area=community) | Q(role=Role.GRID, area__parent=community)
    office = Q(role=Role.OFFICE, area=community.street_id)
    found = RoleGrant.objects.filter(here | office, user__in=ids, user__is_active=True).values_list(
        "user_id", flat=True
    )
    return set(found) == ids


@transaction.atomic(durable=True)
def close_need(*, need_id: int, by: User, at: datetime, reason: str = "", seen: int | None = None) -> Need:
    """办结: with a rating, or after the days of waiting with a documented reason. Raises as begin_need, NotRatedYet, ReasonMissing."""
    need = taken(need_id, by, seen)
    if need.state == Need.State.RATING and not has_rating(need):
        if need.due_on is not None and local(at).date() <= need.due_on:
            raise NotRatedYet(day=f"{need.due_on.year}年{need.due_on.month}月{need.due_on.day}日")
        if not reason.strip():
            raise ReasonMissing
    return move(need, "close", by=by, at=at, words=reason, closed_at=at, **NO_DEADLINE)


def has_rating(need: Need) -> bool:
    """Whether anybody who asked for this, or holds a slip, has rated it."""
    return NeedRating.objects.filter(Q(need=need.pk) | Q(need__merged_into=need.pk)).exists()


@transaction.atomic(durable=True)
def assign_many(
    *, need_ids: Sequence[int], worker: User, deputy: User | None, by: User, at: datetime
) -> tuple[int, list[str]]:
    """确定承办人 of several needs; returns how many, and a sentence for each that could not be. Raises NotAllowed."""
    done, left = 0, []
    for need in _several(need_ids, by):
        try:
            assign(need=need, worker=worker, deputy=deputy, by=by, at=at)
            done += 1
        except DomainError as error:
            left.append(f"{need.number}：{error.message}")
    return done, left


@transaction.atomic(durable=True)
def route_many(*, need_ids: Sequence[int], route: str, level: str, by: User, at: datetime) -> tuple[int, list[str]]:
    """分析 several needs alike; returns how many, and a sentence for each that could not be. Raises NotAllowed, RouteMissing."""
    if route not in Need.Route.values:
        raise RouteMissing
    done, left = 0, []
    for need in _several(need_ids, by):
        try:
            analyse(need=need, route=route, level=level, by=by, at=at)
            done += 1
        except DomainError as error:
            left.append(f"{need.number}：{error.message}")
    return done, left


def _several(need_ids: Sequence[int], by: User) -> list[Need]:
    """The needs, locked in their order, all of them handled by this person. Raises NotAllowed."""
    found = list(
        Need.objects.select_for_update(of=("self",))
        .filter(pk__in=need_ids)
        .select_related("community", "street", "grid")
        .order_by("pk")
    )
    if len(found) != len(set(need_ids)) or any(not rules.can_handle(by, need) for need in found):
        raise NotAllowed
    return found
