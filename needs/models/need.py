"""居民点单: what residents ask for."""

from datetime import date

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from accounts.models import Area
from needs.domain.cycle import ASIDE, OPEN, PENDING

# What the page of counts reads: with these in the index it need not touch the rows, which are wide
COUNTED = [
    "id", "community", "grid", "category", "channel", "state", "due_on", "closed_at", "answered_at", "handler", "merged_into", "is_demo",
]  # fmt: skip


class NeedQuerySet(models.QuerySet["Need"]):
    def under(self, area: Area) -> "NeedQuerySet":
        """Needs of communities at or below this area."""
        return self.filter(community__path__startswith=area.path)

    def open(self) -> "NeedQuerySet":
        """Neither closed nor refused nor part of another need."""
        return self.filter(state__in=OPEN)

    def pending(self) -> "NeedQuerySet":
        """Somebody owes the next step."""
        return self.filter(state__in=PENDING)

    def overdue(self, today: date) -> "NeedQuerySet":
        """Pending beyond the last day of what they wait for."""
        return self.pending().filter(due_on__lt=today)

    def unanswered(self) -> "NeedQuerySet":
        """Pending, and the person who asked has heard nothing yet."""
        return self.pending().filter(answered_at=None)


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
        COLLECTED = "collected", "待分析"
        ANALYSED = "analysed", "待处置"
        HANDLING = "handling", "处置中"
        FEEDBACK = "feedback", "待反馈"
        RATING = "rating", "待评议"
        CLOSED = "closed", "已办结"
        HELD = "held", "已挂起"
        REFUSED = "refused", "不予受理"
        MERGED = "merged", "已并入"

    class Route(models.TextChoices):
        NOW = "now", "马上办"
        LINE = "line", "归口办"
        JOINT = "joint", "协调办"
        ORDER = "order", "制单"

    class Level(models.TextChoices):
        SMALL = "small", "小事"
        SHARED = "shared", "共性难题"
        MAJOR = "major", "重大专业事项"

    class Tier(models.TextChoices):
        GRID = "grid", "网格"
        COMMUNITY = "community", "社区"
        STREET = "street", "街道"

    number = models.CharField("编号", max_length=30, unique=True)
    tracking_code = models.CharField("查询码", max_length=16, unique=True)
    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    channel = models.CharField("渠道", max_length=20, choices=Channel.choices)
    source = models.CharField("来源", max_length=60, blank=True, help_text="which group, which list; never a person")
    category = models.CharField("类别", max_length=20, choices=Category.choices)
    words = models.TextField("内容", max_length=1000)
    people_count = models.PositiveIntegerField("涉及人数", default=1)
    urgency = models.CharField("紧急程度", max_length=10, choices=Urgency.choices, default=Urgency.LOW)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.COLLECTED)
    contact_name = models.CharField("称呼", max_length=20, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True)
    consented_at = models.DateTimeField("同意时间", null=True, blank=True)
    refusal_reason = models.TextField("不予受理理由", blank=True)
    grid = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="网格")
    route = models.CharField("处置方式", max_length=10, choices=Route.choices, blank=True)
    level = models.CharField("分级", max_length=10, choices=Level.choices, blank=True)
    tier = models.CharField("办理层级", max_length=10, choices=Tier.choices, default=Tier.COMMUNITY)
    department = models.CharField("转交部门", max_length=60, blank=True)
    first_asked = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="首问责任人"
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="承办人（A岗）"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="代办人（B岗）"
    )
    stage_at = models.DateTimeField("进入本状态时间", null=True, blank=True)
    due_on = models.DateField("办理期限", null=True, blank=True)
    escalate_on = models.DateField("自动上报日", null=True, blank=True)
    held_until = models.DateField("挂起到", null=True, blank=True)
    kept_state = models.CharField("搁置前状态", max_length=10, choices=State.choices, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name="并入"
    )
    answered_at = models.DateTimeField("首次反馈时间", null=True, blank=True)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    public_words = models.TextField("公开内容", max_length=1000, blank=True)
    version = models.PositiveIntegerField("版次", default=1)
    keys = ArrayField(models.IntegerField(), default=list, blank=True, editable=False, verbose_name="查找键")
    initials = models.CharField("首字母", max_length=120, blank=True, editable=False)
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
            models.CheckConstraint(
                condition=Q(state__in=ASIDE) & ~Q(kept_state="") | ~Q(state__in=ASIDE) & Q(kept_state=""),
                name="need_aside_knows_its_way_back",
                violation_error_message="挂起或并入的需求必须记下原来的状态。",
            ),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) | ~Q(state="merged") & Q(merged_into=None),
                name="need_merged_has_head",
                violation_error_message="并入的需求必须指明并入哪一件。",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=models.F("id")),
                name="need_not_merged_into_itself",
                violation_error_message="需求不能并入自己。",
            ),
            models.CheckConstraint(
                condition=Q(state="held", held_until__isnull=False) | ~Q(state="held") & Q(held_until=None),
                name="need_held_has_end",
                violation_error_message="挂起必须写明到哪一天。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["collected", "held", "refused", "merged"]) | ~Q(route="") | Q(state="closed"),
                name="need_handled_has_route",
                violation_error_message="分析后的需求必须有处置方式。",
            ),
        ]
        indexes = [
            GinIndex(fields=["keys"], name="need_keys", opclasses=["array_ops"], fastupdate=False),
            models.Index(fields=["street", "state", "-id"], name="need_street_state"),
            models.Index(fields=["community", "state", "-id"], name="need_community_state"),
            models.Index(fields=["handler", "-id"], name="need_handler"),
            models.Index(fields=["community", "collected_at"], name="need_open", condition=Q(state__in=OPEN)),
            models.Index(fields=["street", "due_on"], name="need_pending", condition=Q(state__in=PENDING)),
            models.Index(fields=["escalate_on"], name="need_escalate", condition=Q(escalate_on__isnull=False)),
            models.Index(fields=["held_until"], name="need_held", condition=Q(held_until__isnull=False)),
            models.Index(fields=["street", "-id"], name="need_street"),
            models.Index(fields=["community", "-id"], name="need_community"),
            models.Index(fields=["street", "collected_at"], name="need_counts", include=COUNTED),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def head_id(self) -> int:
        """The need that is worked on: this one, or the one it was merged into."""
        return self.merged_into_id or self.pk
