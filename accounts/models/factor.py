"""The second factor: one-time passwords of an authenticator on the phone, recovery codes, the street's policy."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models.people import Area, Role, User
from core.sealed import SealedField


class FactorPolicy(models.Model):
    """Which roles of a street must have a second factor. A street without a row has the default: see accounts.services.factors."""

    street = models.OneToOneField(Area, models.PROTECT, related_name="+", verbose_name="街道")
    is_required = models.BooleanField("要求动态码")
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), verbose_name="角色")
    reason = models.CharField("理由", max_length=200)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="设定人")
    decided_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = "动态码要求"
        verbose_name_plural = "动态码要求"


class Authenticator(models.Model):
    """The authenticator app of one person. `last_step` is the newest half minute whose code was used."""

    user = models.OneToOneField(User, models.CASCADE, related_name="authenticator", verbose_name="人员")
    key = SealedField("密钥")
    begun_at = models.DateTimeField("开始绑定时间")
    confirmed_at = models.DateTimeField("绑定时间", null=True, blank=True)
    last_step = models.BigIntegerField("已用时段", default=0)

    class Meta:
        verbose_name = "动态码"
        verbose_name_plural = "动态码"


class RecoveryCode(models.Model):
    """One of ten codes for a lost phone, by its digest; each works once."""

    authenticator = models.ForeignKey(
        Authenticator, models.CASCADE, related_name="recovery_codes", verbose_name="动态码"
    )
    digest = models.CharField("摘要", max_length=64)
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        verbose_name = "备用码"
        verbose_name_plural = "备用码"
        constraints = [
            models.UniqueConstraint(
                fields=["authenticator", "digest"], name="recovery_code_once", violation_error_message="备用码重复。"
            ),
        ]
