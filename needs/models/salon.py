"""书记沙龙: a community's Party secretary calls organizations, volunteers and co-units to one table; needs become orders."""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from needs.models.need import Need
from needs.models.order import ServiceOrder
from organizations.models import Organization


class Salon(models.Model):
    """One session of a series. Once its minutes are closed nothing of it changes; a trigger holds that."""

    class State(models.TextChoices):
        PLANNED = "planned", "筹备中"
        CLOSED = "closed", "已办结"
        CANCELLED = "cancelled", "已取消"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="社区")
    series = models.CharField("系列", max_length=30, default="书记沙龙")
    number = models.PositiveSmallIntegerField("期次")
    subject = models.CharField("主题", max_length=60)
    held_on = models.DateField("日期")
    begins = models.TimeField("开始时间")
    venue = models.CharField("地点", max_length=80)
    convener = models.CharField("召集人", max_length=40)
    summary = models.TextField("会议情况", max_length=3000, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PLANNED)
    planned_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="经办人")
    planned_at = models.DateTimeField("建立时间")
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="办结人")
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    cancel_reason = models.CharField("取消理由", max_length=200, blank=True)
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    is_demo = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "书记沙龙"
        verbose_name_plural = "书记沙龙"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "series", "number"],
                name="salon_number_once",
                violation_error_message="该社区这一系列已有同一期次。",
            ),
            models.CheckConstraint(
                condition=Q(state="planned", closed_at=None, closed_by=None)
                | (~Q(state="planned") & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="salon_closed_has_moment",
                violation_error_message="办结或取消的沙龙必须有人和时间。",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(cancel_reason=""),
                name="salon_cancelled_has_reason",
                violation_error_message="取消沙龙必须写明理由。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.series}第{self.number}期"


class SalonGuest(models.Model):
    """Who was invited and who came: a unit, and how many of its people. Names of people are not kept, but signed on paper."""

    class Kind(models.TextChoices):
        ORGANIZATION = "organization", "社会组织"
        VOLUNTEER = "volunteer", "社区志愿者"
        REGISTERED = "registered", "双报到单位"
        CO_UNIT = "co_unit", "兼职委员单位"
        RESIDENT = "resident", "居民代表"
        STAFF = "staff", "社区工作者"

    salon = models.ForeignKey(Salon, models.CASCADE, related_name="guests", verbose_name="沙龙")
    kind = models.CharField("类别", max_length=14, choices=Kind.choices)
    name = models.CharField("单位或人员", max_length=60)
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="登记的组织"
    )
    people = models.PositiveSmallIntegerField("到会人数", default=0)

    class Meta:
        verbose_name = "参会单位"
        verbose_name_plural = "参会单位"
        constraints = [
            models.UniqueConstraint(
                fields=["salon", "kind", "name"], name="salon_guest_once", violation_error_message="该单位已在名单中。"
            )
        ]


class SalonItem(models.Model):
    """One point of the agenda: the needs it is about, what was said, what was decided."""

    class Decision(models.TextChoices):
        ORDER = "order", "制成服务项目单"
        HANDLE = "handle", "社区自行办理"
        REFER = "refer", "转交有关部门"
        LATER = "later", "下次再议"
        NOTED = "noted", "了解情况"

    salon = models.ForeignKey(Salon, models.CASCADE, related_name="items", verbose_name="沙龙")
    position = models.PositiveSmallIntegerField("顺序")
    title = models.CharField("议题", max_length=80)
    needs = models.ManyToManyField(Need, blank=True, related_name="salon_items", verbose_name="相关需求")
    said = models.TextField("讨论情况", max_length=2000, blank=True)
    decision = models.CharField("结论", max_length=10, choices=Decision.choices, blank=True)
    words = models.CharField("结论说明", max_length=500, blank=True)
    order = models.ForeignKey(
        ServiceOrder, models.PROTECT, null=True, blank=True, related_name="salon_items", verbose_name="形成的服务项目单"
    )

    class Meta:
        verbose_name = "沙龙议题"
        verbose_name_plural = "沙龙议题"
        constraints = [
            models.UniqueConstraint(
                fields=["salon", "position"], name="salon_item_once", violation_error_message="议题顺序重复。"
            ),
            models.CheckConstraint(
                condition=Q(order=None) | Q(decision="order"),
                name="salon_item_order_is_decided",
                violation_error_message="只有结论为“制成服务项目单”的议题才有服务项目单。",
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["", "order"]) | ~Q(words=""),
                name="salon_item_decision_has_words",
                violation_error_message="请写明结论。",
            ),
        ]
