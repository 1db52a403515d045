"""Proposals and their versions, budgets, eligibility check."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Area, User
from core.money import MoneyField
from needs.models import Need, ServiceOrder
from organizations.models import Organization
from projects.models.limits import LimitPlea, LimitRuling
from projects.models.opinion import CommunityOpinion, OpinionReminder
from projects.models.parts import Activity, Attachment, Indicator, Partner, TargetGroup, TeamMember
from rounds.models import Round, Theme

__all__ = [
    "Activity", "Attachment", "BudgetCut", "BudgetLine", "CommunityOpinion", "CutAnswer", "CutLine", "EligibilityDecision", "Indicator",
    "LimitPlea", "LimitRuling", "OpinionReminder", "Partner", "Proposal", "ProposalVersion", "TargetGroup", "TeamMember", "lacks_opinion",
]  # fmt: skip


def lacks_opinion() -> Q:
    """Of a proposal: the community has said nothing, and no sealed scan of its opinion is there."""
    said = CommunityOpinion.objects.filter(proposal=OuterRef("pk"))
    sealed = Attachment.objects.filter(proposal=OuterRef("pk"), kind=Attachment.Kind.SEAL, removed_at__isnull=True)
    return Q(~Exists(said), ~Exists(sealed))


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

    def lacking_opinion(self) -> "ProposalQuerySet":
        """Those that still wait for the eligibility check without the opinion that their round asks."""
        waiting = (Proposal.State.SUBMITTED, Proposal.State.RETURNED)
        return self.filter(lacks_opinion(), state__in=waiting).exclude(round__opinion="")


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
    library_code = models.CharField(
        "主题库编号", max_length=12, blank=True, help_text="the library theme it began from"
    )
    title = models.CharField("项目名称", max_length=60)
    summary = models.TextField("项目简介", max_length=500, blank=True)
    plan = models.TextField("实施计划", max_length=3000, blank=True)
    indicators = models.TextField("预期成效与指标", max_length=2000, blank=True)
    sections = models.JSONField("栏目", default=dict, blank=True, help_text="key of rounds.domain.papers → text")
    starts_on = models.DateField("开始日期", null=True, blank=True)
    ends_on = models.DateField("结束日期", null=True, blank=True, help_text="included")
    beneficiaries = models.PositiveIntegerField("直接受益人数", null=True, blank=True)
    volunteers = models.PositiveIntegerField("参加志愿者人数", null=True, blank=True)
    unanswered = models.CharField(
        "没有对应需求的理由",
        max_length=300,
        blank=True,
        help_text="why it answers no need and no order; counts only where it does",
    )
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
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="proposal_ends_after_start",
                violation_error_message="项目结束日期不能早于开始日期。",
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
    """One line of the budget: unit price × quantity = amount, exact to the fen; split in grant, self-raised and other."""

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
    other = MoneyField(
        "其他资金（元）", default=Decimal("0.00"), help_text="from elsewhere: neither asked for nor one's own"
    )

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
                condition=Q(amount=F("grant") + F("self_raised") + F("other")),
                name="budget_line_parts_add_up",
                violation_error_message="申请资金、自筹与其他资金之和必须等于金额。",
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
    findings = models.JSONField(
        "自动核对", null=True, blank=True, help_text="[{key, severity, words}] as found at the decision; null: before there was a check"
    )  # fmt: skip

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


class FindingWaiver(models.Model):
    """Why a proposal passed in spite of a finding that blocks: one reason per finding. Append-only."""

    decision = models.ForeignKey(EligibilityDecision, models.PROTECT, related_name="waivers", verbose_name="初审结论")
    key = models.CharField("核对项", max_length=60)
    words = models.TextField("核对结果", help_text="the finding's sentence as it was shown")
    reason = models.CharField("准予通过的理由", max_length=300)
    waived_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="审核人")
    waived_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "例外通过"
        verbose_name_plural = "例外通过"
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "key"], name="waiver_once", violation_error_message="该核对项已写明理由。"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="waiver_has_reason", violation_error_message="例外通过必须写明理由。"
            ),
        ]


class BudgetCut(models.Model):
    """预算核减: what the office or finance approves of a passed proposal's budget, line by line. Append-only versions."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="cuts", verbose_name="申报书")
    number = models.PositiveSmallIntegerField("版本")
    asked = MoneyField("申请合计（元）")
    approved = MoneyField("核定合计（元）", help_text="sum of the lines: the `approved` of chuangtou/allocation@1")
    note = models.TextField("总体意见", max_length=500, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="核减人")
    made_at = models.DateTimeField("核减时间")

    class Meta:
        verbose_name = "预算核减"
        verbose_name_plural = "预算核减"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "number"], name="cut_number_once", violation_error_message="核减版本重复。"
            ),
            models.CheckConstraint(
                condition=Q(approved__lte=F("asked")),
                name="cut_at_most_asked",
                violation_error_message="核定合计不能高于申请合计。",
            ),
        ]


class CutLine(models.Model):
    """One budget line of a cut: how much of what was asked is approved, and why less."""

    cut = models.ForeignKey(BudgetCut, models.CASCADE, related_name="lines", verbose_name="预算核减")
    position = models.PositiveSmallIntegerField("行号")
    head = models.CharField("科目", max_length=12)
    item = models.CharField("说明", max_length=60)
    asked = MoneyField("申请（元）")
    approved = MoneyField("核定（元）")
    reason = models.CharField("核减理由", max_length=200, blank=True)

    class Meta:
        verbose_name = "核减行"
        verbose_name_plural = "核减行"
        constraints = [
            models.UniqueConstraint(
                fields=["cut", "position"], name="cut_line_once", violation_error_message="行号重复。"
            ),
            models.CheckConstraint(
                condition=Q(approved__lte=F("asked")),
                name="cut_line_at_most_asked",
                violation_error_message="核定金额不能高于申请金额。",
            ),
            models.CheckConstraint(
                condition=Q(approved=F("asked")) | ~Q(reason=""),
                name="cut_line_has_reason",
                violation_error_message="核减的预算行必须写明理由。",
            ),
        ]


class CutAnswer(models.Model):
    """The applicant's answer to one version of a cut: agrees, or says why not. Append-only."""

    cut = models.OneToOneField(BudgetCut, models.PROTECT, related_name="answer", verbose_name="预算核减")
    agrees = models.BooleanField("同意")
    words = models.TextField("意见", max_length=1000, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="答复人")
    answered_at = models.DateTimeField("答复时间")

    class Meta:
        verbose_name = "核减答复"
        verbose_name_plural = "核减答复"
        constraints = [
            models.CheckConstraint(
                condition=Q(agrees=True) | ~Q(words=""),
                name="cut_answer_no_has_words",
                violation_error_message="不同意核减请写明意见。",
            )
        ]
