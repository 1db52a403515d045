"""Notices to people: the row is the inbox entry, its deliveries are the outbox. Robots, wordings, mass messages."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from messaging.domain.timing import LONGEST_QUIET, Quiet


class NoticeQuerySet(models.QuerySet["Notice"]):
    def shown(self) -> "NoticeQuerySet":
        """Those that may be read now: not held back any more, not recalled. Judged by the database's clock."""
        return self.filter(Q(held_until=None) | Q(held_until__lte=Now()), recalled_at=None)

    def held(self, at: datetime) -> "NoticeQuerySet":
        """Those that wait and may still be recalled at `at`."""
        return self.filter(held_until__gt=at, recalled_at=None)


class Notice(models.Model):
    """One message to one person on one occasion. `occasion` makes it once and only once."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="收件人")
    occasion = models.CharField("事由", max_length=120, help_text="stable key, e.g. round:3:closing:T-3")
    kind = models.CharField("种类", max_length=60, default="general", help_text="a key of messaging.kinds")
    scope_id = models.BigIntegerField(
        "所属街道", null=True, blank=True, help_text="id of the street area; no foreign key on purpose"
    )
    subject = models.CharField("标题", max_length=120)
    body = models.TextField("内容")
    link = models.CharField("链接", max_length=200, blank=True, help_text="path inside the portal")
    wording_version = models.PositiveIntegerField("模板版本", null=True, blank=True)
    created_at = models.DateTimeField("时间")
    held_until = models.DateTimeField("暂缓至", null=True, blank=True)
    recalled_at = models.DateTimeField("撤回时间", null=True, blank=True)
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "消息"
        verbose_name_plural = "消息"
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "occasion"],
                name="notice_once_per_occasion",
                violation_error_message="同一事由对同一人只发一次。",
            ),
            models.CheckConstraint(
                condition=Q(recalled_at=None) | Q(recalled_at__lt=F("held_until")),
                name="notice_recalled_while_held",
                violation_error_message="只有尚未发出的消息可以撤回。",
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_recipient"),
            models.Index(fields=["occasion"], name="notice_occasion"),
            models.Index(fields=["scope_id", "held_until"], name="notice_held", condition=Q(held_until__isnull=False)),
        ]


class Outgoing(models.Model):
    """Something on its way to the outside. Claimed before sending; a claim never noted is shown, not repeated.

    A trigger holds the table of moves: what is sent stays sent; a second sending needs either a known refusal
    (`attempts` grows) or a person's deliberate act (`resends` grows).
    """

    class State(models.TextChoices):
        DUE = "due", "待发送"
        CLAIMED = "claimed", "发送中"
        SENT = "sent", "已送出"
        FAILED = "failed", "未送达"
        UNKNOWN = "unknown", "送达未知"
        DROPPED = "dropped", "过时未发"
        RECALLED = "recalled", "已撤回"
        MERGED = "merged", "并入汇总"

    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DUE)
    not_before = models.DateTimeField("最早发送", null=True, blank=True)
    expires_at = models.DateTimeField("过时", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("被拒次数", default=0)
    resends = models.PositiveSmallIntegerField("人工重发次数", default=0)
    claimed_at = models.DateTimeField("取出时间", null=True, blank=True)
    sent_at = models.DateTimeField("送出时间", null=True, blank=True)
    error = models.CharField("原因", max_length=300, blank=True)

    class Meta:
        abstract = True


class Delivery(Outgoing):
    """A notice on its way to its person through one channel."""

    class Channel(models.TextChoices):
        EMAIL = "email", "电子邮件"
        SMS = "sms", "短信"

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries", verbose_name="消息")
    channel = models.CharField("渠道", max_length=10, choices=Channel.choices)
    message_id = models.CharField("邮件编号", max_length=120, unique=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name="并入"
    )

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
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into=None)),
                name="delivery_merged_has_carrier",
                violation_error_message="并入汇总的消息必须写明并入哪一封。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["failed", "unknown", "dropped"]) | ~Q(error=""),
                name="delivery_trouble_has_reason",
                violation_error_message="没有送达的消息必须写明原因。",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], name="delivery_due", condition=Q(state="due")),
            models.Index(fields=["claimed_at"], name="delivery_claimed", condition=Q(state="claimed")),
            models.Index(
                fields=["state", "-id"],
                name="delivery_trouble",
                condition=Q(state__in=["failed", "unknown", "dropped"]),
            ),
        ]


class Robot(models.Model):
    """A robot of a street's group chat. It says how many were told of what and where to read on: nothing personal."""

    class Channel(models.TextChoices):
        WECOM = "wecom", "企业微信群机器人"
        DINGTALK = "dingtalk", "钉钉群机器人"

    scope_id = models.BigIntegerField("所属街道", help_text="id of the street area; no foreign key on purpose")
    channel = models.CharField("平台", max_length=10, choices=Channel.choices)
    name = models.CharField("名称", max_length=40)
    address = models.CharField("机器人地址", max_length=400)
    secret = models.CharField("加签密钥", max_length=200, blank=True)
    kinds = models.JSONField("转告的消息种类", default=list)
    is_active = models.BooleanField("启用", default=True)
    made_at = models.DateTimeField("添加时间")

    class Meta:
        verbose_name = "群机器人"
        verbose_name_plural = "群机器人"
        constraints = [
            models.UniqueConstraint(
                fields=["scope_id", "name"], name="robot_name_once", violation_error_message="已有同名的群机器人。"
            ),
            models.CheckConstraint(
                condition=~Q(channel="dingtalk") | ~Q(secret=""),
                name="robot_dingtalk_is_signed",
                violation_error_message="钉钉群机器人必须填写加签密钥。",
            ),
        ]


