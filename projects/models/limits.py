"""超限例外: an applicant asks to go above the limit of a budget head, the office decides."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from rounds.domain.heads import HEADS


class LimitPlea(models.Model):
    """Why this proposal has to go above the limit of a head. Part of what is handed in: each version keeps its words."""

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="pleas", verbose_name="申报书")
    head = models.CharField("科目", max_length=12, choices=list(HEADS.items()))
    reason = models.CharField("申请例外的理由", max_length=300)

    class Meta:
        verbose_name = "超限例外申请"
        verbose_name_plural = "超限例外申请"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "head"],
                name="limit_plea_once",
                violation_error_message="这个科目已写明申请例外的理由。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="limit_plea_has_reason",
                violation_error_message="申请例外必须写明理由。",
            ),
        ]


class LimitRuling(models.Model):
    """The office's answer to one plea in one version. Append-only; it holds as long as figures and plea stay the same."""

    class Outcome(models.TextChoices):
        GRANT = "grant", "准许例外"
        RETURN = "return", "不准许，退回补正"
        CUT = "cut", "不准许，核减到限额以内"

    proposal = models.ForeignKey("projects.Proposal", models.PROTECT, related_name="rulings", verbose_name="申报书")
    version = models.ForeignKey("projects.ProposalVersion", models.PROTECT, related_name="+", verbose_name="版本")
    head = models.CharField("科目", max_length=12, choices=list(HEADS.items()))
    words = models.CharField("超限情况", max_length=200, help_text="share and limit as they were shown")
    asked = models.CharField("申请例外的理由", max_length=300)
    outcome = models.CharField("决定", max_length=10, choices=Outcome.choices)
    reason = models.CharField("决定的理由", max_length=300)
    ruled_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="决定人")
    ruled_at = models.DateTimeField("决定时间")

    class Meta:
        verbose_name = "超限例外决定"
        verbose_name_plural = "超限例外决定"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "head"],
                name="limit_ruling_once",
                violation_error_message="这个科目的例外已经决定过。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="limit_ruling_has_reason", violation_error_message="请写明决定的理由。"
            ),
        ]
