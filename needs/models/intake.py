"""How needs come in beside the form: photos shown with them, workbooks read for them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models import StoredFile
from needs.models.need import Need

MOST_PHOTOS = 3


class NeedPhoto(models.Model):
    """A photo of a need, drawn anew from what was handed in: nothing of the camera's own notes is left in it."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="photos", verbose_name="需求")
    position = models.PositiveSmallIntegerField("第几张")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    added_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "需求照片"
        verbose_name_plural = "需求照片"
        constraints = [
            models.UniqueConstraint(
                fields=["need", "position"], name="need_photo_place", violation_error_message="这个位置已有照片。"
            ),
            models.CheckConstraint(
                condition=Q(position__range=(1, MOST_PHOTOS)),
                name="need_photo_at_most_three",
                violation_error_message="一件需求最多 3 张照片。",
            ),
        ]


class NeedImport(models.Model):
    """A workbook as it was read, before it is confirmed; its rows are forgotten once they are needs, or after a day."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="导入人")
    file_name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("摘要", max_length=64)
    lines = models.JSONField("读到的行", default=list)
    faults = models.JSONField("错误", default=list, help_text="[[sheet, row, column, sentence], …]")
    notes = models.JSONField("提醒", default=list)
    read_at = models.DateTimeField("读入时间")
    done_at = models.DateTimeField("导入时间", null=True, blank=True)
    count = models.PositiveIntegerField("导入件数", default=0)

    class Meta:
        verbose_name = "需求导入"
        verbose_name_plural = "需求导入"
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, count=0) | Q(done_at__isnull=False, lines=[], faults=[]),
                name="need_import_done_forgets_rows",
                violation_error_message="导入完成后不再保留读到的行，有错误的不能导入。",
            )
        ]
        indexes = [
            models.Index(fields=["by", "sha256"], name="need_import_same_file"),
            models.Index(fields=["read_at"], name="need_import_open", condition=Q(done_at=None)),
        ]
