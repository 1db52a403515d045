"""Writing service orders and claims."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from core.numbers import next_number
from needs import rules
from needs.models import Claim, Need, OrderNeed, ServiceOrder
from needs.services.intake import NeedAlreadyHandled, ReasonMissing, street_of
from organizations.models import Organization
from organizations.rules import acts_for
from rounds.models import Round


class NoNeeds(DomainError):
    message = "请至少选择一件需求。"


class NeedsOfAnotherStreet(DomainError):
    message = "所选需求不属于同一街道，不能合成一单。"


class OrderNotDraft(DomainError):
    message = "该服务项目单已经上单，不能再修改。"


class RoundNotOpenForOrders(DomainError):
    message = "只能上到本街道已开启的期次。"


class NotClaimable(DomainError):
    message = "该服务项目目前不接受认领：未上单、已被认领，或本期不是认领方式。"


class KindNotInvited(DomainError):
    message = "本期申报主体不含“{kind}”，贵单位不能认领。"


class PriceAboveCeiling(DomainError):
    message = "认领价不能高于最高限价 {ceiling} 元。"


class AlreadyClaimed(DomainError):
    message = "贵单位已认领过此项目，请等待社区确认。"


class ClaimAlreadyDecided(DomainError):
    message = "该认领已处理，或已确认由其他单位承接。请刷新页面查看。"


class OwnClaim(DomainError):
    message = "不能确认自己所在单位的认领，请由其他工作人员处理。"


@transaction.atomic(durable=True)
def draft_order(
    *,
    community: Area,
    need_ids: Sequence[int],
    title: str,
    target: str,
    content: str,
    price_ceiling: Decimal | None,
    by: User,
    at: datetime,
    is_demo: bool = False,
    is_price_demo: bool = False,
) -> ServiceOrder:
    """Turn one or several needs of a street into a service order; they become 已制单.

    Raises NotAllowed, NoNeeds, NeedsOfAnotherStreet, NeedAlreadyHandled (refused or closed needs).
    """
    if not rules.can_draft_order(by, community):
        raise NotAllowed
    found = list(
        Need.objects.select_for_update(of=("self",)).filter(pk__in=need_ids).select_related("community").order_by("pk")
    )
    if not found or len(found) != len(set(need_ids)):
        raise NoNeeds
    if any(n.street_id != community.street_id for n in found):
        raise NeedsOfAnotherStreet
    if any(not rules.can_handle(by, n) for n in found):
        raise NotAllowed
    if any(n.state not in (Need.State.COLLECTED, Need.State.ORDERED) for n in found):
        raise NeedAlreadyHandled
    order = ServiceOrder.objects.create(
        number=f"FW-{local(at).year}-{next_number('needs_order_number'):05d}", street_id=street_of(community),
        community=community, title=title.strip(), target=target.strip(), content=content.strip(), price_ceiling=price_ceiling,
        is_price_demo=is_price_demo, drafted_by=by, drafted_at=at, is_demo=is_demo,
    )  # fmt: skip
    OrderNeed.objects.bulk_create(OrderNeed(order=order, need=n) for n in found)
    Need.objects.filter(pk__in=[n.pk for n in found]).update(state=Need.State.ORDERED)
    record(
        actor=by, verb="needs.order_drafted", about=order, at=at, scope_id=order.street_id,
        facts={"number": order.number, "needs": [n.number for n in found]},
    )  # fmt: skip
    return order


@transaction.atomic(durable=True)
def list_order(*, order_id: int, round_id: int, by: User, at: datetime) -> ServiceOrder:
    """Put an order on a round's public list. Raises NotAllowed, OrderNotDraft, RoundNotOpenForOrders."""
    order = ServiceOrder.objects.select_related("community").get(pk=order_id)
    if not rules.can_draft_order(by, order.community):
        raise NotAllowed
    if not Round.objects.filter(pk=round_id, street=order.street_id, state=Round.State.OPEN).exists():
        raise RoundNotOpenForOrders
    moved = ServiceOrder.objects.filter(pk=order_id, state=ServiceOrder.State.DRAFT).update(
        state=ServiceOrder.State.LISTED, round_id=round_id, listed_at=at
    )
    if not moved:
        raise OrderNotDraft
    record(actor=by, verb="needs.order_listed", about=order, at=at, scope_id=order.street_id, facts={"round": round_id})
    order.refresh_from_db()
    return order


