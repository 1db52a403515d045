"""主题库: the themes a street can put out, as editable data."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from core.money import MoneyField
from needs.models.need import Need


class LibraryTheme(models.Model):
    """A theme of the library. Without a street it is as installed; a street's own row with the same code stands before it."""

    class Direction(models.TextChoices):
        PARTY = "党建红色项目", "党建红色项目"
        GOVERNANCE = "社区治理难题", "社区治理难题"
        VOLUNTEER = "志愿服务项目", "志愿服务项目"
        RELIEF = "弱势群体帮扶项目", "弱势群体帮扶项目"

    class Origin(models.TextChoices):
        SOURCE = "source", "已有案例"
        PUBLIC = "public", "公开案例"
        PRACTICE = "practice", "通行做法"
        OWN = "own", "本街道自拟"

    street = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="街道")
    code = models.CharField("编号", max_length=12)
    name = models.CharField("名称", max_length=40)
    category = models.CharField("类别", max_length=12)
    directions = ArrayField(models.CharField(max_length=12, choices=Direction.choices), verbose_name="方向")
    target_group = models.CharField("服务对象", max_length=60)
    activities = models.CharField("活动", max_length=200)
    indicators = models.CharField("指标", max_length=200)
    budget_min = MoneyField("建议预算下限（元）")
    budget_max = MoneyField("建议预算上限（元）")
    budget_note = models.CharField("预算说明", max_length=40, blank=True)
    answers = ArrayField(models.CharField(max_length=20, choices=Need.Category.choices), verbose_name="对应的需求类别")
    keywords = ArrayField(models.CharField(max_length=12), default=list, blank=True, verbose_name="居民常用词")
    nodes = ArrayField(models.CharField(max_length=12), default=list, blank=True, verbose_name="时间节点")
    cautions = ArrayField(models.CharField(max_length=12), default=list, blank=True, verbose_name="注意事项")
    origin = models.CharField("来源", max_length=10, choices=Origin.choices)
    is_offered = models.BooleanField("列入推荐", default=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="修改人")
    changed_at = models.DateTimeField("修改时间", null=True, blank=True)

    class Meta:
        verbose_name = "主题库主题"
        verbose_name_plural = "主题库主题"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "code"],
                name="library_theme_once",
                nulls_distinct=False,
                violation_error_message="本街道已有同编号的主题。",
            ),
            models.CheckConstraint(
                condition=Q(budget_max__gte=F("budget_min"), budget_min__gte=0),
                name="library_theme_budget_order",
                violation_error_message="建议预算上限不能低于下限。",
            ),
            models.CheckConstraint(
                condition=Q(street=None) | Q(changed_by__isnull=False, changed_at__isnull=False),
                name="library_theme_own_has_author",
                violation_error_message="街道自己的主题须有修改人和时间。",
            ),
        ]

    def __str__(self) -> str:
        return self.name
