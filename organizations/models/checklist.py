"""六有 and 四建一创: a street's lists, what an organization says of a year, what the office makes of it. Append-only."""

from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from organizations.models.registry import Organization


class ChecklistItems(models.Model):
    """The items of both lists in a street; the highest number holds for what is filled in from then on."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    number = models.PositiveSmallIntegerField("版本")
    six = models.JSONField("六有标准")
    five = models.JSONField("四建一创")
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="设定人")
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = "党建清单项目"
        verbose_name_plural = "党建清单项目"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "number"],
                name="checklist_items_version_once",
                violation_error_message="清单刚刚被别人修改过。",
            ),
        ]


class Checklist(models.Model):
    """What an organization reported for a year: `six` and `five` are [{"name", "done", "note"}]."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="checklists", verbose_name="组织")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版本")
    six = models.JSONField("六有标准")
    five = models.JSONField("四建一创")
    filled_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="填报人")
    filled_at = models.DateTimeField("填报时间")

    class Meta:
        verbose_name = "党建清单"
        verbose_name_plural = "党建清单"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "number"],
                name="checklist_version_once",
                violation_error_message="这一年的清单刚刚被别人填报过。",
            ),
        ]

    @staticmethod
    def _share(rows: list[dict[str, Any]]) -> str:
        return f"{sum(bool(row['done']) for row in rows)}/{len(rows)}"

    @property
    def six_words(self) -> str:
        """`4/6`."""
        return self._share(self.six)

    @property
    def five_words(self) -> str:
        """`3/5`."""
        return self._share(self.five)


class ChecklistReview(models.Model):
    """What the office said to one version."""

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", "已确认"
        RETURNED = "returned", "已退回"

    checklist = models.OneToOneField(Checklist, models.PROTECT, related_name="review", verbose_name="党建清单")
    outcome = models.CharField("结论", max_length=10, choices=Outcome.choices)
    reason = models.CharField("退回原因", max_length=500, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="审看人")
    reviewed_at = models.DateTimeField("审看时间")

    class Meta:
        verbose_name = "清单审看"
        verbose_name_plural = "清单审看"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="returned") ^ Q(reason=""),
                name="checklist_returned_has_reason",
                violation_error_message="退回必须写明原因。",
            ),
        ]
