"""协议书 with its versions, the funds it draws on and its instalments.

An agreement's versions are documents, frozen once handed to a leader. Signing one writes its figures into the rows
here: amount, instalments and draws are always those of the version that stands. Triggers hold the sums.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from core.money import MoneyField
from core.sealed import SealedField, SealedKeysField
from jobs.models import StoredFile
from projects.models import BudgetLine, Proposal
from rounds.models import Round


class Fund(models.Model):
    """资金来源: one purse of a street or a community in one year, with what it may not pay for."""

    class Kind(models.TextChoices):
        GENERAL = "general", "公益创投专项资金"
        PARTY = "party", "党组织服务群众经费"
        OTHER = "other", "其他资金"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    community = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="社区")
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("性质", max_length=10, choices=Kind.choices)
    year = models.PositiveSmallIntegerField("年度")
    budget = MoneyField("年度额度（元）")
    forbidden_heads = ArrayField(
        models.CharField(max_length=12, choices=BudgetLine.Head.choices), default=list, blank=True, verbose_name="不得开支的科目"
    )  # fmt: skip
    head_limits = models.JSONField(
        "科目上限", default=dict, blank=True, help_text='share of what is drawn, in per cent: {"staff": "30"}'
    )
    needs_papers = models.BooleanField("拨付前须有民主决策材料", default=False)
    is_demo = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "资金来源"
        verbose_name_plural = "资金来源"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "community", "name", "year"],
                name="fund_once_per_year",
                nulls_distinct=False,
                violation_error_message="该年度已有同名资金来源。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}年{self.name}"


class Agreement(models.Model):
    """One project's agreement. `amount` is what the signed version binds; what was paid, once it has ended early."""

    class State(models.TextChoices):
        PREPARING = "preparing", "未签订"
        SIGNED = "signed", "已签订"
        ENDED = "ended", "已终止"
        DROPPED = "dropped", "已作废"

    round = models.ForeignKey(Round, models.PROTECT, related_name="+", verbose_name="期次")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="+", verbose_name="项目")
    number = models.CharField("协议号", max_length=30, unique=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PREPARING)
    amount = MoneyField("协议金额（元）", default=0)
    payee_name = models.CharField("户名", max_length=80, blank=True)
    payee_bank = models.CharField("开户行", max_length=80, blank=True)
    payee_account = SealedField("账号", max_length=40, blank=True)
    created_at = models.DateTimeField("建立时间")
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="终止人")
    ended_at = models.DateTimeField("终止时间", null=True, blank=True)
    end_reason = models.TextField("终止理由", max_length=500, blank=True)
    is_demo = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "项目协议"
        verbose_name_plural = "项目协议"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal"],
                condition=~Q(state="dropped"),
                name="agreement_one_per_proposal",
                violation_error_message="该项目已有协议。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["preparing", "dropped"], amount=0) | Q(state__in=["signed", "ended"]),
                name="agreement_binds_once_signed",
                violation_error_message="未签订的协议没有金额。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["preparing", "signed"], ended_at=None, ended_by=None, end_reason="")
                | (
                    Q(state__in=["ended", "dropped"], ended_at__isnull=False, ended_by__isnull=False)
                    & ~Q(end_reason="")
                ),
                name="agreement_end_has_reason",
                violation_error_message="终止协议必须写明理由。",
            ),
        ]
        indexes = [models.Index(fields=["round", "state"], name="agreement_round_state")]

    def __str__(self) -> str:
        return self.number


