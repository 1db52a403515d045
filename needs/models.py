"""居民点单 → 社区制单 → 认领: needs, service orders, claims."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from core.money import MoneyField
from organizations.models import Organization
from rounds.models import Round


class NeedQuerySet(models.QuerySet["Need"]):
    def under(self, area: Area) -> "NeedQuerySet":
        """Needs of communities at or below this area."""
        return self.filter(community__path__startswith=area.path)

    def open(self) -> "NeedQuerySet":
        return self.exclude(state__in=[Need.State.CLOSED, Need.State.REFUSED])


class Need(models.Model):
    """What a resident asks for. `tracking_code` is the resident's parcel number; contact data is masked everywhere."""

    class Channel(models.TextChoices):
        ONLINE = "online", "线上提交"
        VISIT = "visit", "入户走访"
        DOUBLE_LINK = "double_link", "双联双评"
        SALON = "salon", "书记沙龙"
        HOTLINE = "hotline", "热线电话"
        WECHAT = "wechat", "微信群"
        PATROL = "patrol", "网格巡查"
        COUNCIL = "council", "议事会"

    class Category(models.TextChoices):
        PARTY = "party", "党建引领"
        ENVIRONMENT = "environment", "环境卫生"
        CULTURE = "culture", "文体娱乐"
        CONVENIENCE = "convenience", "便民利民"
        EDUCATION = "education", "宣传教育"
        RELIEF = "relief", "扶贫帮困"
        HEALTH = "health", "卫生保健"
        ELDERLY = "elderly", "为老服务"
        CHILDREN = "children", "儿童青少年"
        SAFETY = "safety", "平安治理"
        OTHER = "other", "其他"

    class Urgency(models.TextChoices):
        LOW = "low", "一般"
        MIDDLE = "middle", "较急"
        HIGH = "high", "紧急"

    class State(models.TextChoices):
        COLLECTED = "collected", "已收集"
        ORDERED = "ordered", "已制单"
        CLOSED = "closed", "已办结"
        REFUSED = "refused", "不予受理"

    number = models.CharField("编号", max_length=30, unique=True)
    tracking_code = models.CharField("查询码", max_length=16, unique=True)
    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    channel = models.CharField("渠道", max_length=20, choices=Channel.choices)
    category = models.CharField("类别", max_length=20, choices=Category.choices)
    words = models.TextField("内容", max_length=1000)
    people_count = models.PositiveIntegerField("涉及人数", default=1)
    urgency = models.CharField("紧急程度", max_length=10, choices=Urgency.choices, default=Urgency.LOW)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.COLLECTED)
    contact_name = models.CharField("称呼", max_length=20, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True)
    consented_at = models.DateTimeField("同意时间", null=True, blank=True)
    refusal_reason = models.TextField("不予受理理由", blank=True)
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="录入人"
    )
    collected_at = models.DateTimeField("收集时间")
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = "需求"
        verbose_name_plural = "需求"
        constraints = [
            models.CheckConstraint(
                condition=Q(contact_name="", contact_phone="") | Q(consented_at__isnull=False),
                name="need_contact_needs_consent",
                violation_error_message="留下联系方式须先同意个人信息说明。",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refusal_reason=""),
                name="need_refused_has_reason",
                violation_error_message="不予受理必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(people_count__gte=1),
                name="need_people_at_least_one",
                violation_error_message="涉及人数至少为 1。",
            ),
        ]
        indexes = [
            models.Index(fields=["street", "-id"], name="need_street"),
            models.Index(fields=["community", "-id"], name="need_community"),
        ]

    def __str__(self) -> str:
        return self.number


class ServiceOrderQuerySet(models.QuerySet["ServiceOrder"]):
    def under(self, area: Area) -> "ServiceOrderQuerySet":
        return self.filter(community__path__startswith=area.path)

    def listed(self) -> "ServiceOrderQuerySet":
        """Orders on a round's public list 项目超市."""
        return self.exclude(state=ServiceOrder.State.DRAFT)


class ServiceOrder(models.Model):
    """服务项目单: what the community orders, made from one or several needs."""

    class State(models.TextChoices):
        DRAFT = "draft", "制单中"
        LISTED = "listed", "已上单"
        CLAIMED = "claimed", "已认领"

    number = models.CharField("编号", max_length=30, unique=True)
    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    round = models.ForeignKey(Round, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="期次")
    title = models.CharField("服务项目", max_length=60)
    target = models.CharField("服务对象", max_length=100)
    content = models.TextField("服务内容", max_length=2000)
    price_ceiling = MoneyField("最高限价（元）", null=True, blank=True)
    is_price_demo = models.BooleanField("限价为演示数据", default=False)
    needs = models.ManyToManyField(Need, through="OrderNeed", related_name="orders", verbose_name="来源需求")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="制单人")
    drafted_at = models.DateTimeField("制单时间")
    listed_at = models.DateTimeField("上单时间", null=True, blank=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = ServiceOrderQuerySet.as_manager()

    class Meta:
        verbose_name = "服务项目单"
        verbose_name_plural = "服务项目单"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft", listed_at__isnull=True)
                | (~Q(state="draft") & Q(listed_at__isnull=False, round__isnull=False)),
                name="order_listed_has_round",
                violation_error_message="上单的服务项目必须属于一个期次。",
            )
        ]

    def __str__(self) -> str:
        return self.title


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


class Claim(models.Model):
    """认领: an organization offers to take an order; the community confirms one."""

    class State(models.TextChoices):
        OFFERED = "offered", "待确认"
        CONFIRMED = "confirmed", "已确认"
        DECLINED = "declined", "未确认"

    order = models.ForeignKey(ServiceOrder, models.PROTECT, related_name="claims", verbose_name="服务项目单")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="认领单位")
    plan = models.TextField("服务打算", max_length=1000)
    price = MoneyField("认领价（元）", null=True, blank=True)
    is_price_demo = models.BooleanField("价格为演示数据", default=False)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OFFERED)
    reason = models.TextField("理由", blank=True)
    offered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提交人")
    offered_at = models.DateTimeField("认领时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="确认人")
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)

    class Meta:
        verbose_name = "认领"
        verbose_name_plural = "认领"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "organization"], name="claim_once", violation_error_message="贵单位已认领过此项目。"
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
        ]
