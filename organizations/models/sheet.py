"""A registry sheet that was read and waits to be taken over."""

from django.db import models
from django.db.models import Q

from accounts.models import Area, User


class ImportRun(models.Model):
    """The rows of one uploaded sheet; `applied_at` once they are in the registry, all of them."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    name = models.CharField("文件名", max_length=200)
    digest = models.CharField("摘要", max_length=64)
    content = models.JSONField("各行")
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
        ]
