"""Who judges: the pool, seats and their passes, who reviews what, who steps back and who is absent."""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User
from judging.models.entries import Entry
from judging.models.session import Session
from organizations.models import Organization


class PoolJudge(models.Model):
    """评委库: somebody the street may invite to judge, with what she knows about."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    unit = models.CharField("单位和职务", max_length=60, blank=True)
    expertise = models.CharField(
        "专长", max_length=120, blank=True, help_text="words that themes and categories are matched with"
    )
    is_active = models.BooleanField("可邀请", default=True)
    added_at = models.DateTimeField("入库时间")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="入库人")

    class Meta:
        verbose_name = "评委库"
        verbose_name_plural = "评委库"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "user"], name="pool_judge_once", violation_error_message="已在评委库中。"
            )
        ]


class Judge(models.Model):
    """A person's seat in one session; the role `judge` is this row and nothing else."""

    class Answer(models.TextChoices):
        COMING = "coming", "出席"
        AWAY = "away", "不能出席"

    session = models.ForeignKey(Session, models.PROTECT, related_name="judges", verbose_name="评审会")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    seat = models.PositiveSmallIntegerField("席位")
    moves = models.PositiveIntegerField("流水条数", default=0)
    head = models.CharField("流水摘要", max_length=64, default="0" * 64, help_text="digest of the last move")
    seen_at = models.DateTimeField("最近在线", null=True, blank=True)
    answer = models.CharField("能否出席", max_length=10, choices=Answer.choices, blank=True)
    answer_words = models.CharField("说明", max_length=100, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    device = models.CharField("当前设备", max_length=64, blank=True, help_text="SHA-256 of the device's cookie")
    device_at = models.DateTimeField("设备启用时间", null=True, blank=True)

    class Meta:
        verbose_name = "评委"
        verbose_name_plural = "评委"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "user"], name="judge_once_per_session", violation_error_message="该评委已在本场。"
            ),
            models.UniqueConstraint(
                fields=["session", "seat"], name="judge_seat_once", violation_error_message="席位重复。"
            ),
        ]


class SeatPass(models.Model):
    """A way to a seat: the invitation, which only answers and asks for the PIN, or a QR that signs in once.

    The token itself is known to nobody but its holder: here stands its SHA-256.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", "邀请链接"
        QR = "qr", "席位二维码"

    judge = models.ForeignKey(Judge, models.CASCADE, related_name="passes", verbose_name="评委")
    kind = models.CharField("种类", max_length=10, choices=Kind.choices)
    digest = models.CharField("摘要", max_length=64, unique=True)
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="生成人")
    expires_at = models.DateTimeField("失效时间", null=True, blank=True)
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        verbose_name = "席位凭证"
        verbose_name_plural = "席位凭证"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "kind"], name="seat_pass_one_of_a_kind", violation_error_message="席位凭证重复。"
            ),
            models.CheckConstraint(
                condition=Q(kind="invitation", expires_at=None, used_at=None) | Q(kind="qr", expires_at__isnull=False),
                name="seat_pass_qr_expires",
                violation_error_message="席位二维码必须有失效时间。",
            ),
        ]


class Assignment(models.Model):
    """分配评审: this judge reviews this entry. Counts only where the session is assigned."""

    judge = models.ForeignKey(Judge, models.CASCADE, related_name="assignments", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="assignments", verbose_name="项目")

    class Meta:
        verbose_name = "分配"
        verbose_name_plural = "分配"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="assignment_once", violation_error_message="已分配。"
            )
        ]


class Relation(models.Model):
    """利害关系: what a judge has to do with an organization, as she or the office declared it. Holds for every session."""

    class Kind(models.TextChoices):
        KIN = "kin", "近亲属在该单位"
        OFFICE = "office", "任职或兼职"
        ADVICE = "advice", "顾问、指导或培训"
        MONEY = "money", "投资、合同或其他经济往来"
        DISPUTE = "dispute", "三年内有纠纷"
        HELPED = "helped", "参与过本次申报的准备"
        OTHER = "other", "其他"

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="单位")
    kind = models.CharField("关系", max_length=10, choices=Kind.choices)
    words = models.CharField("说明", max_length=100, blank=True)
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申报人")
    declared_at = models.DateTimeField("申报时间")

    class Meta:
        verbose_name = "利害关系"
        verbose_name_plural = "利害关系"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization", "kind"],
                name="relation_once",
                violation_error_message="已申报这项关系。",
            )
        ]


class Recusal(models.Model):
    """回避: this judge does not score this entry."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="recusals", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="recusals", verbose_name="项目")
    reason = models.CharField("理由", max_length=200)
    declared_at = models.DateTimeField("时间")
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True, help_text="it holds from the declaration on")
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="确认人"
    )

    class Meta:
        verbose_name = "回避"
        verbose_name_plural = "回避"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="recusal_once", violation_error_message="已登记回避。"
            )
        ]


class KeptJudge(models.Model):
    """不回避: the office looked at a hint and says why the judge may score the entry all the same."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="+", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+", verbose_name="项目")
    reason = models.CharField("理由", max_length=200)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="决定人")
    decided_at = models.DateTimeField("决定时间")

    class Meta:
        verbose_name = "不回避"
        verbose_name_plural = "不回避"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="kept_judge_once", violation_error_message="已决定不回避。"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="kept_judge_has_reason", violation_error_message="不回避必须写明理由。"
            ),
        ]


class Absence(models.Model):
    """缺评: it is on record that this judge gives no sheet for this entry. A sheet that comes after all counts."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="absences", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="absences", verbose_name="项目")
    reason = models.CharField("理由", max_length=200)
    recorded_at = models.DateTimeField("时间")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")

    class Meta:
        verbose_name = "缺评"
        verbose_name_plural = "缺评"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="absence_once", violation_error_message="已登记缺评。"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="absence_has_reason", violation_error_message="登记缺评必须写明理由。"
            ),
        ]
