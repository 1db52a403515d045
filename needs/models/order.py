"""社区制单: service orders, where they are served, what happened to them."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from core.money import MoneyField
from needs.models.need import Need
from organizations.models import Organization
from rounds.models import Round

CLAIMED_MODES = ("claiming", "direct")


class ServiceOrderQuerySet(models.QuerySet["ServiceOrder"]):
    def under(self, area: Area) -> "ServiceOrderQuerySet":
        return self.filter(community__path__startswith=area.path)

    def listed(self) -> "ServiceOrderQuerySet":
        """Orders on the public list 项目超市: neither drafts nor withdrawn."""
        return self.exclude(state__in=[ServiceOrder.State.DRAFT, ServiceOrder.State.WITHDRAWN])


class ServiceOrder(models.Model):
    """服务项目单: what the community orders, made from one or several needs."""

    class State(models.TextChoices):
        DRAFT = "draft", "制单中"
        LISTED = "listed", "已上单"
        COMPARING = "comparing", "比选中"
        CLAIMED = "claimed", "已认领"
        LAPSED = "lapsed", "流标"
        WITHDRAWN = "withdrawn", "已撤回"

    class Mode(models.TextChoices):
        CLAIMING = "claiming", "认领"
        SCORING = "scoring", "竞评"
        DIRECT = "direct", "定向"

    class Buyer(models.TextChoices):
        COMMUNITY = "community", "社区购买"
        STREET = "street", "街道购买"

    number = models.CharField("编号", max_length=30, unique=True)
    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    round = models.ForeignKey(Round, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="期次")
    title = models.CharField("服务项目", max_length=60)
    category = models.CharField("类别", max_length=20, choices=Need.Category.choices, default=Need.Category.OTHER)
    target = models.CharField("服务对象", max_length=100)
    content = models.TextField("服务内容", max_length=2000)
    price_ceiling = MoneyField("最高限价（元）", null=True, blank=True)
    is_price_demo = models.BooleanField("限价为演示数据", default=False)
    mode = models.CharField("遴选方式", max_length=10, choices=Mode.choices, blank=True)
    buyer = models.CharField("购买方", max_length=10, choices=Buyer.choices, blank=True)
    fund_source = models.CharField("资金来源", max_length=60, blank=True)
    service_from = models.DateField("服务开始", null=True, blank=True)
    service_until = models.DateField("服务结束", null=True, blank=True)
    claims_close_at = models.DateTimeField("认领截止", null=True, blank=True)
    directed_to = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="定向单位"
    )
    directed_reason = models.CharField("定向理由", max_length=500, blank=True)
    theme_code = models.CharField(
        "主题库编号", max_length=12, blank=True, help_text="the library theme it was made from"
    )
    needs = models.ManyToManyField(Need, through="OrderNeed", related_name="orders", verbose_name="来源需求")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="制单人")
    drafted_at = models.DateTimeField("制单时间")
    listed_at = models.DateTimeField("上单时间", null=True, blank=True)
    begun_at = models.DateTimeField("开始服务时间", null=True, blank=True)
    done_at = models.DateTimeField("服务完成时间", null=True, blank=True)
    withdrawn_reason = models.CharField("撤回理由", max_length=500, blank=True)
    version = models.PositiveIntegerField("版次", default=1)
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = ServiceOrderQuerySet.as_manager()

    class Meta:
        verbose_name = "服务项目单"
        verbose_name_plural = "服务项目单"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"], listed_at__isnull=True)
                | (~Q(state="draft") & Q(listed_at__isnull=False, round__isnull=False)),
                name="order_listed_has_round",
                violation_error_message="上单的服务项目必须属于一个期次。",
            ),
            models.CheckConstraint(
                condition=Q(listed_at__isnull=True) | ~Q(mode=""),
                name="order_listed_has_mode",
                violation_error_message="上单的服务项目必须有遴选方式。",
            ),
            models.CheckConstraint(
                condition=Q(mode="direct", directed_to__isnull=False) & ~Q(directed_reason="")
                | ~Q(mode="direct") & Q(directed_to=None, directed_reason=""),
                name="order_directed_has_reason",
                violation_error_message="定向的服务项目必须写明单位和理由。",
            ),
            models.CheckConstraint(
                condition=Q(service_from=None, service_until=None) | Q(service_until__gte=F("service_from")),
                name="order_period_in_order",
                violation_error_message="服务结束不能早于服务开始。",
            ),
            models.CheckConstraint(
                condition=Q(claims_close_at=None) | Q(mode__in=["claiming", "direct"]),
                name="order_deadline_is_for_claims",
                violation_error_message="只有认领和定向的服务项目有认领截止。",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn") & ~Q(withdrawn_reason="")
                | ~Q(state="withdrawn") & Q(withdrawn_reason=""),
                name="order_withdrawn_has_reason",
                violation_error_message="撤回服务项目单必须写明理由。",
            ),
            models.CheckConstraint(
                condition=(Q(begun_at=None) | Q(state="claimed") | Q(state="listed", mode="scoring"))
                & (Q(done_at=None) | Q(begun_at__isnull=False, done_at__gte=F("begun_at"))),
                name="order_work_follows_choice",
                violation_error_message="确定承接单位后才能开始服务，开始后才能完成。",
            ),
        ]
        indexes = [
            models.Index(fields=["claims_close_at"], name="order_deadline", condition=Q(state="listed")),
            models.Index(fields=["-listed_at", "-id"], name="order_listed", condition=Q(listed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    def closed_at(self, at: datetime) -> bool:
        """Whether the deadline for claims is over at this moment: the closing second excluded."""
        return self.claims_close_at is not None and at >= self.claims_close_at


class OrderNeed(models.Model):
    """Which needs an order answers."""

    order = models.ForeignKey(ServiceOrder, models.CASCADE, related_name="links", verbose_name="服务项目单")
    need = models.ForeignKey(Need, models.PROTECT, related_name="links", verbose_name="需求")

    class Meta:
        verbose_name = "来源需求"
        verbose_name_plural = "来源需求"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "need"], name="order_need_once", violation_error_message="该需求已在此单中。"
            )
        ]


class OrderSite(models.Model):
    """实施点: a place where an order is served: a community, and a building or unit of it."""

    order = models.ForeignKey(ServiceOrder, models.CASCADE, related_name="sites", verbose_name="服务项目单")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    unit = models.CharField("具体地点", max_length=60, blank=True)

    class Meta:
        verbose_name = "实施点"
        verbose_name_plural = "实施点"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "community", "unit"],
                name="order_site_once",
                violation_error_message="该实施点已在此单中。",
            )
        ]


class OrderStep(models.Model):
    """One act in the life of an order; append-only by trigger. `is_public` ones are read by everybody, without names."""

    class Act(models.TextChoices):
        DRAFT = "draft", "制单"
        EDIT = "edit", "修改"
        LIST = "list", "上单"
        EXTEND = "extend", "延长认领期限"
        OFFER = "offer", "单位认领"
        CHANGE = "change", "修改认领"
        RETRACT = "retract", "撤回认领"
        COMPARE = "compare", "多家认领，转为比选"
        SEND = "send", "转入竞评"
        CONFIRM = "confirm", "确定承接单位"
        DECLINE = "decline", "未确认认领"
        LAPSE = "lapse", "流标"
        RELIST = "relist", "重新上单"
        BEGIN = "begin", "开始服务"
        FINISH = "finish", "服务完成"
        WITHDRAW = "withdraw", "撤回"
        PLEDGE = "pledge", "资源到位"

    order = models.ForeignKey(ServiceOrder, models.PROTECT, related_name="steps", verbose_name="服务项目单")
    act = models.CharField("动作", max_length=10, choices=Act.choices)
    state = models.CharField("状态", max_length=10, choices=ServiceOrder.State.choices)
    words = models.TextField("说明", max_length=1000, blank=True)
    is_public = models.BooleanField("公开", default=False)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人")
    by_name = models.CharField("姓名", max_length=40, blank=True)
    by_role = models.CharField("身份", max_length=40, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "服务项目单经过"
        verbose_name_plural = "服务项目单经过"
