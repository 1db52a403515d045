"""Marks: score sheets, their ledger, and sheets carried over from paper."""

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from judging.models.entries import Entry
from judging.models.judges import Judge
from judging.models.session import Session
from projects.models import Proposal


class ScoreSheetQuerySet(models.QuerySet["ScoreSheet"]):
    def counted(self) -> "ScoreSheetQuerySet":
        """Submitted sheets of proposals that still stand."""
        return self.filter(state=ScoreSheet.State.SUBMITTED, entry__proposal__state=Proposal.State.PASSED)


class ScoreSheet(models.Model):
    """One judge's marks for one entry. A trigger refuses every write unless the session is scoring."""

    class State(models.TextChoices):
        DRAFT = "draft", "暂存"
        SUBMITTED = "submitted", "已提交"
        VOID = "void", "已作废"

    session = models.ForeignKey(Session, models.PROTECT, related_name="sheets", verbose_name="评审会")
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="sheets", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="sheets", verbose_name="项目")
    state = models.CharField("状态", max_length=10, choices=State.choices)
    marks = models.JSONField("得分", help_text="criterion key → decimal string")
    total = models.DecimalField("合计", max_digits=9, decimal_places=4, null=True, blank=True)
    comment = models.CharField("评语", max_length=300, blank=True)
    revision = models.PositiveIntegerField("修改次数", default=1)
    client_id = models.CharField("请求编号", max_length=64, blank=True, help_text="the last request that was applied")
    device = models.CharField("设备", max_length=40, blank=True)
    counter = models.PositiveIntegerField("设备序号", default=0)
    saved_at = models.DateTimeField("保存时间")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)

    title = ""  # not a column: the project's title, where a service has it at hand

    objects = ScoreSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "评分表"
        verbose_name_plural = "评分表"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "judge", "entry"],
                name="sheet_once",
                violation_error_message="每位评委对每个项目只有一张评分表。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "void"]) | Q(submitted_at__isnull=False, total__isnull=False),
                name="sheet_submitted_is_complete",
                violation_error_message="已提交的评分表必须有合计和时间。",
            ),
        ]


class Move(models.Model):
    """One line of the ledger 评分流水: whatever a judge sent, applied or not. Append-only, chained per judge.

    Applied kinds (kept, submitted, void) carry the revision of the sheet that they made; the others stand on record and
    never count. `digest` covers every other column that the open file shows, `previous` included.
    """

    class Kind(models.TextChoices):
        KEPT = "kept", "暂存"
        SUBMITTED = "submitted", "提交"
        VOID = "void", "作废"
        CONFLICT = "conflict", "与另一设备冲突，未采用"
        SUPERSEDED = "superseded", "已被同一设备后来的修改取代"
        LATE = "late", "锁定后送达，不计入"

    session = models.ForeignKey(Session, models.PROTECT, related_name="moves", verbose_name="评审会")
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="ledger", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="moves", verbose_name="项目")
    number = models.PositiveIntegerField("序号")
    kind = models.CharField("类别", max_length=10, choices=Kind.choices)
    marks = models.JSONField("得分")
    reason = models.CharField("理由", max_length=200, blank=True)
    base = models.PositiveIntegerField("所依据的修改次数", default=0)
    revision = models.PositiveIntegerField("生成的修改次数", default=0)
    client_id = models.CharField("请求编号", max_length=64, blank=True)
    device = models.CharField("设备", max_length=40, blank=True)
    counter = models.PositiveIntegerField("设备序号", default=0)
    by = models.CharField("录入", max_length=10, default="judge", help_text="judge, or clerk for a paper sheet")
    at = models.DateTimeField("时间")
    previous = models.CharField("前一条摘要", max_length=64)
    digest = models.CharField("摘要", max_length=64)

    class Meta:
        verbose_name = "评分流水"
        verbose_name_plural = "评分流水"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "number"], name="move_number_once", violation_error_message="流水序号重复。"
            ),
            models.UniqueConstraint(
                fields=["judge", "entry", "client_id"], condition=~Q(client_id=""), name="move_client_id_once",
                violation_error_message="同一请求只记一次。",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["kept", "submitted", "void"], revision__gt=0)
                | Q(kind__in=["conflict", "superseded", "late"], revision=0),
                name="move_applied_has_revision",
                violation_error_message="只有被采用的流水才有修改次数。",
            ),
        ]  # fmt: skip


class CarriedSheet(models.Model):
    """转录: a sheet that came on paper or in a file from a device. One person enters it, another confirms it unchanged."""

    class Source(models.TextChoices):
        PAPER = "paper", "纸质评分表"
        FILE = "file", "设备导出"

    class State(models.TextChoices):
        ENTERED = "entered", "待复核"
        CONFIRMED = "confirmed", "已复核"
        REJECTED = "rejected", "已退回"

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="carried", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="carried", verbose_name="项目")
    source = models.CharField("来源", max_length=10, choices=Source.choices)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.ENTERED)
    marks = models.JSONField("得分")
    total = models.DecimalField("合计", max_digits=9, decimal_places=4, null=True, blank=True)
    request = models.JSONField("设备请求", default=dict, blank=True, help_text="id, device, counter, base, after, do")
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="录入人")
    entered_at = models.DateTimeField("录入时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="复核人")
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = "转录的评分表"
        verbose_name_plural = "转录的评分表"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"],
                condition=Q(state="entered", source="paper"),
                name="carried_one_waiting",
                violation_error_message="这张评分表已录入，等待复核。",
            ),
            models.UniqueConstraint(
                fields=["judge", "entry", "request"],
                condition=Q(source="file"),
                name="carried_request_once",
                violation_error_message="这条设备记录已导入。",
            ),
            models.CheckConstraint(
                condition=Q(state="entered", decided_by=None, decided_at=None)
                | (~Q(state="entered") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="carried_decided_by_somebody",
                violation_error_message="复核必须写明人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("entered_by")),
                name="carried_two_people",
                violation_error_message="录入和复核必须是两个人。",
            ),
        ]
