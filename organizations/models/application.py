"""An organization asks to be registered, without an account."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Area
from organizations.models.registry import Membership, Organization


class Application(models.Model):
    """What somebody asks the office to register; an account exists only after it is approved."""

    class State(models.TextChoices):
        WAITING = "waiting", "待审核"
        APPROVED = "approved", "已通过"
        REFUSED = "refused", "未通过"

    KINDS = [
        (Organization.Kind.SOCIAL.value, Organization.Kind.SOCIAL.label),
        (Organization.Kind.TEAM.value, Organization.Kind.TEAM.label),
        (Organization.Kind.GROUP.value, Organization.Kind.GROUP.label),
    ]

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    kind = models.CharField("性质", max_length=10, choices=KINDS)
    name = models.CharField("名称", max_length=80)
    uscc = models.CharField("统一社会信用代码", max_length=18, blank=True)
    community = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所在社区"
    )
    legal_name = models.CharField("法定代表人或负责人", max_length=40)
    secretary = models.CharField("党组织书记", max_length=40, blank=True)
    supporter = models.CharField("支持单位", max_length=80, blank=True)
    licence_until = models.DateField("登记证书有效期至", null=True, blank=True)
    business = models.CharField("业务范围", max_length=500, blank=True)
    applicant = models.CharField("申请人", max_length=40)
    duty = models.CharField("职责", max_length=10, choices=Membership.Duty.choices)
    phone = models.CharField("联系电话", max_length=20)
    code = models.CharField("查询码", max_length=16, unique=True)
    once_key = models.UUIDField("提交凭据", unique=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    applied_at = models.DateTimeField("提交时间")
    decided_at = models.DateTimeField("审核时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审核人"
    )
    reason = models.CharField("未通过的原因", max_length=500, blank=True)
    organization = models.OneToOneField(
        Organization, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="登记的组织"
    )
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="申请人的账号"
    )

    class Meta:
        verbose_name = "登记申请"
        verbose_name_plural = "登记申请"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "name"],
                condition=Q(state="waiting"),
                name="application_name_waits_once",
                violation_error_message="同名组织的申请正在审核。",
            ),
            models.UniqueConstraint(
                fields=["uscc"],
                condition=Q(state="waiting") & ~Q(uscc=""),
                name="application_uscc_waits_once",
                violation_error_message="这个信用代码的申请正在审核。",
            ),
            models.CheckConstraint(
                condition=Q(uscc="") | Q(uscc__regex=r"^[0-9A-Z]{18}$"),
                name="application_uscc_shape",
                violation_error_message="统一社会信用代码应为18位数字和大写字母。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="social") | ~Q(uscc=""),
                name="application_social_has_uscc",
                violation_error_message="登记社会组织必须填写统一社会信用代码。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="group") | (Q(community__isnull=False, uscc="") & ~Q(supporter="")),
                name="application_group_is_supported",
                violation_error_message="居民小组须写明所在社区和支持单位，没有信用代码。",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state="waiting") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="application_decided_by_somebody",
                violation_error_message="审核须写明审核人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(state="approved", organization__isnull=False)
                | (~Q(state="approved") & Q(organization__isnull=True, account__isnull=True)),
                name="application_approved_has_organization",
                violation_error_message="审核通过后才有组织和账号。",
            ),
            models.CheckConstraint(
                condition=Q(state="refused") ^ Q(reason=""),
                name="application_refused_has_reason",
                violation_error_message="不予登记必须写明原因。",
            ),
        ]
        indexes = [models.Index(fields=["street", "-applied_at"], name="application_street")]

    def __str__(self) -> str:
        return self.name
