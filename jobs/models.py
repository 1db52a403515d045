"""Background jobs with progress, and the files they leave."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class StoredFile(models.Model):
    """A file under the media root, named by its own digest; shown under `shown_name`."""

    sha256 = models.CharField("摘要", max_length=64)
    size = models.BigIntegerField("字节数")
    content_type = models.CharField("类型", max_length=100)
    shown_name = models.CharField("文件名", max_length=200)
    path = models.CharField("存放位置", max_length=300, help_text="relative to MEDIA_ROOT")
    created_at = models.DateTimeField("存入时间")

    class Meta:
        verbose_name = "文件"
        verbose_name_plural = "文件"


class Job(models.Model):
    """One piece of background work that a person waits for. Progress is rows written."""

    class State(models.TextChoices):
        WAITING = "waiting", "等待中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "未成功"
        CANCELLED = "cancelled", "已取消"
        EXPIRED = "expired", "已过期"

    class Lane(models.TextChoices):
        INTERACTIVE = "interactive", "即时"
        BULK = "bulk", "大批量"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="提交人")
    kind = models.CharField("种类", max_length=40, help_text="a name in jobs.registry")
    title = models.CharField("名称", max_length=200)
    params = models.JSONField("参数", default=dict)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    rows_done = models.PositiveIntegerField("已写行数", default=0)
    rows_total = models.PositiveIntegerField("总行数", default=0)
    lane = models.CharField("队列", max_length=12, choices=Lane.choices, default=Lane.INTERACTIVE)
    scope_id = models.PositiveBigIntegerField("街道编号", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("次数", default=0, help_text="only grows: a run is known by it")
    attempts_allowed = models.PositiveSmallIntegerField("最多次数", default=3)
    error = models.TextField("原因", blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文件")
    created_at = models.DateTimeField("提交时间")
    handed_at = models.DateTimeField("交出时间", null=True, blank=True, help_text="empty: not given to a worker yet")
    beat_at = models.DateTimeField("最近进展", null=True, blank=True)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)
    expires_at = models.DateTimeField("下载截止", null=True, blank=True)

    class Meta:
        verbose_name = "后台任务"
        verbose_name_plural = "后台任务"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="done", file__isnull=False, finished_at__isnull=False, expires_at__isnull=False)
                | (~Q(state="done") & Q(file__isnull=True)),
                name="job_done_has_file",
                violation_error_message="已完成的任务必须有文件和下载期限，其他任务没有文件。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "cancelled", "expired"], finished_at__isnull=False),
                name="job_ended_has_its_time",
                violation_error_message="结束的任务必须有结束时间，未结束的没有。",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""),
                name="job_failed_has_reason",
                violation_error_message="未成功的任务必须写明原因。",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(handed_at__isnull=False, beat_at__isnull=False),
                name="job_running_was_handed_out",
                violation_error_message="进行中的任务必须有交出时间和最近进展。",
            ),
            models.CheckConstraint(
                condition=Q(attempts__lte=models.F("attempts_allowed")),
                name="job_attempts_at_most_allowed",
                violation_error_message="次数不能多于最多次数。",
            ),
            models.CheckConstraint(
                condition=Q(rows_done__lte=models.F("rows_total")) | Q(rows_total=0),
                name="job_rows_done_at_most_total",
                violation_error_message="已写行数不能多于总行数。",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="job_owner"),
            models.Index(fields=["state", "handed_at"], name="job_open", condition=Q(state__in=["waiting", "running"])),
            models.Index(fields=["expires_at"], name="job_to_expire", condition=Q(state="done")),
        ]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


OPEN = (Job.State.WAITING, Job.State.RUNNING)


class TaskFailure(models.Model):
    """A task that was given up: what and where, never the message, which may quote somebody's data; the log has it."""

    name = models.CharField("任务", max_length=100)
    task_key = models.CharField("编号", max_length=60)
    args = models.JSONField("参数", default=list, help_text="ids only")
    error = models.CharField("错误", max_length=100, help_text="the exception's class")
    place = models.CharField("位置", max_length=200, blank=True, help_text="file and line of ours")
    failed_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "失败的后台任务"
        verbose_name_plural = "失败的后台任务"
        constraints = [
            models.UniqueConstraint(
                fields=["task_key"], name="task_failure_once", violation_error_message="一个任务的失败只记一次。"
            )
        ]
        indexes = [models.Index(fields=["-failed_at"], name="task_failure_newest")]


class Heartbeat(models.Model):
    """When something that must always run was last seen running."""

    name = models.CharField("名称", max_length=60, unique=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "心跳"
        verbose_name_plural = "心跳"
