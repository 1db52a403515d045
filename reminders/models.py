"""Which reminder of which deadline has gone to whom."""

from django.conf import settings
from django.db import models

from messaging.models import Notice
from rounds.models import Round


class Reminder(models.Model):
    """One person reminded once of one deadline at one offset."""

    class Kind(models.TextChoices):
        DRAFT_CLOSING = "draft_closing", "申报截止提醒"

    kind = models.CharField("种类", max_length=20, choices=Kind.choices)
    round = models.ForeignKey(Round, models.PROTECT, related_name="+", verbose_name="期次")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="对象")
    deadline = models.DateTimeField("截止时间")
    days_before = models.PositiveSmallIntegerField("提前天数")
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="+", verbose_name="消息")
    made_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "提醒"
        verbose_name_plural = "提醒"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "round", "person", "deadline", "days_before"],
                name="reminder_once",
                violation_error_message="同一截止时间对同一人只提醒一次。",
            )
        ]
