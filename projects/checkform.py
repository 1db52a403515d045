"""The form of the eligibility check: the decision, and a reason for each finding that blocks."""

from collections.abc import Sequence
from typing import Any

from django import forms

from projects.domain.findings import BLOCK, Finding
from projects.forms import DecideForm


class CheckForm(DecideForm):
    """The decision with a field per finding that blocks, named by the finding's key: what is typed stays with its finding."""

    def __init__(self, *args: Any, found: Sequence[Finding], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.blocking = {f"waive-{f.key}": f for f in found if f.severity == BLOCK}
        for name, finding in self.blocking.items():
            self.fields[name] = forms.CharField(
                label=f"准予通过的理由：{finding.words}", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
                help_text="只在结论为“通过”时填写；理由记录在案，街道领导和监督员会看到",
            )  # fmt: skip
        self.order_fields(["outcome", *self.blocking])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("outcome") == "pass":
            for name in self.blocking:
                if name not in self.errors and not (data.get(name) or "").strip():
                    self.add_error(name, "这一项不符合，要“通过”请写明理由。")
        return data

    def decision(self) -> dict[str, Any]:
        """Arguments of the service."""
        data = self.cleaned_data
        plain = {k: v for k, v in data.items() if k not in self.blocking}
        return plain | {"waivers": {f.key: data[name] for name, f in self.blocking.items()}}
