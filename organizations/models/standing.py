"""述职评议 and stars of a year, and what the organization says about them."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from organizations.models.registry import Organization


class Standing(models.Model):
    """述职评议 and star rating of one organization for one year. Append-only: a correction is a new version."""

    class Hearing(models.TextChoices):
        EXCELLENT = "excellent", "优秀"
        QUALIFIED = "qualified", "合格"
        BASIC = "basic", "基本合格"
        FAILED = "failed", "不合格"

    class Stars(models.IntegerChoices):
        NONE = 0, "未评"
        THREE = 3, "三星"
        FOUR = 4, "四星"
        FIVE = 5, "五星"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="standings", verbose_name="组织")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版本")
    hearing = models.CharField("述职等次", max_length=10, choices=Hearing.choices)
    held_on = models.DateField("述职日期")
    evidence = models.CharField("依据", max_length=500)
    stars = models.PositiveSmallIntegerField("星级", choices=Stars.choices, default=Stars.NONE)
    correction_reason = models.CharField("更正理由", max_length=500, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    entered_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "述职和星级"
        verbose_name_plural = "述职和星级"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "number"],
                name="standing_version_once",
                violation_error_message="该年度的述职结果版本重复。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(correction_reason=""),
                name="standing_correction_has_reason",
                violation_error_message="更正述职结果必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(stars__in=[0, 3, 4, 5]),
                name="standing_stars_known",
                violation_error_message="星级只能是未评、三星、四星或五星。",
            ),
            models.CheckConstraint(
                condition=~Q(evidence=""),
                name="standing_has_evidence",
                violation_error_message="述职结果必须写明依据。",
            ),
        ]


class StandingComment(models.Model):
    """What the organization says about its hearing or stars. Append-only."""

    standing = models.ForeignKey(Standing, models.PROTECT, related_name="comments", verbose_name="述职和星级")
    words = models.TextField("说明", max_length=1000)
    said_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="说明人")
    said_at = models.DateTimeField("说明时间")

    class Meta:
        verbose_name = "单位说明"
        verbose_name_plural = "单位说明"
        constraints = [
            models.CheckConstraint(
                condition=~Q(words=""), name="standing_comment_has_words", violation_error_message="请写明说明。"
            )
        ]
