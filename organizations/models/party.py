"""Party members of an organization and the form of its Party organization, as reported on a day."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from organizations.models.registry import Organization


class PartyRecord(models.Model):
    """What was reported on a day. Append-only: the newest counts, the older ones are the history."""

    class Form(models.TextChoices):
        BRANCH = "branch", "独立党支部"
        JOINT = "joint", "联合党支部"
        INSTRUCTOR = "instructor", "党建指导员"
        NONE = "none", "未建立"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="party", verbose_name="组织")
    number = models.PositiveSmallIntegerField("版本")
    counted_on = models.DateField("统计日期")
    members = models.PositiveSmallIntegerField("正式党员数")
    form = models.CharField("现设形式", max_length=10, choices=Form.choices)
    branch = models.CharField("党支部名称", max_length=80, blank=True)
    instructor = models.CharField("党建指导员", max_length=40, blank=True)
    upper = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="上级党组织"
    )
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    entered_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "党建登记"
        verbose_name_plural = "党建登记"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"],
                name="party_version_once",
                violation_error_message="党建登记版本重复。",
            ),
            models.CheckConstraint(
                condition=~Q(form__in=["branch", "joint"]) | ~Q(branch=""),
                name="party_branch_has_name",
                violation_error_message="独立或联合党支部必须写明支部名称。",
            ),
            models.CheckConstraint(
                condition=~Q(form="instructor") | ~Q(instructor=""),
                name="party_instructor_has_name",
                violation_error_message="派驻党建指导员必须写明姓名。",
            ),
            models.CheckConstraint(
                condition=Q(upper__isnull=True) | Q(form__in=["branch", "joint"]),
                name="party_upper_of_a_branch",
                violation_error_message="只有独立或联合党支部有上级党组织。",
            ),
        ]
