"""The form of a registry sheet to be read."""

from django import forms

from core.forms import PortalForm
from core.uploads import FilePicker


class SheetForm(PortalForm):
    """One .xlsx file."""

    file = forms.FileField(
        label="基本情况表（Excel 文件）", help_text="最多 2000 行。有“明细”页时读“明细”，否则读第一页。",
        widget=FilePicker("xlsx", megabytes=5),
    )  # fmt: skip
