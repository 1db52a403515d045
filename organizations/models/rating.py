"""年终等级评定: a street's rule for a year and the marks of each resident organization. Append-only."""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from organizations.models.registry import Organization
from organizations.models.standing import Standing


class RatingRule(models.Model):
    """How a street rates a year; the highest number counts, until the first marks are entered."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版本")
    rule = models.JSONField("办法")
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="设定人")
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = "评定办法"
        verbose_name_plural = "评定办法"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "year", "number"],
                name="rating_rule_version_once",
                violation_error_message="评定办法版本重复。",
            ),
        ]


class RatingSheet(models.Model):
    """The five marks of one organization for one year; the highest number counts."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="ratings", verbose_name="组织")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版本")
    rule = models.JSONField("办法")
    marks = models.JSONField("得分")
    total = models.DecimalField("总分", max_digits=5, decimal_places=2)
    is_through = models.BooleanField("党建达到门槛")
    stars = models.PositiveSmallIntegerField("建议星级", choices=Standing.Stars.choices)
    correction_reason = models.CharField("更正理由", max_length=500, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    entered_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "年终评定"
        verbose_name_plural = "年终评定"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "number"],
                name="rating_version_once",
                violation_error_message="这一年的评定刚刚被别人登记过。",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=0, total__lte=100),
                name="rating_within_hundred",
                violation_error_message="总分应在0至100之间。",
            ),
            models.CheckConstraint(
                condition=Q(is_through=True) | Q(stars=0),
                name="rating_no_star_below_threshold",
                violation_error_message="党建未达到门槛的，不能评星。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) ^ ~Q(correction_reason=""),
                name="rating_correction_has_reason",
                violation_error_message="更正评定必须写明理由。",
            ),
        ]
