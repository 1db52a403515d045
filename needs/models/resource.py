"""资源清单: what units of the neighbourhood have to give, and what of it they pledge to an order."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from core.money import MoneyField
from needs.models.need import Need
from needs.models.order import ServiceOrder
from organizations.models import Organization


class PartnerUnit(models.Model):
    """共建单位: who gives. A registered organization is its own unit."""

    class Kind(models.TextChoices):
        REGISTERED = "registered", "双报到单位"
        CO_UNIT = "co_unit", "兼职委员单位"
        COMPANY = "company", "爱心企业"
        ORGANIZATION = "organization", "社会组织"
        PEOPLE = "people", "党员和志愿者"
        OTHER = "other", "其他单位"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    name = models.CharField("单位", max_length=60)
    kind = models.CharField("类别", max_length=14, choices=Kind.choices)
    organization = models.OneToOneField(
        Organization, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="登记的组织"
    )
    created_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "共建单位"
        verbose_name_plural = "共建单位"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "name"], name="partner_name_once", violation_error_message="本街道已有同名共建单位。"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """One thing a unit offers. The contact is for staff, masked everywhere, shown as a recorded act."""

    class Kind(models.TextChoices):
        VENUE = "venue", "场地"
        PEOPLE = "people", "人力"
        MONEY = "money", "资金"
        GOODS = "goods", "物资"
        SKILLS = "skills", "技能"

    unit = models.ForeignKey(PartnerUnit, models.PROTECT, related_name="resources", verbose_name="单位")
    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(
        Area,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="社区",
        help_text="none: the whole street",
    )
    kind = models.CharField("类型", max_length=10, choices=Kind.choices)
    category = models.CharField("适合的类别", max_length=20, choices=Need.Category.choices, blank=True)
    title = models.CharField("资源", max_length=60)
    details = models.TextField("说明", max_length=500, blank=True)
    capacity = models.CharField("容量或数量", max_length=60, blank=True)
    amount = MoneyField("金额（元）", null=True, blank=True)
    times = models.CharField("什么时候可用", max_length=100, blank=True)
    available_from = models.DateField("可用开始", null=True, blank=True)
    available_until = models.DateField("可用结束", null=True, blank=True)
    contact_name = models.CharField("联系人", max_length=20, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True)
    is_active = models.BooleanField("可用", default=True)
    version = models.PositiveIntegerField("版次", default=1)
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    registered_at = models.DateTimeField("登记时间")
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    is_demo = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "资源"
        verbose_name_plural = "资源"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="money", amount__gt=0) | ~Q(kind="money") & Q(amount=None),
                name="resource_money_has_amount",
                violation_error_message="资金须填写金额，其他类型不填金额。",
            ),
            models.CheckConstraint(
                condition=Q(available_from=None)
                | Q(available_until=None)
                | Q(available_until__gte=F("available_from")),
                name="resource_times_in_order",
                violation_error_message="可用结束不能早于可用开始。",
            ),
        ]
        indexes = [models.Index(fields=["street", "is_active", "-id"], name="resource_street")]

    def __str__(self) -> str:
        return self.title


class Pledge(models.Model):
    """认领资源: what a unit promises to one order; the community confirms it and notes when it was kept."""

    class State(models.TextChoices):
        OFFERED = "offered", "待确认"
        CONFIRMED = "confirmed", "已确认"
        KEPT = "kept", "已兑现"
        DECLINED = "declined", "未确认"
        WITHDRAWN = "withdrawn", "已撤回"

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="pledges", verbose_name="资源")
    order = models.ForeignKey(ServiceOrder, models.PROTECT, related_name="pledges", verbose_name="服务项目单")
    words = models.CharField("承诺内容", max_length=300)
    amount = MoneyField("金额（元）", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OFFERED)
    reason = models.CharField("理由", max_length=300, blank=True)
    offered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    offered_at = models.DateTimeField("承诺时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="确认人")
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)
    kept_at = models.DateTimeField("兑现时间", null=True, blank=True)

    class Meta:
        verbose_name = "资源承诺"
        verbose_name_plural = "资源承诺"
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "order"],
                condition=Q(state__in=["offered", "confirmed", "kept"]),
                name="pledge_once",
                violation_error_message="这项资源已承诺给此项目。",
            ),
            models.CheckConstraint(
                condition=Q(state="offered", decided_at=None) | ~Q(state="offered") & Q(decided_at__isnull=False),
                name="pledge_decision_has_moment",
                violation_error_message="已处理的承诺必须有时间。",
            ),
            models.CheckConstraint(
                condition=Q(state="kept", kept_at__isnull=False) | ~Q(state="kept") & Q(kept_at=None),
                name="pledge_kept_has_moment",
                violation_error_message="已兑现的承诺必须有时间。",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reason=""),
                name="pledge_declined_has_reason",
                violation_error_message="不确认必须写明理由。",
            ),
        ]
