"""认领: organizations offer to take an order; the community confirms one."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from core.money import MoneyField
from needs.models.order import ServiceOrder
from organizations.models import Organization


class Claim(models.Model):
    """认领: an organization offers to take an order; the community confirms one."""

    class State(models.TextChoices):
        OFFERED = "offered", "待确认"
        CONFIRMED = "confirmed", "已确认"
        DECLINED = "declined", "未确认"
        WITHDRAWN = "withdrawn", "已撤回"
        MOVED = "moved", "转入竞评"

    order = models.ForeignKey(ServiceOrder, models.PROTECT, related_name="claims", verbose_name="服务项目单")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="认领单位")
    plan = models.TextField("服务打算", max_length=1000)
    schedule = models.CharField("什么时候做", max_length=200, blank=True)
    people = models.PositiveSmallIntegerField("投入人数", null=True, blank=True)
    price = MoneyField("认领价（元）", null=True, blank=True)
    is_price_demo = models.BooleanField("价格为演示数据", default=False)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OFFERED)
    reason = models.TextField("理由", blank=True)
    offered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提交人")
    offered_at = models.DateTimeField("认领时间")
    version = models.PositiveIntegerField("版次", default=1)
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="确认人")
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)

    class Meta:
        verbose_name = "认领"
        verbose_name_plural = "认领"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "organization"],
                condition=Q(state__in=["offered", "confirmed"]),
                name="claim_once",
                violation_error_message="贵单位已认领过此项目。",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state="confirmed"),
                name="claim_one_confirmed",
                violation_error_message="该项目已确认由其他单位承接。",
            ),
            models.CheckConstraint(
                condition=Q(state="offered", decided_at__isnull=True)
                | (~Q(state="offered") & Q(decided_at__isnull=False)),
                name="claim_decision_has_moment",
                violation_error_message="已确认或未确认的认领必须有时间。",
            ),
            models.CheckConstraint(
                condition=Q(people=None) | Q(people__gte=1),
                name="claim_people_at_least_one",
                violation_error_message="投入人数至少为 1。",
            ),
        ]