class Posting(Outgoing):
    """One line of a robot on one occasion: a kind, a number of people and a link. There is no field for more."""

    robot = models.ForeignKey(Robot, models.PROTECT, related_name="postings", verbose_name="群机器人")
    occasion = models.CharField("事由", max_length=120)
    kind = models.CharField("种类", max_length=60)
    count = models.PositiveIntegerField("人数")
    link = models.CharField("链接", max_length=200, blank=True)
    created_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "群机器人消息"
        verbose_name_plural = "群机器人消息"
        constraints = [
            models.UniqueConstraint(
                fields=["robot", "occasion"],
                name="posting_once_per_occasion",
                violation_error_message="同一事由每个群机器人只说一次。",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="posting_sent_has_moment",
                violation_error_message="已送出的消息必须有送出时间。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["failed", "unknown", "dropped"]) | ~Q(error=""),
                name="posting_trouble_has_reason",
                violation_error_message="没有送达的消息必须写明原因。",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="posting_due", condition=Q(state="due"))]


class Preference(models.Model):
    """How one person wants to be told. No row: e-mail at once, no quiet hours."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="人员")
    choices = models.JSONField("各种消息的渠道", default=dict, help_text='{"kind": {"email": true, "sms": false}}')
    quiet_from = models.PositiveSmallIntegerField("免打扰开始（点）", null=True, blank=True)
    quiet_until = models.PositiveSmallIntegerField("免打扰结束（点）", null=True, blank=True)
    digest_hour = models.PositiveSmallIntegerField("每日汇总（点）", null=True, blank=True)
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "消息设置"
        verbose_name_plural = "消息设置"
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__lte=23, quiet_until__lte=23) & ~Q(quiet_from=F("quiet_until")),
                name="preference_quiet_hours_are_a_pair",
                violation_error_message="免打扰的开始和结束要一起填写，且不能相同。",
            ),
            models.CheckConstraint(
                condition=Q(digest_hour=None) | Q(digest_hour__lte=23),
                name="preference_digest_is_an_hour",
                violation_error_message="每日汇总的时间应为 0 到 23 点。",
            ),
        ]

    @property
    def quiet(self) -> Quiet | None:
        """Her own quiet hours, if she has any."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return Quiet(self.quiet_from, self.quiet_until)


