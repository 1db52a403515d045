"""What the community of the site says of an application, and when it was asked to say it."""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User


class CommunityOpinion(models.Model):
    """社区意见: agrees or not, in words, on one version; the newest stands. Append-only."""

    proposal = models.ForeignKey("projects.Proposal", models.PROTECT, related_name="opinions", verbose_name="申报书")
    version = models.ForeignKey("projects.ProposalVersion", models.PROTECT, related_name="+", verbose_name="版本")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="实施社区")
    agrees = models.BooleanField("同意")
    words = models.TextField("意见", max_length=500, blank=True)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="出具人")
    given_at = models.DateTimeField("出具时间")

    class Meta:
        verbose_name = "社区意见"
        verbose_name_plural = "社区意见"
        constraints = [
            models.CheckConstraint(
                condition=Q(agrees=True) | ~Q(words=""),
                name="opinion_no_has_words",
                violation_error_message="不同意请写明理由。",
            )
        ]


class OpinionReminder(models.Model):
    """The applicant asked the community for its opinion: once a day."""

    proposal = models.ForeignKey("projects.Proposal", models.CASCADE, related_name="reminders", verbose_name="申报书")
    asked_on = models.DateField("提醒日期", help_text="Beijing day")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提醒人")
    asked_at = models.DateTimeField("提醒时间")

    class Meta:
        verbose_name = "社区意见提醒"
        verbose_name_plural = "社区意见提醒"
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "asked_on"],
                name="opinion_asked_once_a_day",
                violation_error_message="今天已经提醒过社区，明天可以再提醒。",
            )
        ]
