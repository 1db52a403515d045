"""Which reminder of which deadline has gone to whom; a street's own rules; how a person wants her calendar."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Area
from messaging.models import Notice

LAST_DUE = 20  # of the following month, in days or working days: never beyond its end


class Reminder(models.Model):
    """One person reminded once of one deadline at one offset. Written in the transaction that writes her message."""

    kind = models.CharField("种类", max_length=60, help_text="a key of core.deadlines")
    object_id = models.BigIntegerField("事项", help_text="id of what it is about; no foreign key on purpose")
    scope_id = models.BigIntegerField("所属街道", help_text="id of the street area; no foreign key on purpose")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="对象")
    deadline = models.DateTimeField("截止时间")
    days_before = models.SmallIntegerField("提前天数", help_text="negative: working days late")
    is_above = models.BooleanField("督办", default=False)
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="+", verbose_name="消息")
    made_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "提醒"
        verbose_name_plural = "提醒"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "object_id", "deadline", "days_before", "is_above"],
                name="reminder_once",
                violation_error_message="同一截止时间对同一人只提醒一次。",
            )
        ]
        indexes = [models.Index(fields=["kind", "object_id"], name="reminder_about")]


class Rule(models.Model):
    """When a street reminds of one kind of deadline; without a row the usual days hold."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    kind = models.CharField("种类", max_length=60)
    is_on = models.BooleanField("提醒", default=True)
    before = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, verbose_name="提前几天")
    after = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, verbose_name="逾期几个工作日")
    in_workdays = models.BooleanField("按工作日提前", default=False)
    escalate = models.PositiveSmallIntegerField("逾期几个工作日督办", null=True, blank=True)
    due_day = models.PositiveSmallIntegerField("次月第几天", null=True, blank=True, help_text="only of monthly kinds")
    due_in_workdays = models.BooleanField("按工作日算", default=False)
    revision = models.PositiveIntegerField("修改次数", default=0)
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "提醒规则"
        verbose_name_plural = "提醒规则"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "kind"], name="reminder_rule_once", violation_error_message="该种期限已有规则。"
            ),
            models.CheckConstraint(
                condition=Q(escalate=None) | Q(escalate__gte=1, escalate__lte=60),
                name="reminder_rule_escalates_in_time",
                violation_error_message="督办应在逾期 1 至 60 个工作日之间。",
            ),
            models.CheckConstraint(
                condition=Q(due_day=None, due_in_workdays=False) | Q(due_day__gte=1, due_day__lte=LAST_DUE),
                name="reminder_rule_due_within_the_month",
                violation_error_message=f"应在次月第 1 至 {LAST_DUE} 天之间。",
            ),
        ]


class CalendarWish(models.Model):
    """How a person wants to be reminded, and her secret link: its SHA-256, the link itself is known to her alone."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="人员")
    is_digest = models.BooleanField("合成每日一条", default=True)
    hour = models.PositiveSmallIntegerField("几点提醒", default=8)
    feed = models.CharField("订阅链接摘要", max_length=64, null=True, blank=True, unique=True)
    feed_made_at = models.DateTimeField("订阅链接生成时间", null=True, blank=True)
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "日历设置"
        verbose_name_plural = "日历设置"
        constraints = [
            models.CheckConstraint(
                condition=Q(hour__gte=6, hour__lte=20),
                name="calendar_wish_hour_of_day",
                violation_error_message="提醒时间应在 6 点至 20 点之间。",
            ),
            models.CheckConstraint(
                condition=Q(feed=None, feed_made_at=None) | Q(feed__isnull=False, feed_made_at__isnull=False),
                name="calendar_wish_feed_has_moment",
                violation_error_message="订阅链接和生成时间要同时存在。",
            ),
        ]