@transaction.atomic(durable=True)
def offer_claim(
    *,
    order_id: int,
    organization: Organization,
    plan: str,
    price: Decimal | None,
    by: User,
    at: datetime,
    is_price_demo: bool = False,
) -> Claim:
    """An organization offers to take a listed order. Raises NotAllowed, NotClaimable, KindNotInvited, PriceAboveCeiling, AlreadyClaimed."""
    order = ServiceOrder.objects.select_for_update(of=("self",)).select_related("round").get(pk=order_id)
    if not acts_for(by, organization.pk) or organization.street_id != order.street_id:
        raise NotAllowed
    if order.state != ServiceOrder.State.LISTED or order.round is None or order.round.mode != Round.Mode.CLAIMING:
        raise NotClaimable
    if organization.kind not in order.round.applicant_kinds:
        raise KindNotInvited(kind=organization.get_kind_display())
    if price is not None and order.price_ceiling is not None and price > order.price_ceiling:
        raise PriceAboveCeiling(ceiling=show_yuan(order.price_ceiling))
    try:
        with transaction.atomic():
            claim = Claim.objects.create(
                order=order, organization=organization, plan=plan.strip(), price=price, is_price_demo=is_price_demo,
                offered_by=by, offered_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyClaimed from error
    record(
        actor=by,
        verb="needs.claim_offered",
        about=claim,
        at=at,
        scope_id=order.street_id,
        facts={"order": order.number},
    )
    return claim


@transaction.atomic(durable=True)
def confirm_claim(*, claim_id: int, by: User, at: datetime) -> Claim:
    """The buyer's side confirms one claim; the others are declined. Raises NotAllowed, OwnClaim, ClaimAlreadyDecided."""
    claim = _decidable(claim_id, by)
    moved = ServiceOrder.objects.filter(pk=claim.order_id, state=ServiceOrder.State.LISTED).update(
        state=ServiceOrder.State.CLAIMED
    )
    if not moved:
        raise ClaimAlreadyDecided
    Claim.objects.filter(pk=claim_id).update(state=Claim.State.CONFIRMED, decided_by=by, decided_at=at)
    Claim.objects.filter(order=claim.order_id, state=Claim.State.OFFERED).update(
        state=Claim.State.DECLINED, decided_by=by, decided_at=at, reason="已确认由其他单位承接。"
    )
    record(actor=by, verb="needs.claim_confirmed", about=claim, at=at, scope_id=claim.order.street_id)
    claim.refresh_from_db()
    return claim


@transaction.atomic(durable=True)
def decline_claim(*, claim_id: int, reason: str, by: User, at: datetime) -> Claim:
    """The buyer's side declines one claim with a reason; the order stays open. Raises as confirm_claim, ReasonMissing."""
    claim = _decidable(claim_id, by)
    if not reason.strip():
        raise ReasonMissing
    Claim.objects.filter(pk=claim_id).update(
        state=Claim.State.DECLINED, decided_by=by, decided_at=at, reason=reason.strip()
    )
    record(
        actor=by, verb="needs.claim_declined", about=claim, at=at, scope_id=claim.order.street_id, reason=reason.strip()
    )
    claim.refresh_from_db()
    return claim


def _decidable(claim_id: int, by: User) -> Claim:
    order_id = Claim.objects.values_list("order_id", flat=True).get(pk=claim_id)
    ServiceOrder.objects.select_for_update().get(pk=order_id)
    claim = Claim.objects.select_related("order__community").get(pk=claim_id)
    if not rules.can_decide_claim(by, claim.order):
        raise NotAllowed
    if acts_for(by, claim.organization_id):
        raise OwnClaim
    if claim.state != Claim.State.OFFERED:
        raise ClaimAlreadyDecided
    return claim
