"""Forms of the proposal: a draft may be incomplete; only what cannot be read is refused."""

from projects.forms.draft import (
    CATEGORIES,
    CutAnswerForm,
    CutForm,
    DecideForm,
    DraftForm,
    LineForm,
    LineFormSet,
    ReportForm,
    StartForm,
    WithdrawForm,
    initial_lines,
    initial_of,
)
from projects.forms.page import PageForm, page_lines

__all__ = [
    "CATEGORIES",
    "CutAnswerForm",
    "CutForm",
    "DecideForm",
    "DraftForm",
    "LineForm",
    "LineFormSet",
    "PageForm",
    "ReportForm",
    "StartForm",
    "WithdrawForm",
    "initial_lines",
    "initial_of",
    "page_lines",
]