class QuietHours(models.Model):
    """A street's quiet hours; without a row messaging.domain.timing.USUAL holds, for SMS alone."""

    scope_id = models.BigIntegerField(
        "所属街道", unique=True, help_text="id of the street area; no foreign key on purpose"
    )
    quiet_from = models.PositiveSmallIntegerField("免打扰开始（点）")
    quiet_until = models.PositiveSmallIntegerField("免打扰结束（点）")
    holds_email = models.BooleanField("邮件和群消息也等", default=False)
    revision = models.PositiveIntegerField("修改次数", default=0)
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "街道免打扰时段"
        verbose_name_plural = "街道免打扰时段"
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__lte=23, quiet_until__lte=23) & ~Q(quiet_from=F("quiet_until")),
                name="quiet_hours_are_hours",
                violation_error_message="免打扰的开始和结束不能相同，都在 0 至 23 点之间。",
            ),
            models.CheckConstraint(
                condition=Q(quiet_until__gt=F("quiet_from"), quiet_until__lte=F("quiet_from") + LONGEST_QUIET)
                | Q(quiet_until__lt=F("quiet_from"), quiet_until__lte=F("quiet_from") + LONGEST_QUIET - 24),
                name="quiet_hours_leave_a_day",
                violation_error_message=f"免打扰时段最长 {LONGEST_QUIET} 小时。",
            ),
        ]

    @property
    def hours(self) -> Quiet:
        """As the arithmetic takes them."""
        return Quiet(self.quiet_from, self.quiet_until)


class Wording(models.Model):
    """A version of the words for one kind of message in one street. The highest version counts; none is ever changed."""

    scope_id = models.BigIntegerField("所属街道", help_text="id of the street area; no foreign key on purpose")
    kind = models.CharField("种类", max_length=60)
    version = models.PositiveIntegerField("版本")
    subject = models.CharField("标题", max_length=120)
    body = models.TextField("内容")
    is_reset = models.BooleanField("恢复默认", default=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="修改人")
    made_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "消息模板"
        verbose_name_plural = "消息模板"
        constraints = [
            models.UniqueConstraint(
                fields=["scope_id", "kind", "version"],
                name="wording_version_once",
                violation_error_message="模板刚被别人修改过。",
            )
        ]


class Mass(models.Model):
    """A message that an officer writes to many. `people` are the ids it goes to, frozen when it leaves the draft."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        REVIEW = "submitted", "待复核"
        RETURNED = "returned", "已退回"
        RELEASED = "approved", "已发出"
        RECALLED = "withdrawn", "已撤回"

    scope_id = models.BigIntegerField("所属街道", help_text="id of the street area; no foreign key on purpose")
    once_key = models.UUIDField("提交凭据", unique=True, default=uuid.uuid4, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="起草人")
    audiences = models.JSONField("发给谁", default=list)
    subject = models.CharField("标题", max_length=120)
    body = models.TextField("内容", max_length=2000)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    revision = models.PositiveIntegerField("修改次数", default=0)
    people = models.JSONField("收件人", null=True, blank=True)
    made_at = models.DateTimeField("起草时间")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="复核人"
    )
    review_words = models.CharField("复核意见", max_length=300, blank=True)
    released_at = models.DateTimeField("提交发送时间", null=True, blank=True)
    held_until = models.DateTimeField("暂缓至", null=True, blank=True)

    class Meta:
        verbose_name = "群发消息"
        verbose_name_plural = "群发消息"
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewer=None) | ~Q(reviewer=F("author")),
                name="mass_reviewed_by_another",
                violation_error_message="起草人不能复核自己的群发消息。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "returned"])
                | Q(state="submitted", people__isnull=False)
                | Q(people__isnull=False, released_at__isnull=False, held_until__isnull=False),
                name="mass_released_has_people",
                violation_error_message="发出的群发消息必须有收件人和时间。",
            ),
        ]
        indexes = [models.Index(fields=["scope_id", "-id"], name="mass_scope")]
