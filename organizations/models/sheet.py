"""A registry sheet that was read and waits to be taken over."""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User


class ImportRun(models.Model):
    """One uploaded sheet as it was read; `applied_at` once its rows are in the registry, all of them. Forgotten after a day otherwise."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    name = models.CharField("文件名", max_length=200)
    digest = models.CharField("摘要", max_length=64)
    content = models.JSONField("各行", help_text="the rows without a fault")
    faults = models.JSONField("错误", default=list, help_text="[[row, column, sentence], …]")
    typed = models.JSONField("原表", default=list, help_text="all rows as typed, where some are wrong")
    read_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="导入人")
    read_at = models.DateTimeField("读入时间")
    applied_at = models.DateTimeField("登记时间", null=True, blank=True)
    added = models.PositiveIntegerField("新登记", null=True, blank=True)
    changed = models.PositiveIntegerField("更新", null=True, blank=True)

    class Meta:
        verbose_name = "导入"
        verbose_name_plural = "导入"
        constraints = [
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True, added__isnull=True, changed__isnull=True)
                | Q(applied_at__isnull=False, added__isnull=False, changed__isnull=False),
                name="import_applied_is_counted",
                violation_error_message="登记后须记下条数。",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True) | Q(faults=[], typed=[]),
                name="import_applied_has_no_fault",
                violation_error_message="有错误的表不能登记。",
            ),
        ]
        indexes = [
            models.Index(fields=["street", "digest"], name="import_same_file"),
            models.Index(fields=["read_at"], name="import_open", condition=Q(applied_at=None)),
        ]
