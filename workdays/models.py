"""The yearly override table over the State Council's calendar."""

from django.db import models


class DayOverride(models.Model):
    """A day that the street declares a working day or a day off, against the built-in calendar."""

    day = models.DateField("日期", unique=True)
    is_workday = models.BooleanField("是工作日")
    note = models.CharField("说明", max_length=100)
    document = models.CharField("文号", max_length=60, blank=True, default="")

    class Meta:
        verbose_name = "调休安排"
        verbose_name_plural = "调休安排"
