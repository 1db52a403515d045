"""拨付: from the request of an organization to the voucher of the finance office, and money that came back."""

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from core.money import MoneyField
from core.sealed import SealedKeysField
from funding.models.agreement import Agreement, FundDraw, Instalment
from jobs.models import StoredFile


class Payment(models.Model):
    """One payment of an instalment. Its amount never changes; its state moves along a table a trigger holds."""

    class State(models.TextChoices):
        REQUESTED = "requested", "待核对"
        CHECKED = "checked", "待审批"
        APPROVED = "approved", "待拨付"
        PAID = "paid", "已拨付"
        REFUSED = "refused", "未通过"
        FAILED = "failed", "拨付失败"
        CANCELLED = "cancelled", "已撤回"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="payments", verbose_name="协议")
    instalment = models.ForeignKey(Instalment, models.PROTECT, related_name="payments", verbose_name="拨付期")
    number = models.CharField("拨付单号", max_length=30, unique=True)
    amount = MoneyField("金额（元）")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.REQUESTED)
    words = models.TextField("申请说明", max_length=1000, blank=True)
    spent = MoneyField("已拨资金累计支出（元）", default=0)
    evidence = models.ManyToManyField(StoredFile, blank=True, related_name="+", verbose_name="依据材料")
    confirmed = models.JSONField("条件核对", default=dict, help_text="condition → note of the checker")
    payee = SealedKeysField("收款账户", help_text='{"name", "bank", "account"} as of the request', sealed=["account"])
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申请人")
    requested_at = models.DateTimeField("申请时间")
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核对人")
    checked_at = models.DateTimeField("核对时间", null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人"
    )
    approved_at = models.DateTimeField("审批时间", null=True, blank=True)
    paid_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="拨付人")
    paid_at = models.DateTimeField("登记拨付时间", null=True, blank=True)
    paid_on = models.DateField("拨付日期", null=True, blank=True)
    voucher = models.CharField("凭证号", max_length=40, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="办结人")
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    close_reason = models.TextField("未通过、失败或撤回的理由", max_length=500, blank=True)
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)

    class Meta:
        verbose_name = "拨付"
        verbose_name_plural = "拨付"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="payment_amount_positive", violation_error_message="金额必须大于零。"
            ),
            models.CheckConstraint(
                condition=Q(checked_by=None) | ~Q(checked_by=F("requested_by")),
                name="payment_checked_by_another",
                violation_error_message="申请人不能核对自己的申请。",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | (Q(checked_by__isnull=False) & ~Q(approved_by=F("checked_by")) & ~Q(approved_by=F("requested_by"))),
                name="payment_approved_by_another",
                violation_error_message="核对人不能审批同一笔拨付。",
            ),
            models.CheckConstraint(
                condition=Q(paid_by=None)
                | (
                    Q(approved_by__isnull=False)
                    & ~Q(paid_by=F("approved_by"))
                    & ~Q(paid_by=F("checked_by"))
                    & ~Q(paid_by=F("requested_by"))
                ),
                name="payment_paid_by_another",
                violation_error_message="审批人不能自己拨付。",
            ),
            models.CheckConstraint(
                condition=~Q(state="paid")
                | (Q(paid_by__isnull=False, paid_at__isnull=False, paid_on__isnull=False) & ~Q(voucher="")),
                name="payment_paid_has_voucher",
                violation_error_message="已拨付的必须有日期和凭证号。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "failed", "cancelled"])
                | (Q(closed_by__isnull=False, closed_at__isnull=False) & ~Q(close_reason="")),
                name="payment_closed_has_reason",
                violation_error_message="未通过、失败或撤回必须写明理由。",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="payment_state")]

    def __str__(self) -> str:
        return self.number


class PaymentPart(models.Model):
    """Which fund carries how much of a payment. Σ parts = amount."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="parts", verbose_name="拨付")
    draw = models.ForeignKey(FundDraw, models.PROTECT, related_name="parts", verbose_name="资金占用")
    amount = MoneyField("金额（元）")

    class Meta:
        verbose_name = "拨付资金构成"
        verbose_name_plural = "拨付资金构成"
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "draw"], name="part_once", violation_error_message="同一资金来源只写一行。"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="part_amount_positive", violation_error_message="金额必须大于零。"
            ),
        ]


class Repayment(models.Model):
    """Money that came back after it was paid. Append-only."""

    class Kind(models.TextChoices):
        RETURNED = "returned", "结余退回"
        RECOVERED = "recovered", "追回"

    part = models.ForeignKey(PaymentPart, models.PROTECT, related_name="repayments", verbose_name="拨付资金构成")
    kind = models.CharField("性质", max_length=10, choices=Kind.choices)
    amount = MoneyField("金额（元）")
    received_on = models.DateField("到账日期")
    voucher = models.CharField("凭证号", max_length=40)
    reason = models.TextField("理由", max_length=500)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    recorded_at = models.DateTimeField("登记时间")
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)

    class Meta:
        verbose_name = "退回和追回"
        verbose_name_plural = "退回和追回"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="repayment_amount_positive", violation_error_message="金额必须大于零。"
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(voucher=""),
                name="repayment_has_reason_and_voucher",
                violation_error_message="退回或追回必须写明理由和凭证号。",
            ),
        ]
