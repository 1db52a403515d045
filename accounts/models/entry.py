"""How a person comes in: invitations, the roles that are asked for her, tables of people."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from accounts.models.people import Area, Role, User
from core.sealed import SealedField


class PeopleImport(models.Model):
    """An uploaded table of people; its rows are kept, sealed, until they are accounts."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    name = models.CharField("文件名", max_length=200)
    digest = models.CharField("摘要", max_length=64)
    count = models.PositiveIntegerField("行数")
    content = SealedField("各行", blank=True)
    read_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="导入人")
    read_at = models.DateTimeField("读入时间")
    applied_at = models.DateTimeField("导入时间", null=True, blank=True)

    class Meta:
        verbose_name = "账号导入"
        verbose_name_plural = "账号导入"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "digest"],
                condition=Q(applied_at__isnull=False),
                name="people_import_once",
                violation_error_message="这份表已经导入过了。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A link with which its person sets a password, once. The link itself is stored nowhere: see docs/decisions/invitations.md."""

    class Purpose(models.TextChoices):
        NEW = "new", "启用账号"
        RESET = "reset", "重设密码"

    user = models.ForeignKey(User, models.CASCADE, related_name="invitations", verbose_name="人员")
    purpose = models.CharField("用途", max_length=5, choices=Purpose.choices)
    nonce = models.CharField("随机数", max_length=32, editable=False)
    digest = models.CharField("摘要", max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="邀请人")
    invited_at = models.DateTimeField("邀请时间")
    expires_at = models.DateTimeField("失效时间")
    used_at = models.DateTimeField("使用时间", null=True, blank=True)
    revoked_at = models.DateTimeField("撤销时间", null=True, blank=True)
    source = models.ForeignKey(
        PeopleImport, models.PROTECT, null=True, blank=True, related_name="invitations", verbose_name="导入"
    )

    class Meta:
        verbose_name = "邀请"
        verbose_name_plural = "邀请"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="invitation_one_open_each",
                violation_error_message="该人员已有一个有效的邀请。",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_used_or_revoked",
                violation_error_message="已使用的邀请不能撤销。",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("invited_at")),
                name="invitation_expires_later",
                violation_error_message="失效时间应晚于邀请时间。",
            ),
        ]

    def is_open(self, at: datetime) -> bool:
        """Whether the link still works at this moment."""
        return self.used_at is None and self.revoked_at is None and at < self.expires_at


class RoleRequest(models.Model):
    """A role that the system administrator asks for a person; the security administrator grants it or not."""

    user = models.ForeignKey(User, models.PROTECT, related_name="role_requests", verbose_name="人员")
    role = models.CharField("角色", max_length=20, choices=Role.choices)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="范围")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申请人")
    asked_at = models.DateTimeField("申请时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="决定人")
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    is_granted = models.BooleanField("授予", null=True, blank=True)

    class Meta:
        verbose_name = "角色申请"
        verbose_name_plural = "角色申请"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "area"],
                condition=Q(decided_at__isnull=True),
                name="role_request_open_once",
                violation_error_message="该角色已在申请中。",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True, is_granted__isnull=True)
                | Q(decided_at__isnull=False, decided_by__isnull=False, is_granted__isnull=False),
                name="role_request_decided_whole",
                violation_error_message="决定须写明决定人和结果。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
                name="role_request_by_two",
                violation_error_message="申请人不能自己决定。",
            ),
        ]
