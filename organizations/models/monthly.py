"""十分制积分 of resident organizations: the street's items, a sheet a month, appeals and answers, decisions on leaving.

All of it is append-only: a correction is a new version.
"""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from organizations.models.registry import Organization

MONTH = Q(month__gte=1, month__lte=12)


class MonthlyItems(models.Model):
    """What a month is marked by, from a month on."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    number = models.PositiveSmallIntegerField("版本")
    items = models.JSONField("积分项目")
    year = models.PositiveSmallIntegerField("起始年")
    month = models.PositiveSmallIntegerField("起始月")
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="设定人")
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = "积分项目"
        verbose_name_plural = "积分项目"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "number"],
                name="monthly_items_version_once",
                violation_error_message="积分项目版本重复。",
            ),
            models.CheckConstraint(
                condition=MONTH, name="monthly_items_month", violation_error_message="月份应为1至12。"
            ),
        ]


class MonthlySheet(models.Model):
    """The marks of one organization for one month; the highest number counts."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="sheets", verbose_name="组织")
    year = models.PositiveSmallIntegerField("年")
    month = models.PositiveSmallIntegerField("月")
    number = models.PositiveSmallIntegerField("版本")
    items = models.JSONField("积分项目")
    marks = models.JSONField("得分")
    total = models.DecimalField("月积分", max_digits=4, decimal_places=1)
    note = models.CharField("说明", max_length=500, blank=True)
    correction_reason = models.CharField("更正理由", max_length=500, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    entered_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "月积分表"
        verbose_name_plural = "月积分表"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "month", "number"],
                name="monthly_sheet_version_once",
                violation_error_message="这个月的积分表刚刚被别人登记过。",
            ),
            models.CheckConstraint(
                condition=MONTH, name="monthly_sheet_month", violation_error_message="月份应为1至12。"
            ),
            models.CheckConstraint(
                condition=Q(total__gte=0, total__lte=10),
                name="monthly_sheet_within_ten",
                violation_error_message="月积分应在0至10之间。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) ^ ~Q(correction_reason=""),
                name="monthly_sheet_correction_has_reason",
                violation_error_message="更正月积分必须写明理由。",
            ),
        ]


class MonthlyAppeal(models.Model):
    """The organization disagrees with a version of a sheet; once per version."""

    sheet = models.OneToOneField(MonthlySheet, models.PROTECT, related_name="appeal", verbose_name="月积分表")
    words = models.TextField("申诉理由", max_length=1000)
    said_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申诉人")
    said_at = models.DateTimeField("申诉时间")

    class Meta:
        verbose_name = "积分申诉"
        verbose_name_plural = "积分申诉"
        constraints = [
            models.CheckConstraint(
                condition=~Q(words=""), name="monthly_appeal_has_words", violation_error_message="请写明申诉理由。"
            )
        ]


class MonthlyAnswer(models.Model):
    """What the office answered; `corrected` is the version that follows from it, if one does."""

    appeal = models.OneToOneField(MonthlyAppeal, models.PROTECT, related_name="answer", verbose_name="申诉")
    words = models.TextField("答复", max_length=1000)
    corrected = models.OneToOneField(
        MonthlySheet, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="更正后的积分表"
    )
    answered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="答复人")
    answered_at = models.DateTimeField("答复时间")

    class Meta:
        verbose_name = "申诉答复"
        verbose_name_plural = "申诉答复"
        constraints = [
            models.CheckConstraint(
                condition=~Q(words=""), name="monthly_answer_has_words", violation_error_message="请写明答复。"
            )
        ]


class ExitDecision(models.Model):
    """What a leader decided on a red flag; it covers all months up to `year`, `month`."""

    class Outcome(models.TextChoices):
        EXIT = "exit", "责令退出"
        STAY = "stay", "暂不退出"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="exits", verbose_name="组织")
    year = models.PositiveSmallIntegerField("截至年")
    month = models.PositiveSmallIntegerField("截至月")
    outcome = models.CharField("决定", max_length=10, choices=Outcome.choices)
    reason = models.CharField("理由", max_length=500)
    leaves_on = models.DateField("退出日期", null=True, blank=True)
    scores = models.JSONField("依据的月积分")
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="决定人")
    decided_at = models.DateTimeField("决定时间")

    class Meta:
        verbose_name = "退出决定"
        verbose_name_plural = "退出决定"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "month"],
                name="exit_decided_once",
                violation_error_message="这次红牌已经作出决定。",
            ),
            models.CheckConstraint(condition=MONTH, name="exit_month", violation_error_message="月份应为1至12。"),
            models.CheckConstraint(
                condition=~Q(reason=""), name="exit_has_reason", violation_error_message="请写明决定的理由。"
            ),
            models.CheckConstraint(
                condition=Q(outcome="exit", leaves_on__isnull=False) | Q(outcome="stay", leaves_on__isnull=True),
                name="exit_has_day",
                violation_error_message="责令退出必须写明退出日期。",
            ),
        ]
