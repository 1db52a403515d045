"""Residents' rating of a funded project; what projects spend, voucher by voucher."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from core.money import MoneyField
from funding.models import Agreement
from jobs.models import StoredFile
from needs.models import Need
from projects.models import BudgetLine, Proposal


class Rating(models.Model):
    """居民评议: the resident who asked rates the project that answered. One per need and project."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="+", verbose_name="需求")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="+", verbose_name="项目")
    stars = models.PositiveSmallIntegerField(
        "满意度", choices=[(5, "很满意"), (4, "满意"), (3, "一般"), (2, "不满意"), (1, "很不满意")]
    )
    words = models.CharField("意见", max_length=300, blank=True)
    rated_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "居民评议"
        verbose_name_plural = "居民评议"
        constraints = [
            models.UniqueConstraint(
                fields=["need", "proposal"], name="rating_once", violation_error_message="您已评议过此项目。"
            ),
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=5),
                name="rating_stars_range",
                violation_error_message="请选择 1 至 5 星。",
            ),
        ]


class ExpenseQuerySet(models.QuerySet["Expense"]):
    def counted(self) -> "ExpenseQuerySet":
        """What counts as spent: handed in, accepted, and both halves of what was taken back."""
        return self.filter(state__in=Expense.COUNTED)

    def of_project(self, agreement: Agreement) -> "ExpenseQuerySet":
        return self.filter(agreement=agreement)


class Expense(models.Model):
    """支出: one voucher line of a project. The organization enters and hands it in, finance or the office checks it.

    What is accepted never changes; a correction is a counter-entry 冲销 (`reverses`) of the same amount, which counts
    against its original and leaves both readable.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "录入中"
        SUBMITTED = "submitted", "待核"
        RETURNED = "returned", "已退回"
        ACCEPTED = "accepted", "已核"
        REVERSED = "reversed", "已冲销"
        DROPPED = "dropped", "已作废"

    class Bill(models.TextChoices):
        INVOICE = "invoice", "发票"
        RECEIPT = "receipt", "收据"
        LABOUR = "labour", "劳务单"
        OTHER = "other", "其他"

    class Source(models.TextChoices):
        GRANT = "grant", "资助资金"
        OWN = "own", "自筹资金"

    COUNTED = (State.SUBMITTED, State.ACCEPTED, State.REVERSED)
    WRITABLE = (State.DRAFT, State.RETURNED)

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="+", verbose_name="协议")
    number = models.CharField("支出编号", max_length=40, unique=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    spent_on = models.DateField("日期")
    voucher = models.CharField("凭证号", max_length=40, blank=True)
    summary = models.CharField("摘要", max_length=120)
    head = models.CharField("科目", max_length=12, choices=BudgetLine.Head.choices)
    line = models.ForeignKey(
        BudgetLine, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="对应的预算行"
    )
    payee = models.CharField("收款方", max_length=80)
    bill_kind = models.CharField("票据类型", max_length=10, choices=Bill.choices)
    bill_number = models.CharField("票号", max_length=40, blank=True)
    amount = MoneyField("金额（元）")
    source = models.CharField("资金来源", max_length=6, choices=Source.choices)
    activity = models.CharField("活动名称或编号", max_length=60, blank=True)
    handled_by = models.CharField("经手人", max_length=30, blank=True)
    approved_by = models.CharField("审批人", max_length=30, blank=True)
    checked = ArrayField(models.CharField(max_length=12), default=list, blank=True, verbose_name="凭证自查")
    over_reason = models.CharField("超出预算或比例的理由", max_length=300, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="录入人")
    created_at = models.DateTimeField("录入时间")
    submitted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提交人"
    )
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核对人")
    decided_at = models.DateTimeField("核对时间", null=True, blank=True)
    note = models.CharField("退回、作废或冲销的理由", max_length=300, blank=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="counter", verbose_name="冲销的支出"
    )
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = ExpenseQuerySet.as_manager()

    class Meta:
        verbose_name = "项目支出"
        verbose_name_plural = "项目支出"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="expense_amount_positive", violation_error_message="金额必须大于零。"
            ),
            models.UniqueConstraint(
                fields=["agreement", "bill_number"],
                condition=Q(bill_kind="invoice", reverses=None)
                & ~Q(bill_number="")
                & ~Q(state__in=["dropped", "reversed"]),
                name="expense_invoice_once",
                violation_error_message="本项目已用过这张发票。",
            ),
            models.UniqueConstraint(
                fields=["bill_number"],
                condition=Q(
                    bill_kind="invoice",
                    reverses=None,
                    state__in=["submitted", "accepted"],
                    bill_number__regex=r"^[0-9]{20}$",
                ),
                name="expense_digital_invoice_once",
                violation_error_message="这张发票已在其他项目使用。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "accepted", "reversed", "returned"], reverses=None)
                | Q(submitted_by__isnull=False, submitted_at__isnull=False),
                name="expense_handed_in_by_somebody",
                violation_error_message="已提交的支出必须有提交人和时间。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "reversed", "returned"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="expense_decided_by_somebody",
                violation_error_message="已核或退回的支出必须有核对人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(submitted_by=None) | Q(decided_by=None) | ~Q(decided_by=F("submitted_by")),
                name="expense_checked_by_another",
                violation_error_message="提交人不能核对自己的支出。",
            ),
            models.CheckConstraint(
                condition=(~Q(state__in=["returned", "dropped"]) & Q(reverses=None)) | ~Q(note=""),
                name="expense_no_needs_reason",
                violation_error_message="退回、作废或冲销必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(reverses=None) | Q(state="accepted"),
                name="expense_counter_is_accepted",
                violation_error_message="冲销记录不能再改动。",
            ),
        ]
        indexes = [
            models.Index(fields=["agreement", "state"], name="expense_agreement_state"),
            models.Index(fields=["state", "submitted_at"], name="expense_queue"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def signed_amount(self) -> Decimal:
        """Yuan as it counts: negative for a counter-entry."""
        amount: Decimal = self.amount
        return -amount if self.reverses_id else amount

    @property
    def voucher_shown(self) -> str:
        """The organization's own voucher number, or ours where it has none."""
        return self.voucher or self.number


class ExpensePaper(models.Model):
    """A file of a voucher: the bill, the sign-in sheet, a photo, the acceptance slip. Part of its expense."""

    class Kind(models.TextChoices):
        BILL = "bill", "票据"
        SIGNIN = "signin", "签到表或领取表"
        PHOTO = "photo", "现场照片"
        ACCEPTANCE = "acceptance", "验收单"

    expense = models.ForeignKey(Expense, models.CASCADE, related_name="papers", verbose_name="支出")
    kind = models.CharField("种类", max_length=10, choices=Kind.choices)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="上传人")
    added_at = models.DateTimeField("上传时间")

    class Meta:
        verbose_name = "支出附件"
        verbose_name_plural = "支出附件"
        constraints = [
            models.UniqueConstraint(fields=["expense", "file"], name="paper_once", violation_error_message="文件重复。")
        ]
