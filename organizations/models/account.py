"""The bank account of an organization: every version is kept, the number only sealed."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from core.sealed import SealedField
from organizations.models.registry import Organization


class BankAccount(models.Model):
    """Where an organization is paid; the highest number counts. Finance confirms each version before it is trusted."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="bank_accounts", verbose_name="组织")
    number = models.PositiveSmallIntegerField("版本")
    holder = models.CharField("户名", max_length=80)
    bank = models.CharField("开户行", max_length=80)
    account = SealedField("账号")
    tail = models.CharField("尾号", max_length=4)
    reason = models.CharField("变更原因", max_length=200, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    entered_at = models.DateTimeField("登记时间")
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核实人"
    )
    confirmed_at = models.DateTimeField("核实时间", null=True, blank=True)
    how = models.CharField("核实方式", max_length=200, blank=True)

    class Meta:
        verbose_name = "银行账户"
        verbose_name_plural = "银行账户"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"],
                name="bank_account_version_once",
                violation_error_message="账户刚刚被别人修改过。",
            ),
            models.CheckConstraint(
                condition=Q(tail__regex=r"^[0-9]{4}$"),
                name="bank_account_tail_shape",
                violation_error_message="尾号应为4位数字。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) ^ ~Q(reason=""),
                name="bank_account_change_has_reason",
                violation_error_message="变更账户必须写明原因。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True, how="")
                | (Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(how="")),
                name="bank_account_confirmed_whole",
                violation_error_message="核实须写明核实人、时间和方式。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("entered_by")),
                name="bank_account_second_person",
                violation_error_message="登记账户的人不能自己核实。",
            ),
        ]
