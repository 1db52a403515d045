"""Form of an attachment."""

from typing import Any

from django import forms

from core.forms import PortalForm
from core.papers import MOST_MEGABYTES
from core.uploads import FilePicker
from rounds.domain.papers import Paper


class AttachmentForm(PortalForm):
    """One document and what it is; the service looks into it."""

    kind = forms.ChoiceField(label="种类")
    file = forms.FileField(
        label="文件", widget=FilePicker("pdf", "jpg", "png", "docx", "xlsx", megabytes=MOST_MEGABYTES),
        help_text="不带宏、脚本和密码",
        error_messages={"empty": "文件是空的，请重新选择。", "max_length": "文件名太长，请改短后再传。"},
    )  # fmt: skip

    def __init__(self, *args: Any, kinds: list[Paper], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "请选择"), *((p.key, p.label) for p in kinds)]
