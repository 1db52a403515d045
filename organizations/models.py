"""Applicants: social organizations, community Party organizations, filed teams; and their people."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Area, User


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def of_street(self, street: Area) -> "OrganizationQuerySet":
        return self.filter(street=street)

    def of_member(self, user: User) -> "OrganizationQuerySet":
        return self.filter(members__user=user)


class Organization(models.Model):
    """An applicant known to one street."""

    class Kind(models.TextChoices):
        SOCIAL = "social", "登记社会组织"
        PARTY = "party", "社区（村）党组织"
        TEAM = "team", "备案队伍"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    kind = models.CharField("性质", max_length=10, choices=Kind.choices)
    name = models.CharField("名称", max_length=80)
    pinyin = models.CharField("拼音", max_length=200, editable=False)
    uscc = models.CharField("统一社会信用代码", max_length=18, null=True, blank=True, unique=True)
    community = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所在社区"
    )
    is_demo = models.BooleanField("演示数据", default=False)
    created_at = models.DateTimeField("登记时间")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = "社会组织"
        verbose_name_plural = "社会组织"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "name"],
                name="organization_name_once_per_street",
                violation_error_message="本街道已有同名组织。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="party") | Q(community__isnull=False),
                name="organization_party_has_community",
                violation_error_message="社区（村）党组织必须写明所在社区。",
            ),
            models.CheckConstraint(
                condition=Q(uscc__isnull=True) | Q(uscc__regex=r"^[0-9A-Z]{18}$"),
                name="organization_uscc_shape",
                violation_error_message="统一社会信用代码应为18位数字和大写字母。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person who acts for an organization."""

    class Duty(models.TextChoices):
        HEAD = "head", "负责人"
        CLERK = "clerk", "经办人"
        FINANCE = "finance", "财务"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="members", verbose_name="组织")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="人员")
    duty = models.CharField("职责", max_length=10, choices=Duty.choices)
    since = models.DateTimeField("加入时间")

    class Meta:
        verbose_name = "成员"
        verbose_name_plural = "成员"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="member_once", violation_error_message="该人员已是本组织成员。"
            )
        ]
