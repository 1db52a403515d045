"""The round 期次: windows, budget, themes, rules frozen at opening."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Area
from core.money import MoneyField
from rounds.domain.papers import MOST_LINES
from rounds.domain.phases import Phase, phase_of

MICRO_CAP = Decimal("5000.00")  # yuan: what a project of a micro-round may ask for at most
MOST_GRACE_HOURS = 168


class RoundQuerySet(models.QuerySet["Round"]):
    def of_street(self, street: Area) -> "RoundQuerySet":
        return self.filter(street=street)

    def public(self) -> "RoundQuerySet":
        """Everything that has been opened: what a visitor may read."""
        return self.exclude(state=Round.State.DRAFT)

    def accepting(self, at: datetime) -> "RoundQuerySet":
        """Rounds whose application window is open at this moment."""
        return self.filter(state=Round.State.OPEN, apply_opens_at__lte=at, apply_closes_at__gt=at)


class Round(models.Model):
    """One season of the competition in one street."""

    class State(models.TextChoices):
        DRAFT = "draft", "筹备中"
        OPEN = "open", "已开启"
        CLOSED = "closed", "已结束"

    class Mode(models.TextChoices):
        SCORING = "scoring", "竞评打分"
        CLAIMING = "claiming", "认领"

    class Buyer(models.TextChoices):
        STREET = "street", "街道购买"
        COMMUNITY = "community", "社区购买"

    class Scale(models.TextChoices):
        REGULAR = "regular", "常规期次"
        MICRO = "micro", "微创投（单项不超过 5,000 元）"

    class Paper(models.TextChoices):
        FULL = "full", "完整申报书"
        PAGE = "page", "一页纸申报"

    class Applicant(models.TextChoices):
        SOCIAL = "social", "登记社会组织"
        TEAM = "team", "备案队伍"
        PARTY = "party", "社区（村）党组织"
        GROUP = "group", "居民小组"

    class Allocation(models.TextChoices):
        UNSAID = "", "评审后另行公布"
        TIERS = "tiers", "固定等次"
        RANK = "rank", "按名次全额"
        CLASSES = "classes", "按主题定额"
        PROPORTIONAL = "proportional", "按得分比例"
        OPTIMAL = "optimal", "总分最优"
        CLAIMED = "claimed", "按认领价"
        EQUAL_SHARES = "equal_shares", "票选等额"
        PHRAGMEN = "phragmen", "票选均担"

    class Opinion(models.TextChoices):
        OFF = "", "不要求"
        OPTIONAL = "optional", "可以出具（没有也不影响初审）"
        REQUIRED = "required", "必须有，初审时核对"

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="主办街道")
    title = models.CharField("名称", max_length=80)
    number = models.PositiveSmallIntegerField("期数")
    year = models.PositiveSmallIntegerField("年度")
    intro = models.TextField("说明", blank=True)
    scale = models.CharField("规模", max_length=10, choices=Scale.choices, default=Scale.REGULAR)
    paper = models.CharField("申报书样式", max_length=10, choices=Paper.choices, default=Paper.FULL)
    organizer = models.CharField("主办单位", max_length=80, blank=True)
    co_organizers = models.CharField("协办单位", max_length=200, blank=True)
    mode = models.CharField("遴选方式", max_length=10, choices=Mode.choices, default=Mode.SCORING)
    buyer = models.CharField("购买方", max_length=10, choices=Buyer.choices, default=Buyer.STREET)
    fund_source = models.CharField("资金来源", max_length=120)
    applicant_kinds = ArrayField(models.CharField(max_length=10), verbose_name="申报主体")
    budget = MoneyField("资金总额（元）")
    cap = MoneyField("单个项目上限（元）", null=True, blank=True)
    apply_opens_at = models.DateTimeField("申报开始")
    apply_closes_at = models.DateTimeField("申报截止")
    asks_until = models.DateTimeField("提问截止", null=True, blank=True)
    duration = models.CharField("实施期限", max_length=40, blank=True)
    kind_caps = models.JSONField(
        "各类主体单个项目上限", default=dict, blank=True, help_text="applicant kind → yuan, decimal text"
    )
    head_limits = models.JSONField("预算科目限额", default=dict, blank=True, help_text="budget head → percent of total")
    indicators = models.JSONField("指标", default=list, blank=True, help_text="[{name, least, unit}]")
    entries = models.PositiveSmallIntegerField("每个单位最多申报份数", default=1)
    takes_waivers = models.BooleanField("预算科目超过限额可以申请例外", default=False)
    grace_hours = models.PositiveSmallIntegerField(
        "个别顺延最多小时数",
        default=0,
        help_text="how much later than the closing one applicant may be let in; 0: not at all",
    )
    rubric = models.CharField("评分标准", max_length=20, blank=True, help_text="key of a ready rubric")
    allocation = models.CharField(
        "分配办法", max_length=15, choices=Allocation.choices, blank=True, default=Allocation.UNSAID
    )
    conditions = models.TextField("申报条件", max_length=2000, blank=True)
    process = models.TextField("流程安排", max_length=2000, blank=True)
    requirements = models.TextField("有关要求", max_length=2000, blank=True)
    contact = models.CharField("咨询方式", max_length=200, blank=True)
    origin = models.CharField("设置来源", max_length=100, blank=True, help_text="what it was set up from, in words")
    sections = models.JSONField("申报书栏目", default=list, blank=True, help_text="[{key, required, most}]")
    promise = models.TextField("承诺内容", max_length=1500, blank=True, help_text="empty: nothing is ticked")
    opinion = models.CharField("社区意见", max_length=10, choices=Opinion.choices, blank=True, default=Opinion.OFF)
    papers = models.JSONField(
        "附件种类", default=list, blank=True, help_text="[{key, label, required, most, megabytes, applies}]"
    )
    page_lines = models.PositiveSmallIntegerField("一页纸预算行数", default=5)
    notice_days = models.PositiveSmallIntegerField("公示工作日数", default=5)
    objection_contact = models.CharField("异议受理方式", max_length=200, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    rules = models.JSONField("冻结的规则", null=True, blank=True)
    rules_digest = models.CharField("规则摘要", max_length=64, blank=True)
    opened_at = models.DateTimeField("开启时间", null=True, blank=True)
    is_demo = models.BooleanField("演示数据", default=False)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = "期次"
        verbose_name_plural = "期次"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "title"],
                name="round_title_once_per_street",
                violation_error_message="本街道已有同名期次。",
            ),
            models.CheckConstraint(
                condition=Q(apply_closes_at__gt=F("apply_opens_at")),
                name="round_closes_after_opening",
                violation_error_message="申报截止必须晚于申报开始。",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", opened_at__isnull=True, rules__isnull=True)
                | (~Q(state="draft") & Q(opened_at__isnull=False, rules__isnull=False) & ~Q(rules_digest="")),
                name="round_open_has_frozen_rules",
                violation_error_message="已开启的期次必须有冻结的规则。",
            ),
            models.CheckConstraint(
                condition=Q(budget__gte=0),
                name="round_budget_not_negative",
                violation_error_message="资金总额不能为负数。",
            ),
            models.CheckConstraint(
                condition=~Q(scale="micro") | Q(cap__isnull=False, cap__lte=MICRO_CAP),
                name="round_micro_has_small_cap",
                violation_error_message="微创投的单个项目上限必须填写，且不超过 5,000 元。",
            ),
            models.CheckConstraint(
                condition=Q(entries__gte=1, entries__lte=9),
                name="round_takes_one_to_nine_entries",
                violation_error_message="每个单位最多申报 1 至 9 份。",
            ),
            models.CheckConstraint(
                condition=Q(grace_hours__lte=MOST_GRACE_HOURS),
                name="round_grace_is_bounded",
                violation_error_message="个别顺延最多 168 小时（7 天）。",
            ),
            models.CheckConstraint(
                condition=Q(asks_until__isnull=True) | Q(asks_until__lte=F("apply_closes_at")),
                name="round_asks_end_before_closing",
                violation_error_message="提问截止不能晚于申报截止。",
            ),
            models.CheckConstraint(
                condition=Q(page_lines__gte=1, page_lines__lte=MOST_LINES),
                name="round_page_lines_fit",
                violation_error_message=f"一页纸的预算行数应为 1 至 {MOST_LINES}。",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def accepts_at(self, at: datetime) -> bool:
        """Whether a proposal may be submitted at this moment: opening included, closing second excluded."""
        return self.state == self.State.OPEN and self.apply_opens_at <= at < self.apply_closes_at

    @property
    def grace_ends_at(self) -> datetime:
        """The latest instant to which the closing of one applicant may be put off."""
        return self.apply_closes_at + timedelta(hours=self.grace_hours)

    def phase_at(self, at: datetime) -> Phase:
        """Where the round stands at this moment, with a label for the office and one for applicants."""
        return phase_of(self.state, self.apply_opens_at, self.apply_closes_at, at)

    @property
    def asks_end_at(self) -> datetime:
        """The first second in which nobody may ask any more."""
        return self.asks_until or self.apply_closes_at

    def may_ask_at(self, at: datetime) -> bool:
        """Whether the call takes questions at this moment."""
        return self.state == self.State.OPEN and at < self.asks_end_at

    @property
    def organizer_name(self) -> str:
        return self.organizer or self.street.name


class Theme(models.Model):
    """A theme of one round: 党建, 环保, 文体 and whatever else the street sets, with an optional quota."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="themes", verbose_name="期次")
    name = models.CharField("主题", max_length=30)
    position = models.PositiveSmallIntegerField("顺序")
    max_awards = models.PositiveSmallIntegerField("资助项目上限", null=True, blank=True)
    max_amount = MoneyField("资助金额上限（元）", null=True, blank=True)

    class Meta:
        verbose_name = "主题"
        verbose_name_plural = "主题"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "name"], name="theme_once_per_round", violation_error_message="本期次已有此主题。"
            )
        ]

    def __str__(self) -> str:
        return self.name
