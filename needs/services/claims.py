"""Writing claims 认领: an organization offers, changes, takes back; the community confirms one and tells the others why."""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from needs import rules
from needs.models import CLAIMED_MODES, Claim, ServiceOrder
from needs.services.history import ReasonMissing
from needs.services.order_history import (
    OrderMoved,
    OrderNotNow,
    locked,
    move_order,
    order_step,
    tell_askers,
    tell_buyer,
    tell_organization,
)
from needs.services.order_time import lapse, settle
from needs.services.orders import RoundNotOpenForOrders
from organizations.models import Organization
from organizations.rules import acts_for
from rounds.models import Round


class NotClaimable(DomainError):
    message = "该服务项目目前不接受认领：未上单、已被认领，或不是认领方式。"


class ClaimsClosed(DomainError):
    message = "认领已于 {at} 截止。"


class ClaimsStillOpen(DomainError):
    message = "认领到 {at} 截止，其他单位还可以认领，截止后才能确定。"


class KindNotInvited(DomainError):
    message = "本期申报主体不含“{kind}”，贵单位不能认领。"


class DirectedToAnother(DomainError):
    message = "这个项目定向邀请了别的单位，贵单位不能认领。"


class OrganizationBarred(DomainError):
    message = "贵单位 {year} 年述职评议不合格，不能认领项目。有异议请联系街道创投办。"


class PriceAboveCeiling(DomainError):
    message = "认领价不能高于最高限价 {ceiling} 元。"


class AlreadyClaimed(DomainError):
    message = "贵单位已认领过此项目，请等待社区确认。"


class ClaimAlreadyDecided(DomainError):
    message = "该认领已处理，或已确认由其他单位承接。请刷新页面查看。"


class OwnClaim(DomainError):
    message = "不能确认自己所在单位的认领，请由其他工作人员处理。"


def _clock(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}"


def _must_be_open(order: ServiceOrder, at: datetime) -> Round:
    """The round of an order that may be claimed at this moment. Raises NotClaimable, ClaimsClosed."""
    if order.state != ServiceOrder.State.LISTED or order.round is None or order.mode not in CLAIMED_MODES:
        raise NotClaimable
    if order.claims_close_at is not None and order.closed_at(at):
        raise ClaimsClosed(at=_clock(order.claims_close_at))
    return order.round


def _must_fit(
    order: ServiceOrder, organization: Organization, round_: Round, price: Decimal | None, at: datetime
) -> None:
    if order.mode == ServiceOrder.Mode.DIRECT and organization.pk != order.directed_to_id:
        raise DirectedToAnother
    if order.mode != ServiceOrder.Mode.DIRECT and organization.kind not in round_.applicant_kinds:
        raise KindNotInvited(kind=organization.get_kind_display())
    barred = rules.barred_since(organization, local(at).year)
    if barred is not None:
        raise OrganizationBarred(year=barred)
    _must_be_within(order, price)


def _must_be_within(order: ServiceOrder, price: Decimal | None) -> None:
    if price is not None and order.price_ceiling is not None and price > order.price_ceiling:
        raise PriceAboveCeiling(ceiling=show_yuan(order.price_ceiling))


