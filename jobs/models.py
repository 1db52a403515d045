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

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="提交人")
    kind = models.CharField("种类", max_length=40, help_text="a name in jobs.registry")
    title = models.CharField("名称", max_length=200)
    params = models.JSONField("参数", default=dict)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    rows_done = models.PositiveIntegerField("已写行数", default=0)
    rows_total = models.PositiveIntegerField("总行数", default=0)
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    error = models.TextField("原因", blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文件")
    created_at = models.DateTimeField("提交时间")
    beat_at = models.DateTimeField("最近进展", null=True, blank=True)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)
    expires_at = models.DateTimeField("下载截止", null=True, blank=True)

    class Meta:
        verbose_name = "后台任务"
        verbose_name_plural = "后台任务"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(file__isnull=False, finished_at__isnull=False, expires_at__isnull=False),
                name="job_done_has_file",
                violation_error_message="已完成的任务必须有文件和下载期限。",
            ),
            models.CheckConstraint(
                condition=Q(rows_done__lte=models.F("rows_total")) | Q(rows_total=0),
                name="job_rows_done_at_most_total",
                violation_error_message="已写行数不能多于总行数。",
            ),
        ]
        indexes = [models.Index(fields=["owner", "-id"], name="job_owner")]
