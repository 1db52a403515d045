"""Somebody is asked to act for an organization by a link that works once and not for long."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models.registry import Membership, Organization


class Invitation(models.Model):
    """`digest` is what is kept of the link; `replaces` leaves when it is accepted."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="invitations", verbose_name="组织")
    name = models.CharField("受邀人", max_length=40)
    duty = models.CharField("职责", max_length=10, choices=Membership.Duty.choices)
    replaces = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="接替"
    )
    reason = models.CharField("离任原因", max_length=200, blank=True)
    digest = models.CharField("链接摘要", max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="邀请人")
    invited_at = models.DateTimeField("邀请时间")
    expires_at = models.DateTimeField("有效期至")
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="接受人"
    )
    accepted_at = models.DateTimeField("接受时间", null=True, blank=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)

    class Meta:
        verbose_name = "成员邀请"
        verbose_name_plural = "成员邀请"
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_by__isnull=True, accepted_at__isnull=True)
                | Q(accepted_by__isnull=False, accepted_at__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_whole",
                violation_error_message="接受邀请须写明接受人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) ^ ~Q(reason=""),
                name="invitation_replacing_has_reason",
                violation_error_message="接替成员须写明离任原因。",
            ),
        ]
