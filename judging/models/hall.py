"""What the hall sees, and what the supervisor noted."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from judging.models.entries import Entry
from judging.models.session import Session


class Stage(models.Model):
    """What the hall sees: who presents, the clock, what has been revealed. Every change makes a new version."""

    class Phase(models.TextChoices):
        WAITING = "waiting", "等待开始"
        PRESENTING = "presenting", "陈述中"
        QUESTIONS = "questions", "答辩中"
        BREAK = "break", "休息"
        REVEALING = "revealing", "揭晓中"
        FINAL = "final", "最终结果"

    session = models.OneToOneField(Session, models.PROTECT, related_name="stage", verbose_name="评审会")
    version = models.PositiveIntegerField("版本", default=0)
    key = models.CharField("大屏密钥", max_length=40, help_text="in the big screen's link; a new one revokes the old")
    phase = models.CharField("阶段", max_length=12, choices=Phase.choices, default=Phase.WAITING)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="当前项目")
    started_at = models.DateTimeField("计时开始", null=True, blank=True)
    paused_at = models.DateTimeField("暂停于", null=True, blank=True)
    paused_seconds = models.PositiveIntegerField("本阶段已暂停秒数", default=0)
    seconds_present = models.PositiveSmallIntegerField("陈述（秒）", default=300)
    seconds_question = models.PositiveSmallIntegerField("答辩（秒）", default=180)
    seconds_warning = models.PositiveSmallIntegerField("提前提醒（秒）", default=60)
    revealed = models.PositiveSmallIntegerField("已揭晓", default=0, help_text="how many lines, from the last rank up")
    changed_at = models.DateTimeField("更新时间")

    class Meta:
        verbose_name = "导播台"
        verbose_name_plural = "导播台"
        constraints = [
            models.CheckConstraint(
                condition=~Q(phase__in=["presenting", "questions"]) | Q(entry__isnull=False, started_at__isnull=False),
                name="stage_clock_has_entry",
                violation_error_message="陈述和答辩必须有当前项目。",
            )
        ]


class SupervisorNote(models.Model):
    """监督记录: what the supervisor saw. Append-only."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="supervisor_notes", verbose_name="评审会")
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目")
    words = models.CharField("记录", max_length=500)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="监督员")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "监督记录"
        verbose_name_plural = "监督记录"
