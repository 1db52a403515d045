"""Forms of what a street or community sets for its needs."""

from typing import Any

from django import forms

from accounts.models import Area, User
from core.forms import PortalForm
from needs.domain.cycle import Terms
from needs.forms.choice import choose

LABELS = {
    "analyse": ("收到后几个工作日内分析", ""),
    "now": ("马上办", "从分析起算的工作日"),
    "line": ("归口办", "从分析起算的工作日"),
    "joint": ("协调办", "从分析起算的工作日"),
    "order": ("制单", "从分析起算，制成服务项目单为止"),
    "rate": ("等待居民评议", "过后没有评议的，可以写明理由办结"),
    "answer": ("超过几天未答复标红", "公开页、台账和需求分析都按它"),
    "escalate": ("逾期后隔几天再上报一级", ""),
}


class TermsForm(PortalForm):
    """Deadlines in working days."""

    def __init__(self, *args: Any, terms: Terms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in LABELS.items():
            self.fields[name] = forms.IntegerField(
                label=f"{label}（工作日）", help_text=hint, min_value=1, max_value=250, initial=getattr(terms, name)
            )

    def terms(self) -> Terms:
        return Terms(**{name: self.cleaned_data[name] for name in LABELS})


class DutyForm(PortalForm):
    """Who is responsible for an area."""

    worker = forms.ModelChoiceField(User.objects.none(), label="A岗", required=False, empty_label="不设")
    deputy = forms.ModelChoiceField(User.objects.none(), label="B岗", required=False, empty_label="不设")

    def __init__(self, *args: Any, area: Area, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"a{area.pk}", **kwargs)
        self.area = area
        for name in ("worker", "deputy"):
            choose(self, name, people)
