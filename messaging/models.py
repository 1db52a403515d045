"""Notices to people: the row is the inbox entry, its deliveries are the outbox."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """One message to one person on one occasion. `occasion` makes it once and only once."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="收件人")
    occasion = models.CharField("事由", max_length=120, help_text="stable key, e.g. round:3:closing:T-3")
    subject = models.CharField("标题", max_length=120)
    body = models.TextField("内容")
    link = models.CharField("链接", max_length=200, blank=True, help_text="path inside the portal")
    created_at = models.DateTimeField("时间")
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)

    class Meta:
        verbose_name = "消息"
        verbose_name_plural = "消息"
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "occasion"],
                name="notice_once_per_occasion",
                violation_error_message="同一事由对同一人只发一次。",
            )
        ]
        indexes = [models.Index(fields=["recipient", "-id"], name="notice_recipient")]


class Delivery(models.Model):
    """A notice on its way through one channel. Claimed before sending; a claim never noted is shown, not repeated."""

    class Channel(models.TextChoices):
        EMAIL = "email", "电子邮件"

    class State(models.TextChoices):
        DUE = "due", "待发送"
        CLAIMED = "claimed", "发送中"
        SENT = "sent", "已送出"
        FAILED = "failed", "未送达"
        UNKNOWN = "unknown", "送达未知"

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries", verbose_name="消息")
    channel = models.CharField("渠道", max_length=10, choices=Channel.choices)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DUE)
    message_id = models.CharField("邮件编号", max_length=120, unique=True)
    claimed_at = models.DateTimeField("取出时间", null=True, blank=True)
    sent_at = models.DateTimeField("送出时间", null=True, blank=True)
    error = models.CharField("原因", max_length=300, blank=True)

    class Meta:
        verbose_name = "送达"
        verbose_name_plural = "送达"
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel"],
                name="delivery_once_per_channel",
                violation_error_message="同一消息每个渠道只送一次。",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="delivery_sent_has_moment",
                violation_error_message="已送出的消息必须有送出时间。",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="delivery_due", condition=Q(state="due"))]
