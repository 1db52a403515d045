"""What a service order's withdrawal means to the proposals that answer it."""

from typing import Any

from django.db import OperationalError, transaction

from core.errors import DomainError
from needs.models import ServiceOrder
from needs.signals import order_withdrawing
from projects.models import Proposal

S = Proposal.State


class OrderAnswered(DomainError):
    message = "已有 {count} 个提交的申报项目承接这张服务项目单，不能撤回。确需撤回，请先由创投办处理这些项目。"


class OrderBeingAnswered(DomainError):
    message = "有单位正在保存或提交承接这张服务项目单的申报书，请过几秒再撤回。"


def refuse_or_name(sender: type[ServiceOrder], order: ServiceOrder, **_: Any) -> list[int]:
    """Organizations whose drafts answer the order; these drafts are locked, and cannot be handed in with it afterwards.

    Raises OrderAnswered where a proposal handed in answers the order, OrderBeingAnswered where one is at work right now.
    """
    answering = Proposal.objects.filter(orders=order).exclude(state__in=[S.REFUSED, S.WITHDRAWN])
    try:
        with transaction.atomic():  # no waiting: who saves a draft holds it and waits for the order
            standing = list(answering.select_for_update(nowait=True, of=("self",)).order_by("pk"))
    except OperationalError as error:
        raise OrderBeingAnswered from error
    count = sum(p.state != S.DRAFT for p in standing)
    if count:
        raise OrderAnswered(count=count)
    return sorted({p.organization_id for p in standing})


def install() -> None:
    """Listen; once, however often it is called."""
    order_withdrawing.connect(refuse_or_name, dispatch_uid="projects.answering")
