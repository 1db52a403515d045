"""Applicants: social organizations, community Party organizations, filed teams, resident groups; and their people."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

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
        GROUP = "group", "居民小组"

    class Inspection(models.TextChoices):
        PASSED = "passed", "合格"
        BASIC = "basic", "基本合格"
        FAILED = "failed", "不合格"
        MISSED = "missed", "未参加"
        NEW = "new", "新成立未检"

    class Grade(models.TextChoices):
        A1 = "1A", "1A"
        A2 = "2A", "2A"
        A3 = "3A", "3A"
        A4 = "4A", "4A"
        A5 = "5A", "5A"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    kind = models.CharField("性质", max_length=10, choices=Kind.choices)
    name = models.CharField("名称", max_length=80)
    pinyin = models.CharField("拼音", max_length=200, editable=False)
    uscc = models.CharField("统一社会信用代码", max_length=18, null=True, blank=True, unique=True)
    community = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所在社区"
    )
    legal_name = models.CharField("法定代表人或负责人", max_length=40, blank=True)
    secretary = models.CharField("党组织书记", max_length=40, blank=True)
    supporter = models.CharField("支持单位", max_length=80, blank=True)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    licence_until = models.DateField("登记证书有效期至", null=True, blank=True)
    business = models.CharField("业务范围", max_length=500, blank=True)
    inspection = models.CharField("最近一次年检", max_length=12, choices=Inspection.choices, blank=True)
    grade = models.CharField("民政评估等级", max_length=2, choices=Grade.choices, blank=True)
    moved_in_on = models.DateField("入驻日期", null=True, blank=True)
    moved_out_on = models.DateField("退出日期", null=True, blank=True)
    revision = models.PositiveIntegerField("修改次数", default=0)
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
                condition=~Q(kind="group")
                | (Q(community__isnull=False, uscc__isnull=True) & ~Q(legal_name="") & ~Q(supporter="")),
                name="organization_group_is_supported",
                violation_error_message="居民小组须写明所在社区、负责人和支持单位，没有信用代码。",
            ),
            models.CheckConstraint(
                condition=Q(uscc__isnull=True) | Q(uscc__regex=r"^[0-9A-Z]{18}$"),
                name="organization_uscc_shape",
                violation_error_message="统一社会信用代码应为18位数字和大写字母。",
            ),
            models.CheckConstraint(
                condition=Q(moved_out_on__isnull=True)
                | Q(moved_in_on__isnull=False, moved_out_on__gte=F("moved_in_on")),
                name="organization_leaves_after_it_came",
                violation_error_message="退出日期不能早于入驻日期。",
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


class FormerMember(models.Model):
    """Somebody who acted for an organization and no longer does. Append-only."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="former", verbose_name="组织")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="人员")
    duty = models.CharField("职责", max_length=10, choices=Membership.Duty.choices)
    since = models.DateTimeField("加入时间")
    until = models.DateTimeField("离任时间")
    successor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="接任人"
    )
    reason = models.CharField("离任原因", max_length=200)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办人")

    class Meta:
        verbose_name = "前任成员"
        verbose_name_plural = "前任成员"
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""), name="former_member_has_reason", violation_error_message="请写明离任原因。"
            ),
            models.CheckConstraint(
                condition=Q(until__gte=F("since")),
                name="former_member_left_after_joining",
                violation_error_message="离任时间不能早于加入时间。",
            ),
            models.CheckConstraint(
                condition=Q(successor__isnull=True) | ~Q(successor=F("user")),
                name="former_member_not_own_successor",
                violation_error_message="接任人不能是本人。",
            ),
        ]
