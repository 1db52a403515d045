"""Allocation plans, awards with their reasons, public notices."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from core.money import MoneyField
from jobs.models import StoredFile
from judging.models import Result
from projects.models import Proposal
from rounds.models import Round


class PlanQuerySet(models.QuerySet["AllocationPlan"]):
    def under(self, area: Area) -> "PlanQuerySet":
        return self.filter(round__street__path__startswith=area.path)

    def approved(self) -> "PlanQuerySet":
        return self.filter(state=AllocationPlan.State.APPROVED)


class AllocationPlan(models.Model):
    """资金分配方案: formula proposes, the office adjusts with reasons, a leader approves. Approved plans are immutable."""

    class State(models.TextChoices):
        DRAFT = "draft", "拟订中"
        SUBMITTED = "submitted", "待审批"
        APPROVED = "approved", "已批准"
        REJECTED = "rejected", "已退回"
        SUPERSEDED = "superseded", "已被更正"

    round = models.ForeignKey(Round, models.PROTECT, related_name="+", verbose_name="期次")
    result = models.ForeignKey(Result, models.PROTECT, related_name="+", verbose_name="依据的评审结果")
    version = models.PositiveSmallIntegerField("版本")
    supersedes = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name="更正的方案"
    )
    correction_reason = models.TextField("更正理由", max_length=500, blank=True)
    method = models.JSONField("分配办法", help_text="the `method` of chuangtou/allocation@1")
    pool = MoneyField("资金总额（元）")
    document = models.JSONField("分配文件", help_text="chuangtou/allocation@1")
    answer = models.JSONField("计算结果", help_text="chuangtou/award@1")
    terms = models.JSONField(
        "述职系数和比例",
        default=dict,
        help_text="factors of hearings and ceilings as they stood when the plan was drafted",
    )
    revision = models.PositiveIntegerField("修改次数", default=0, help_text="compare-and-swap counter of saves")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="经办人")
    drafted_at = models.DateTimeField("拟订时间")
    submitted_at = models.DateTimeField("提请时间", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decision_note = models.TextField("审批意见", max_length=500, blank=True)
    minutes_number = models.CharField("会议纪要文号", max_length=40, blank=True)
    minutes_on = models.DateField("会议日期", null=True, blank=True)
    entitled = models.PositiveSmallIntegerField("应到人数", null=True, blank=True)
    present = models.PositiveSmallIntegerField("实到人数", null=True, blank=True)
    recused_members = models.CharField("回避人员", max_length=200, blank=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = "资金分配方案"
        verbose_name_plural = "资金分配方案"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "version"], name="plan_version_once", violation_error_message="方案版本重复。"
            ),
            models.UniqueConstraint(
                fields=["round"],
                condition=Q(state="approved"),
                name="plan_one_approved_per_round",
                violation_error_message="本期次已有批准的方案。",
            ),
            models.CheckConstraint(
                condition=Q(supersedes=None) | ~Q(correction_reason=""),
                name="plan_correction_has_reason",
                violation_error_message="更正方案必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("drafted_by")),
                name="plan_drafter_does_not_approve",
                violation_error_message="经办人不能审批自己拟订的方案。",
            ),
            models.CheckConstraint(
                condition=Q(entitled=None, present=None)
                | Q(entitled__gt=0, present__lte=F("entitled"), present__gte=(F("entitled") * 2 + 2) / 3),
                name="plan_meeting_has_two_thirds",
                violation_error_message="到会人数须达到应到人数的三分之二。",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | (
                    Q(decided_by__isnull=False, decided_at__isnull=False, minutes_on__isnull=False)
                    & ~Q(minutes_number="")
                ),
                name="plan_approved_has_minutes",
                violation_error_message="批准方案必须写明会议纪要文号和日期。",
            ),
        ]


class Award(models.Model):
    """One proposal in a plan, funded or not, with its sentence of reason. Σ amount ≤ pool: a trigger holds it."""

    plan = models.ForeignKey(AllocationPlan, models.CASCADE, related_name="awards", verbose_name="方案")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="+", verbose_name="项目")
    place = models.PositiveSmallIntegerField("排列")
    rank = models.PositiveSmallIntegerField("名次", null=True, blank=True)
    score = models.DecimalField("得分", max_digits=9, decimal_places=4, null=True, blank=True)
    requested = MoneyField("申请金额（元）")
    proposed = MoneyField("建议金额（元）")
    amount = MoneyField("拟资助金额（元）")
    code = models.CharField("理由代码", max_length=30)
    reason = models.TextField("理由")
    label = models.CharField("等次", max_length=20, blank=True)
    ceiling = MoneyField(
        "上限（元）", null=True, blank=True, help_text="what may be given at most after cuts and factors"
    )
    facts = models.JSONField("核减和述职", default=dict, help_text="what lowered the ceiling, as it stood at drafting")
    adjust_reason = models.TextField("调整理由", max_length=500, blank=True)
    adjusted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="调整人"
    )
    adjusted_at = models.DateTimeField("调整时间", null=True, blank=True)

    class Meta:
        verbose_name = "拟资助项目"
        verbose_name_plural = "拟资助项目"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "proposal"], name="award_once_per_plan", violation_error_message="该项目已在方案中。"
            ),
            models.CheckConstraint(
                condition=Q(amount=F("proposed")) | ~Q(adjust_reason=""),
                name="award_adjusted_has_reason",
                violation_error_message="调整金额必须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(amount__lte=F("requested")),
                name="award_at_most_requested",
                violation_error_message="拟资助金额不能高于申请金额。",
            ),
            models.CheckConstraint(
                condition=Q(ceiling__isnull=True) | Q(amount__lte=F("ceiling")),
                name="award_at_most_ceiling",
                violation_error_message="拟资助金额不能高于核减后的上限。",
            ),
        ]


class PublicNotice(models.Model):
    """公示 of an approved plan. A correction is a new version; both stay visible."""

    plan = models.ForeignKey(AllocationPlan, models.PROTECT, related_name="notices", verbose_name="方案")
    version = models.PositiveSmallIntegerField("版本")
    title = models.CharField("标题", max_length=120)
    content = models.JSONField("公示内容", help_text="rows as published: no personal data")
    starts_on = models.DateField("公示开始")
    ends_on = models.DateField("公示结束", help_text="last working day, included")
    contact = models.CharField("异议受理方式", max_length=200)
    correction_reason = models.TextField("更正理由", max_length=500, blank=True)
    published_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="发布人")
    published_at = models.DateTimeField("发布时间")

    class Meta:
        verbose_name = "公示"
        verbose_name_plural = "公示"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "version"], name="notice_version_once", violation_error_message="公示版本重复。"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="notice_ends_after_start",
                violation_error_message="公示结束日期不能早于开始日期。",
            ),
            models.CheckConstraint(
                condition=Q(version=1) | ~Q(correction_reason=""),
                name="notice_correction_has_reason",
                violation_error_message="更正公示必须写明理由。",
            ),
        ]


class Objection(models.Model):
    """异议 against a public notice. What was said never changes (a trigger holds it); only its handling moves on.

    Who signs with name and phone is answered within the term; what comes without a name is kept as a clue.
    """

    class State(models.TextChoices):
        RECEIVED = "received", "核查中"
        CLUE = "clue", "匿名线索"
        DRAFTED = "drafted", "答复待审批"
        ANSWERED = "answered", "已答复"

    class Outcome(models.TextChoices):
        UPHELD = "upheld", "异议成立"
        PARTLY = "partly", "部分成立"
        REFUSED = "refused", "异议不成立"

    notice = models.ForeignKey(PublicNotice, models.PROTECT, related_name="objections", verbose_name="公示")
    number = models.CharField("编号", max_length=20, unique=True)
    code = models.CharField("查询码", max_length=12, unique=True)
    proposal = models.ForeignKey(
        Proposal, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="针对的项目"
    )
    name = models.CharField("姓名或单位", max_length=60, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    words = models.TextField("异议内容", max_length=2000)
    evidence = models.ManyToManyField(StoredFile, blank=True, related_name="+", verbose_name="证据材料")
    received_at = models.DateTimeField("收到时间")
    answer_by = models.DateField("答复期限", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices)
    finding = models.TextField("核查情况", max_length=2000, blank=True)
    outcome = models.CharField("结论", max_length=10, choices=Outcome.choices, blank=True)
    answer = models.TextField("书面答复", max_length=2000, blank=True)
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核查人")
    drafted_at = models.DateTimeField("核查时间", null=True, blank=True)
    return_note = models.TextField("退回意见", max_length=500, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人")
    decided_at = models.DateTimeField("答复时间", null=True, blank=True)
    once_key = models.CharField("防重键", max_length=64, null=True, blank=True, unique=True)

    class Meta:
        verbose_name = "异议"
        verbose_name_plural = "异议"
        constraints = [
            models.CheckConstraint(
                condition=Q(name="", phone="", state="clue", answer_by=None)
                | (~Q(name="") & ~Q(phone="") & ~Q(state="clue") & Q(answer_by__isnull=False)),
                name="objection_unsigned_is_a_clue",
                violation_error_message="实名异议须有姓名、电话和答复期限；匿名的只作为线索。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["drafted", "answered"])
                | (~Q(outcome="") & ~Q(answer="") & ~Q(finding="") & Q(drafted_by__isnull=False)),
                name="objection_answer_is_complete",
                violation_error_message="答复须有核查情况、结论和内容。",
            ),
            models.CheckConstraint(
                condition=~Q(state="answered")
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("drafted_by"))),
                name="objection_answered_by_another",
                violation_error_message="核查人不能审批自己的答复。",
            ),
        ]
