"""Proposals and their versions, budgets, eligibility check."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from core.money import MoneyField
from needs.models import Need, ServiceOrder
from organizations.models import Organization
from rounds.models import Round, Theme


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def in_round(self, round_: Round) -> "ProposalQuerySet":
        return self.filter(round=round_)

    def of_member(self, user: User) -> "ProposalQuerySet":
        return self.filter(organization__members__user=user)

    def handed_in(self) -> "ProposalQuerySet":
        """Everything the office may read: all but drafts."""
        return self.exclude(state=Proposal.State.DRAFT)

    def judgeable(self) -> "ProposalQuerySet":
        """Proposals that passed the eligibility check and still stand."""
        return self.filter(state=Proposal.State.PASSED)


class Proposal(models.Model):
    """A project proposal of one organization in one round."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "已提交"
        RETURNED = "returned", "待补正"
        PASSED = "passed", "初审通过"
        REFUSED = "refused", "不予受理"
        WITHDRAWN = "withdrawn", "已撤回"

    round = models.ForeignKey(Round, models.PROTECT, related_name="+", verbose_name="期次")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="申报单位")
    community = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="实施社区"
    )
    theme = models.ForeignKey(Theme, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="主题")
    category = models.CharField("类别", max_length=30, blank=True)
    title = models.CharField("项目名称", max_length=60)
    summary = models.TextField("项目简介", max_length=500, blank=True)
    plan = models.TextField("实施计划", max_length=3000, blank=True)
    indicators = models.TextField("预期成效与指标", max_length=2000, blank=True)
    beneficiaries = models.PositiveIntegerField("直接受益人数", null=True, blank=True)
    requested = MoneyField("申请资金（元）", null=True, blank=True)
    minimum = MoneyField("最低可行金额（元）", null=True, blank=True)
    needs = models.ManyToManyField(Need, blank=True, related_name="+", verbose_name="回应的需求")
    orders = models.ManyToManyField(ServiceOrder, blank=True, related_name="+", verbose_name="承接的服务项目单")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    revision = models.PositiveIntegerField("修改次数", default=0, help_text="compare-and-swap counter of saves")
    receipt_number = models.CharField("受理编号", max_length=30, null=True, blank=True, unique=True)
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="填写人")
    created_at = models.DateTimeField("创建时间")
    saved_at = models.DateTimeField("保存时间")
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = "项目申报书"
        verbose_name_plural = "项目申报书"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(
                    submitted_at__isnull=False,
                    receipt_number__isnull=False,
                    requested__isnull=False,
                    minimum__isnull=False,
                    theme__isnull=False,
                    community__isnull=False,
                ),
                name="proposal_handed_in_is_complete",
                violation_error_message="已提交的申报书必须有受理编号、时间、主题、实施社区和金额。",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, receipt_number__isnull=True)
                | Q(submitted_at__isnull=False, receipt_number__isnull=False),
                name="proposal_receipt_with_moment",
                violation_error_message="受理编号与提交时间必须同时存在。",
            ),
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(minimum__isnull=True)
                | Q(requested__isnull=True)
                | Q(minimum__lte=F("requested")),
                name="proposal_minimum_at_most_requested",
                violation_error_message="最低可行金额不能高于申请资金。",
            ),
        ]
        indexes = [models.Index(fields=["round", "state"], name="proposal_round_state")]

    def __str__(self) -> str:
        return self.title


class BudgetLine(models.Model):
    """One line of the budget: unit price × quantity = amount, exact to the fen; split in grant and self-raised."""

    class Head(models.TextChoices):
        ACTIVITY = "activity", "业务活动费"
        STAFF = "staff", "人员费"
        MANAGEMENT = "management", "管理费"
        TAX = "tax", "税费"

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="lines", verbose_name="申报书")
    position = models.PositiveSmallIntegerField("行号")
    head = models.CharField("科目", max_length=12, choices=Head.choices)
    item = models.CharField("说明", max_length=60)
    unit_price = MoneyField("单价（元）")
    quantity = models.PositiveIntegerField("数量")
    amount = MoneyField("金额（元）")
    grant = MoneyField("申请资金（元）")
    self_raised = MoneyField("自筹（元）")

    class Meta:
        verbose_name = "预算行"
        verbose_name_plural = "预算行"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "position"], name="budget_line_position_once", violation_error_message="行号重复。"
            ),
            models.CheckConstraint(
                condition=Q(amount=F("unit_price") * F("quantity")),
                name="budget_line_amount_is_product",
                violation_error_message="金额必须等于单价乘以数量。",
            ),
            models.CheckConstraint(
                condition=Q(amount=F("grant") + F("self_raised")),
                name="budget_line_parts_add_up",
                violation_error_message="申请资金与自筹之和必须等于金额。",
            ),
        ]


class ProposalVersion(models.Model):
    """What was handed in, frozen: the version judged is the version kept. Append-only."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="versions", verbose_name="申报书")
    number = models.PositiveSmallIntegerField("版本")
    content = models.JSONField("内容")
    digest = models.CharField("摘要", max_length=64)
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提交人")
    submitted_at = models.DateTimeField("提交时间")

    class Meta:
        verbose_name = "申报书版本"
        verbose_name_plural = "申报书版本"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "number"], name="version_number_once", violation_error_message="版本号重复。"
            )
        ]


class EligibilityDecision(models.Model):
    """初审: one decision of the office, with its reason where it says no or not yet. Append-only."""

    class Outcome(models.TextChoices):
        PASS = "pass", "通过"
        RETURN = "return", "退回补正"
        REFUSE = "refuse", "不予受理"

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="decisions", verbose_name="申报书")
    version = models.ForeignKey(ProposalVersion, models.PROTECT, related_name="+", verbose_name="版本")
    outcome = models.CharField("结论", max_length=10, choices=Outcome.choices)
    reason = models.TextField("理由", max_length=1000, blank=True)
    fields_open = ArrayField(models.CharField(max_length=30), default=list, blank=True, verbose_name="需补正的栏目")
    complete_by = models.DateTimeField("补正截止", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="审核人")
    decided_at = models.DateTimeField("审核时间")

    class Meta:
        verbose_name = "初审结论"
        verbose_name_plural = "初审结论"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="pass") | ~Q(reason=""),
                name="decision_no_needs_reason",
                violation_error_message="退回补正或不予受理必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(outcome="return", complete_by__isnull=False)
                | (~Q(outcome="return") & Q(complete_by__isnull=True)),
                name="decision_return_has_deadline",
                violation_error_message="退回补正必须写明补正截止时间。",
            ),
        ]
