"""The round 期次: windows, budget, themes, rules frozen at opening."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Area
from core.money import MoneyField


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

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="主办街道")
    title = models.CharField("名称", max_length=80)
    number = models.PositiveSmallIntegerField("期数")
    year = models.PositiveSmallIntegerField("年度")
    intro = models.TextField("说明", blank=True)
    mode = models.CharField("遴选方式", max_length=10, choices=Mode.choices, default=Mode.SCORING)
    buyer = models.CharField("购买方", max_length=10, choices=Buyer.choices, default=Buyer.STREET)
    fund_source = models.CharField("资金来源", max_length=60)
    applicant_kinds = ArrayField(models.CharField(max_length=10), verbose_name="申报主体")
    budget = MoneyField("资金总额（元）")
    cap = MoneyField("单个项目上限（元）", null=True, blank=True)
    apply_opens_at = models.DateTimeField("申报开始")
    apply_closes_at = models.DateTimeField("申报截止")
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
        ]

    def __str__(self) -> str:
        return self.title

    def accepts_at(self, at: datetime) -> bool:
        """Whether a proposal may be submitted at this moment: opening included, closing second excluded."""
        return self.state == self.State.OPEN and self.apply_opens_at <= at < self.apply_closes_at


class Theme(models.Model):
    """A theme of one round: 党建, 环保, 文体 and whatever else the street sets, with an optional quota."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="themes", verbose_name="期次")
    name = models.CharField("主题", max_length=30)
    position = models.PositiveSmallIntegerField("顺序")
    max_awards = models.PositiveSmallIntegerField("资助项目上限", null=True, blank=True)

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
