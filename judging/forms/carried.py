"""Sheets carried over from paper or from the file of a device."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from core.forms import PortalForm
from core.uploads import FilePicker
from judging.domain.values import TICK


class PaperForm(PortalForm):
    """One paper sheet: its code, then a field per criterion of the session."""

    code = forms.CharField(
        label="评分表编号", max_length=30, help_text="印在每行前面，例如 12-03-07-45；输错一位或颠倒两位，系统会发现"
    )

    def __init__(self, *args: Any, criteria: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for c in criteria:
            voted = c["key"] == TICK
            label = "投票（投了填 1，没有投留空）" if voted else f"{c['label']}（{c['min']} 至 {c['max']} 分）"
            self.fields[f"mark-{c['key']}"] = forms.CharField(label=label, max_length=12, required=not voted)

    @property
    def marks(self) -> dict[str, str]:
        """Criterion key → as typed."""
        return {k.removeprefix("mark-"): v for k, v in self.cleaned_data.items() if k.startswith("mark-")}


class ConfirmForm(PortalForm):
    """The second person: the total as it stands on the paper."""

    total = forms.DecimalField(
        label="纸上的合计",
        max_digits=9,
        decimal_places=4,
        required=False,
        help_text="照纸质评分表填，不要照屏幕填；票选填 1 或 0",
    )
    reason = forms.CharField(label="理由或不一致之处", max_length=200, required=False)


class DeviceFileForm(PortalForm):
    """What a device gave out: a file, or texts of QR codes."""

    file = forms.FileField(
        label="设备导出的文件", required=False, help_text="评委手机上按“导出没送出的评分”得到的文件",
        widget=FilePicker("json", megabytes=1),
    )  # fmt: skip
    texts = forms.CharField(
        label="或二维码的内容", required=False, max_length=1_000_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="用扫码枪逐个扫入，每个二维码一行，先后不限",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        file = data.get("file")
        if file is not None and file.size > 1_000_000:
            raise forms.ValidationError("文件太大，不是评委设备导出的文件。")
        if file is not None:
            try:
                data["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise forms.ValidationError("文件看不懂，请在评委手机上重新导出。") from error
        else:
            data["text"] = data.get("texts", "")
        if not data["text"].strip():
            raise forms.ValidationError("请选择文件，或扫入二维码的内容。")
        return data
