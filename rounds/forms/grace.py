"""The form of a grace."""

from typing import Any

from django import forms

from core.forms import MomentField, PortalForm
from organizations.models import Organization
from rounds.models import Round


class GraceForm(PortalForm):
    """Which organization may hand in until when, and why."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="申报单位", empty_label="请选择",
        error_messages={"invalid_choice": "请在列出的单位中选择。"},
    )  # fmt: skip
    closes_at = MomentField(label="顺延到", widget=forms.DateTimeInput(format="%Y-%m-%d %H:%M:%S"))
    reason = forms.CharField(
        label="顺延理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="例如：截止前一小时平台故障，工单 3 号。记录在案，该单位、街道领导和监督员会看到",
    )  # fmt: skip

    def __init__(self, *args: Any, round_: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = Organization.objects.filter(street=round_.street_id, kind__in=round_.applicant_kinds).order_by(
            "pinyin", "pk"
        )
        self.fields["closes_at"].help_text = "北京时间，到秒有效，例如 2026-12-20 17:30:00；那一秒起不再接收"
