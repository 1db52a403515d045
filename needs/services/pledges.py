"""Writing pledges: a resource is promised to an order; the community confirms it, and notes that it was kept."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum

from accounts.models import User
from accounts.rules import street_ids
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from core.people import holds_personal_number
from messaging.services import notify
from needs import rules
from needs.models import Pledge, Resource, ServiceOrder
from needs.rules.resource import STAFF, STANDING
from needs.services.answer import PersonalNumber
from needs.services.history import ReasonMissing
from needs.services.order_history import locked, order_step, tell_buyer
from organizations.models import Membership
from organizations.rules import acts_for


class NotPledgeable(DomainError):
    message = "这个项目现在不接受资源：还没有上单、已撤回、流标，或已经完成；或者资源已停用。"


class PledgedAlready(DomainError):
    message = "这项资源已经承诺给此项目。"


class PledgeTooMuch(DomainError):
    message = "这笔资金还可承诺 {left} 元，请改小金额。"
    status = 400


class PledgeAmount(DomainError):
    message = "资金须写明承诺多少元，其他资源不写金额。"
    status = 400


class PledgeDecided(DomainError):
    message = "这项承诺已处理，请刷新页面查看。"


class OwnPledge(DomainError):
    message = "不能确认自己所在单位的承诺，请由其他工作人员处理。"


def given_of(resource: Resource) -> Decimal:
    """What of a sum stands pledged."""
    given: Decimal | None = resource.pledges.filter(state__in=STANDING).aggregate(s=Sum("amount"))["s"]
    return given or Decimal(0)


def _note(pledge: Pledge, verb: str, by: User, at: datetime, reason: str = "") -> None:
    order, resource = pledge.order, pledge.resource
    record(
        actor=by, verb=verb, about=pledge, at=at, scope_id=order.street_id, reason=reason,
        facts={"order": order.number, "resource": resource.title, "unit": resource.unit.name},
    )  # fmt: skip


@transaction.atomic(durable=True)
def offer_pledge(
    *, resource_id: int, order_id: int, words: str, amount: Decimal | None, by: User, at: datetime
) -> Pledge:
    """Promise a resource to an order: by the unit's own member, or by staff on its behalf.

    Raises NotAllowed, NotPledgeable, PledgedAlready, PledgeAmount, PledgeTooMuch, PersonalNumber.
    """
    order = locked(order_id)
    rows = Resource.objects.select_for_update(of=("self",)).select_related("unit", "community", "street")
    resource = rows.get(pk=resource_id)
    staff = resource.street_id in street_ids(by, *STAFF) and rules.can_decide_pledge(by, order)
    if order.street_id != resource.street_id or not (staff or rules.can_edit_resource(by, resource)):
        raise NotAllowed
    if order.state not in rules.PLEDGED_TO or order.done_at is not None or not resource.is_active:
        raise NotPledgeable
    if holds_personal_number(words):
        raise PersonalNumber
    if (resource.amount is None) != (amount is None) or (amount is not None and amount <= 0):
        raise PledgeAmount
    if resource.amount is not None and amount is not None and given_of(resource) + amount > resource.amount:
        raise PledgeTooMuch(left=show_yuan(resource.amount - given_of(resource)))
    try:
        with transaction.atomic():
            pledge = Pledge.objects.create(
                resource=resource, order=order, words=words.strip(), amount=amount, offered_by=by, offered_at=at
            )
    except IntegrityError as error:
        raise PledgedAlready from error
    _note(pledge, "needs.pledge_offered", by, at)
    said = f"{resource.unit.name}愿为“{order.title}”提供：{resource.title}。请确认。"
    tell_buyer(order, f"资源承诺待确认：{order.title}", said, mark=f"pledge:{pledge.pk}", at=at)
    return pledge


def _standing(pledge_id: int, *states: str) -> Pledge:
    """The pledge as it stands, its order and resource locked. Raises PledgeDecided."""
    order_id, resource_id = Pledge.objects.values_list("order_id", "resource_id").get(pk=pledge_id)
    order = locked(order_id)
    rows = Resource.objects.select_for_update(of=("self",)).select_related("unit", "community", "street")
    resource = rows.get(pk=resource_id)
    pledge = Pledge.objects.get(pk=pledge_id)
    pledge.order, pledge.resource = order, resource
    if pledge.state not in states:
        raise PledgeDecided
    return pledge


def _decidable(pledge_id: int, by: User, *states: str) -> Pledge:
    order = ServiceOrder.objects.select_related("community").get(pledges=pledge_id)
    if not rules.can_decide_pledge(by, order):
        raise NotAllowed
    pledge = _standing(pledge_id, *states)
    mine = pledge.resource.unit.organization_id
    if mine is not None and acts_for(by, mine):
        raise OwnPledge
    return pledge


def _tell_unit(pledge: Pledge, said: str, *, at: datetime) -> None:
    """Who put it on the list, and the members of the organization that gives it."""
    resource, order = pledge.resource, pledge.order
    if order.is_demo:
        return
    people = {resource.registered_by_id}
    if resource.unit.organization_id is not None:
        members = Membership.objects.filter(organization=resource.unit.organization_id, user__is_active=True)
        people |= set(members.values_list("user_id", flat=True))
    notify(
        recipients=sorted(people), occasion=f"pledge:{pledge.pk}:{pledge.state}", subject=f"{said}：{resource.title}"[:120],
        body=f"{resource.unit.name}承诺给“{order.title}”的资源“{resource.title}”：{said}。{pledge.reason}", link=f"/resources/{resource.pk}/",
        at=at, email=False, kind="needs.pledge", scope_id=order.street_id,
    )  # fmt: skip


def _set(pledge: Pledge, verb: str, by: User, at: datetime, why: str = "", **changes: Any) -> Pledge:
    Pledge.objects.filter(pk=pledge.pk).update(**changes)
    for name, value in changes.items():
        setattr(pledge, name, value)
    _note(pledge, verb, by, at, why)
    return pledge


@transaction.atomic(durable=True)
def confirm_pledge(*, pledge_id: int, by: User, at: datetime) -> Pledge:
    """The community takes a promise up. Raises NotAllowed, OwnPledge, PledgeDecided, NotPledgeable."""
    pledge = _decidable(pledge_id, by, "offered")
    if pledge.order.state not in rules.PLEDGED_TO:
        raise NotPledgeable
    _set(pledge, "needs.pledge_confirmed", by, at, state=Pledge.State.CONFIRMED, decided_by=by, decided_at=at)
    said = f"{pledge.resource.unit.name}提供{pledge.resource.get_kind_display()}：{pledge.resource.title}"
    order_step(pledge.order, "pledge", at=at, by=by, words=said, public=True)
    _tell_unit(pledge, "已确认", at=at)
    return pledge


@transaction.atomic(durable=True)
def decline_pledge(*, pledge_id: int, reason: str, by: User, at: datetime) -> Pledge:
    """The community does not take it up, with a reason. Raises as confirm_pledge, ReasonMissing."""
    pledge = _decidable(pledge_id, by, "offered")
    if not reason.strip():
        raise ReasonMissing
    _set(
        pledge, "needs.pledge_declined", by, at, reason.strip(), state=Pledge.State.DECLINED, decided_by=by, decided_at=at,
        reason=reason.strip(),
    )  # fmt: skip
    _tell_unit(pledge, "未确认", at=at)
    return pledge


@transaction.atomic(durable=True)
def keep_pledge(*, pledge_id: int, by: User, at: datetime) -> Pledge:
    """What was promised has come. Raises as confirm_pledge."""
    pledge = _decidable(pledge_id, by, "confirmed")
    _set(pledge, "needs.pledge_kept", by, at, state=Pledge.State.KEPT, kept_at=at)
    _tell_unit(pledge, "已兑现", at=at)
    return pledge


@transaction.atomic(durable=True)
def withdraw_pledge(*, pledge_id: int, reason: str, by: User, at: datetime) -> Pledge:
    """The unit takes its promise back before it is kept. Raises NotAllowed, PledgeDecided, ReasonMissing."""
    resource = Resource.objects.select_related("unit", "community", "street").get(pledges=pledge_id)
    if not rules.can_edit_resource(by, resource):
        raise NotAllowed
    pledge = _standing(pledge_id, "offered", "confirmed")
    if not reason.strip():
        raise ReasonMissing
    _set(
        pledge, "needs.pledge_withdrawn", by, at, reason.strip(), state=Pledge.State.WITHDRAWN, decided_by=pledge.decided_by or by,
        decided_at=pledge.decided_at or at, reason=reason.strip(),
    )  # fmt: skip
    return pledge