@transaction.atomic(durable=True)
def offer_claim(
    *, order_id: int, organization: Organization, plan: str, price: Decimal | None, by: User, at: datetime, schedule: str = "",
    people: int | None = None, is_price_demo: bool = False, once_key: str | None = None,
) -> Claim:  # fmt: skip
    """An organization offers to take a listed order, until its deadline. The same `once_key` gives the same claim back.

    Raises NotAllowed, NotClaimable, ClaimsClosed, KindNotInvited, DirectedToAnother, OrganizationBarred,
    PriceAboveCeiling, AlreadyClaimed (an open claim, or one declined since the order was listed).
    """
    order = locked(order_id)
    if not acts_for(by, organization.pk) or organization.street_id != order.street_id:
        raise NotAllowed
    if once_key:
        known = Claim.objects.filter(once_key=once_key, order=order, organization=organization).first()
        if known is not None:
            return known
    round_ = _must_be_open(order, at)
    _must_fit(order, organization, round_, price, at)
    if order.claims.filter(
        organization=organization, state=Claim.State.DECLINED, decided_at__gte=order.listed_at
    ).exists():
        raise AlreadyClaimed("社区没有确认贵单位对此项目的认领，本次上单期间不能再认领。")
    try:
        with transaction.atomic():
            claim = Claim.objects.create(
                order=order, organization=organization, plan=plan.strip(), schedule=schedule.strip(), people=people, price=price,
                is_price_demo=is_price_demo, offered_by=by, offered_at=at, once_key=once_key,
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyClaimed from error
    order_step(order, "offer", at=at, by=by, words=organization.name)
    _note(claim, "needs.claim_offered", by, at)
    body = f"{organization.name}认领了 {order.number}“{order.title}”。"
    tell_buyer(order, f"新的认领：{order.title}", body, mark=f"claim:{claim.pk}", at=at)
    tell_askers(order, f"offer{claim.pk}", "有单位愿意承接，等社区确定。", by=by, at=at)
    return claim


def _note(claim: Claim, verb: str, by: User, at: datetime, reason: str = "") -> None:
    record(
        actor=by, verb=verb, about=claim, at=at, scope_id=claim.order.street_id, reason=reason, facts={"order": claim.order.number}
    )  # fmt: skip


def _own(claim_id: int, by: User, at: datetime, seen: int | None) -> Claim:
    """An open claim of one's own organization before the deadline, its order locked."""
    order = locked(Claim.objects.values_list("order_id", flat=True).get(pk=claim_id))
    claim = Claim.objects.select_related("organization").get(pk=claim_id)
    claim.order = order
    if not acts_for(by, claim.organization_id):
        raise NotAllowed
    if claim.state != Claim.State.OFFERED:
        raise ClaimAlreadyDecided
    _must_be_open(order, at)
    if seen is not None and claim.version != seen:
        raise OrderMoved("这份认领刚刚由同事改过，这次没有保存。请看最新内容再改。")
    return claim


@transaction.atomic(durable=True)
def edit_claim(
    *, claim_id: int, plan: str, schedule: str, people: int | None, price: Decimal | None, by: User, at: datetime, seen: int | None = None
) -> Claim:  # fmt: skip
    """Change one's own claim until the deadline. Raises NotAllowed, ClaimAlreadyDecided, NotClaimable, ClaimsClosed, OrderMoved, PriceAboveCeiling."""
    claim = _own(claim_id, by, at, seen)
    _must_be_within(claim.order, price)
    Claim.objects.filter(pk=claim.pk).update(
        plan=plan.strip(), schedule=schedule.strip(), people=people, price=price, version=F("version") + 1
    )
    order_step(claim.order, "change", at=at, by=by, words=claim.organization.name)
    _note(claim, "needs.claim_edited", by, at)
    claim.refresh_from_db()
    return claim


@transaction.atomic(durable=True)
def withdraw_claim(*, claim_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> Claim:
    """Take one's own claim back until the deadline. Raises as edit_claim, ReasonMissing."""
    claim = _own(claim_id, by, at, seen)
    if not reason.strip():
        raise ReasonMissing
    Claim.objects.filter(pk=claim.pk).update(
        state=Claim.State.WITHDRAWN, decided_by=by, decided_at=at, reason=reason.strip()
    )
    order_step(claim.order, "retract", at=at, by=by, words=f"{claim.organization.name}：{reason.strip()}")
    _note(claim, "needs.claim_withdrawn", by, at, reason.strip())
    claim.refresh_from_db()
    return claim


def _decidable(claim_id: int, by: User, at: datetime) -> Claim:
    """An open claim for who decides on it, its order locked and settled."""
    order = locked(Claim.objects.values_list("order_id", flat=True).get(pk=claim_id))
    claim = Claim.objects.select_related("organization").get(pk=claim_id)
    if not rules.can_decide_claim(by, order):
        raise NotAllowed
    if acts_for(by, claim.organization_id):
        raise OwnClaim
    claim.order = settle(order, at=at)
    if claim.state != Claim.State.OFFERED:
        raise ClaimAlreadyDecided
    return claim


@transaction.atomic(durable=True)
def confirm_claim(*, claim_id: int, reason: str, by: User, at: datetime) -> Claim:
    """The buyer's side confirms one claim, after the deadline, with a reason that everybody reads; the others are declined.

    Among several this is the recorded comparison. Raises NotAllowed, OwnClaim, ReasonMissing, ClaimsStillOpen,
    ClaimAlreadyDecided.
    """
    claim, why = _decidable(claim_id, by, at), reason.strip()
    order = claim.order
    if not why:
        raise ReasonMissing
    until = order.claims_close_at
    if order.mode == ServiceOrder.Mode.CLAIMING and until is not None and at < until:
        raise ClaimsStillOpen(at=_clock(until))
    who = claim.organization.name
    others = list(
        order.claims.filter(state=Claim.State.OFFERED).exclude(pk=claim.pk).values_list("organization_id", flat=True)
    )
    try:
        move_order(order, "confirm", by=by, at=at, words=f"由{who}承接。{why}")
    except OrderNotNow as error:
        raise ClaimAlreadyDecided from error
    Claim.objects.filter(pk=claim_id).update(state=Claim.State.CONFIRMED, decided_by=by, decided_at=at, reason=why)
    answer = f"已确认由{who}承接。理由：{why}"
    order.claims.filter(state=Claim.State.OFFERED).update(
        state=Claim.State.DECLINED, decided_by=by, decided_at=at, reason=answer
    )
    _note(claim, "needs.claim_confirmed", by, at, why)
    own = f"社区已确认由贵单位承接“{order.title}”。理由：{why}"
    tell_organization(order, [claim.organization_id], f"已确认由贵单位承接：{order.title}", own, mark="chosen", at=at)
    tell_organization(order, others, f"未选中：{order.title}", answer, mark="not-chosen", at=at)
    tell_askers(order, "confirm", f"已确定由{who}承接。", by=by, at=at)
    claim.refresh_from_db()
    return claim


@transaction.atomic(durable=True)
def decline_claim(*, claim_id: int, reason: str, by: User, at: datetime) -> Claim:
    """The buyer's side declines one claim with a reason; the order stays open, or lapses when it was the last after the deadline.

    Raises as confirm_claim, ReasonMissing.
    """
    claim, why = _decidable(claim_id, by, at), reason.strip()
    if not why:
        raise ReasonMissing
    order = claim.order
    Claim.objects.filter(pk=claim_id).update(state=Claim.State.DECLINED, decided_by=by, decided_at=at, reason=why)
    order_step(order, "decline", at=at, by=by, words=f"{claim.organization.name}：{why}")
    _note(claim, "needs.claim_declined", by, at, why)
    mark = f"declined:{claim.pk}"
    tell_organization(order, [claim.organization_id], f"未确认：{order.title}", f"理由：{why}", mark=mark, at=at)
    if order.closed_at(at) and not order.claims.filter(state=Claim.State.OFFERED).exists():
        lapse(order, at=at, by=by)
    claim.refresh_from_db()
    return claim


@transaction.atomic(durable=True)
def send_to_round(*, order_id: int, round_id: int, by: User, at: datetime) -> ServiceOrder:
    """Several came: let a round's jury decide. The claims are over; organizations write proposals in that round.

    Raises NotAllowed, OrderNotNow, RoundNotOpenForOrders.
    """
    order = locked(order_id)
    if not rules.can_decide_claim(by, order):
        raise NotAllowed
    settle(order, at=at)
    round_ = Round.objects.filter(pk=round_id, street=order.street_id, mode=Round.Mode.SCORING).first()
    if round_ is None or not (round_.state == Round.State.OPEN and at < round_.apply_closes_at):
        raise RoundNotOpenForOrders("只能转入本街道正在征集的竞评期次。")
    said = f"转入“{round_.title}”竞评，请认领过的单位在该期次写项目申报书。"
    move_order(
        order, "send", by=by, at=at, words=said, facts={"round": round_id}, round_id=round_id, mode=ServiceOrder.Mode.SCORING,
        claims_close_at=None,
    )  # fmt: skip
    mine = list(order.claims.filter(state=Claim.State.OFFERED).values_list("organization_id", flat=True))
    order.claims.filter(state=Claim.State.OFFERED).update(
        state=Claim.State.MOVED, decided_by=by, decided_at=at, reason=said
    )
    tell_organization(order, mine, f"转入竞评：{order.title}", said, mark="sent", at=at)
    tell_askers(order, "send", f"有几家单位愿意承接，转入“{round_.title}”由评委评选。", by=by, at=at)
    return order