class AgreementVersion(models.Model):
    """The text of an agreement: drafted by the office, approved by a leader, signed on paper by the parties."""

    class State(models.TextChoices):
        DRAFT = "draft", "拟订中"
        SUBMITTED = "submitted", "待审批"
        APPROVED = "approved", "待签订"
        SIGNED = "signed", "已签订"
        SUPERSEDED = "superseded", "已被变更"
        WITHDRAWN = "withdrawn", "已撤销"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="versions", verbose_name="协议")
    number = models.PositiveSmallIntegerField("版本")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    content = SealedKeysField(
        "内容", help_text="funding.domain.agreement.Content as a document", sealed=["payee_account"]
    )
    digest = models.CharField("摘要", max_length=64)
    reason = models.TextField("变更理由", max_length=500, blank=True)
    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="经办人")
    drafted_at = models.DateTimeField("拟订时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decision_note = models.TextField("审批意见", max_length=500, blank=True)
    signed_on = models.DateField("签订日期", null=True, blank=True)
    scan = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="签字盖章扫描件"
    )
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="登记人"
    )
    recorded_at = models.DateTimeField("登记时间", null=True, blank=True)

    class Meta:
        verbose_name = "协议版本"
        verbose_name_plural = "协议版本"
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "number"], name="agreement_version_once", violation_error_message="版本重复。"
            ),
            models.UniqueConstraint(
                fields=["agreement"],
                condition=Q(state__in=["draft", "submitted", "approved"]),
                name="agreement_one_open_version",
                violation_error_message="该协议已有一个未签订的版本。",
            ),
            models.UniqueConstraint(
                fields=["agreement"],
                condition=Q(state="signed"),
                name="agreement_one_signed_version",
                violation_error_message="该协议已有一个生效的版本。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""),
                name="agreement_change_has_reason",
                violation_error_message="变更协议必须写明理由。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "signed", "superseded"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("drafted_by"))),
                name="agreement_approved_by_another",
                violation_error_message="经办人不能审批自己拟订的协议。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["signed", "superseded"])
                | Q(signed_on__isnull=False, scan__isnull=False, recorded_by__isnull=False, recorded_at__isnull=False),
                name="agreement_signed_has_scan",
                violation_error_message="已签订的协议必须有签订日期和扫描件。",
            ),
        ]


class Instalment(models.Model):
    """One instalment of the version that stands: an amount and what must be true before it is paid."""

    class Condition(models.TextChoices):
        SIGNED = "signed", "协议已签订"
        EVIDENCE = "evidence", "阶段资料已验收"
        MIDTERM = "midterm", "中期评估合格"
        FINAL = "final", "末期验收合格"
        ACCOUNTS = "accounts", "决算和结余已处理"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="instalments", verbose_name="协议")
    position = models.PositiveSmallIntegerField("期序")
    title = models.CharField("名称", max_length=20)
    amount = MoneyField("金额（元）")
    conditions = ArrayField(models.CharField(max_length=10, choices=Condition.choices), verbose_name="拨付条件")
    spend_rate = models.PositiveSmallIntegerField("已拨款支出率不低于（%）", null=True, blank=True)
    due_on = models.DateField("计划拨付日期", null=True, blank=True)

    class Meta:
        verbose_name = "拨付期"
        verbose_name_plural = "拨付期"
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "position"], name="instalment_once", violation_error_message="期序重复。"
            ),
            models.CheckConstraint(
                condition=Q(spend_rate=None) | Q(spend_rate__lte=100),
                name="instalment_rate_at_most_all",
                violation_error_message="支出率不能超过 100%。",
            ),
        ]


class FundDraw(models.Model):
    """How much of an agreement one fund carries."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="draws", verbose_name="协议")
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="draws", verbose_name="资金来源")
    amount = MoneyField("金额（元）")

    class Meta:
        verbose_name = "资金占用"
        verbose_name_plural = "资金占用"
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "fund"], name="draw_once", violation_error_message="同一资金来源只写一行。"
            )
        ]


class FundPaper(models.Model):
    """民主决策材料: what a fund of the residents' money asks for before anything is paid from it."""

    class Kind(models.TextChoices):
        MINUTES = "minutes", "会议记录"
        VOTE = "vote", "表决结果"
        PHOTO = "photo", "公示照片"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="papers", verbose_name="协议")
    kind = models.CharField("种类", max_length=10, choices=Kind.choices)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="上传人")
    added_at = models.DateTimeField("上传时间")

    class Meta:
        verbose_name = "民主决策材料"
        verbose_name_plural = "民主决策材料"
