"""Training sessions of a street, which organizations sign up, and how many people came."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from organizations.models.registry import Organization


class Training(models.Model):
    """One session, announced by the office; `audience` are kinds of organizations."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    series = models.CharField("系列", max_length=40, blank=True)
    title = models.CharField("主题", max_length=80)
    begins_at = models.DateTimeField("开始时间")
    place = models.CharField("地点", max_length=80)
    capacity = models.PositiveSmallIntegerField("容纳人数")
    audience = ArrayField(models.CharField(max_length=10), verbose_name="参加对象")
    is_mandatory = models.BooleanField("必修", default=False)
    sign_up_until = models.DateTimeField("报名截止")
    note = models.CharField("说明", max_length=500, blank=True)
    code = models.CharField("签到码", max_length=8)
    announced_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="发布人")
    announced_at = models.DateTimeField("发布时间")
    cancelled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="取消人"
    )
    cancelled_at = models.DateTimeField("取消时间", null=True, blank=True)
    cancel_reason = models.CharField("取消原因", max_length=200, blank=True)
    is_demo = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "培训"
        verbose_name_plural = "培训"
        constraints = [
            models.CheckConstraint(
                condition=Q(sign_up_until__lte=F("begins_at")),
                name="training_sign_up_ends_before_it_begins",
                violation_error_message="报名截止不能晚于开始时间。",
            ),
            models.UniqueConstraint(
                fields=["street", "title", "begins_at"],
                condition=Q(cancelled_at__isnull=True),
                name="training_announced_once",
                violation_error_message="同一时间已有同名的培训。",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1),
                name="training_has_room",
                violation_error_message="容纳人数至少为1。",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True, cancel_reason="")
                | (Q(cancelled_at__isnull=False, cancelled_by__isnull=False) & ~Q(cancel_reason="")),
                name="training_cancelled_whole",
                violation_error_message="取消培训须写明取消人、时间和原因。",
            ),
        ]
        indexes = [models.Index(fields=["street", "-begins_at"], name="training_street")]

    def __str__(self) -> str:
        return self.title


class SignUp(models.Model):
    """An organization comes with so many people; `attended` is how many came, None where nobody said."""

    class Way(models.TextChoices):
        CODE = "code", "签到码"
        TICKED = "ticked", "现场登记"

    training = models.ForeignKey(Training, models.PROTECT, related_name="sign_ups", verbose_name="培训")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="sign_ups", verbose_name="组织")
    people = models.PositiveSmallIntegerField("报名人数")
    functions = models.CharField("参加人职务", max_length=100, blank=True)
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="报名人")
    signed_at = models.DateTimeField("报名时间")
    withdrawn_at = models.DateTimeField("取消报名时间", null=True, blank=True)
    attended = models.PositiveSmallIntegerField("到场人数", null=True, blank=True)
    way = models.CharField("登记方式", max_length=10, choices=Way.choices, blank=True)
    attended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="到场登记人"
    )
    attended_at = models.DateTimeField("到场登记时间", null=True, blank=True)

    class Meta:
        verbose_name = "培训报名"
        verbose_name_plural = "培训报名"
        constraints = [
            models.UniqueConstraint(
                fields=["training", "organization"],
                name="training_signed_up_once",
                violation_error_message="本单位已经报名。",
            ),
            models.CheckConstraint(
                condition=Q(attended__isnull=True, attended_by__isnull=True, attended_at__isnull=True, way="")
                | (Q(attended__isnull=False, attended_by__isnull=False, attended_at__isnull=False) & ~Q(way="")),
                name="training_attended_whole",
                violation_error_message="到场须写明人数、登记人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(attended__isnull=True),
                name="training_withdrawn_did_not_come",
                violation_error_message="取消报名的不能登记到场。",
            ),
        ]
