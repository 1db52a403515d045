"""Forms of the theme library."""

import re
from typing import Any

from django import forms

from core.forms import MoneyInput, PortalForm
from needs.domain.advice import CAUTIONS
from needs.domain.nodes import FESTIVALS, is_node
from needs.models import LibraryTheme, Need

NAMED = {words: key for key, (words, _, _) in FESTIVALS.items()}
CATEGORIES = (
    "党建",
    "社区治理",
    "环保",
    "文体",
    "宣传教育",
    "便民利民",
    "卫生保健",
    "扶贫帮困",
    "志愿服务",
    "为老",
    "儿童青少年",
    "助残",
)


def words_of_nodes(nodes: list[str]) -> str:
    """As the form shows them: `春节 03-05`."""
    return " ".join(FESTIVALS[n][0] if n in FESTIVALS else n for n in nodes)


class ThemeForm(PortalForm):
    """A theme of the street's own library."""

    name = forms.CharField(label="名称", max_length=40)
    category = forms.ChoiceField(label="类别", choices=[(c, c) for c in CATEGORIES])
    directions = forms.MultipleChoiceField(
        label="方向", choices=LibraryTheme.Direction.choices, widget=forms.CheckboxSelectMultiple
    )
    target_group = forms.CharField(label="服务对象", max_length=60)
    activities = forms.CharField(label="活动", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    indicators = forms.CharField(
        label="指标", max_length=200, help_text="用分号隔开，例如：16 场; 400 人次; 图书 300 册"
    )
    budget_min = MoneyInput(label="建议预算下限（元）")
    budget_max = MoneyInput(label="建议预算上限（元）")
    budget_note = forms.CharField(
        label="预算说明", max_length=40, required=False, help_text="例如：每个单元；没有请留空"
    )
    answers = forms.MultipleChoiceField(
        label="对应的需求类别", choices=Need.Category.choices, widget=forms.CheckboxSelectMultiple
    )
    keywords = forms.CharField(
        label="居民常用词", required=False, max_length=200,
        help_text="居民提这类事时会说的词，用空格隔开。原话里有这些词的需求，推荐时算得更重。",
    )  # fmt: skip
    nodes = forms.CharField(
        label="时间节点", required=False, max_length=100, help_text="节日或月日，用空格隔开，例如：春节 重阳 03-05"
    )
    cautions = forms.MultipleChoiceField(
        label="注意事项", choices=list(CAUTIONS.items()), widget=forms.CheckboxSelectMultiple, required=False
    )
    is_offered = forms.BooleanField(label="列入主题推荐", required=False, initial=True)

    def clean_keywords(self) -> list[str]:
        return _words(self.cleaned_data["keywords"])

    def clean_nodes(self) -> list[str]:
        found = []
        for word in _words(self.cleaned_data["nodes"]):
            node = NAMED.get(word, word)
            if not is_node(node):
                raise forms.ValidationError(f"“{word}”看不懂。请写 {'、'.join(NAMED)}，或月-日，例如 03-05。")
            found.append(node)
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        low, high = data.get("budget_min"), data.get("budget_max")
        if low is not None and high is not None and high < low:
            self.add_error("budget_max", "建议预算上限不能低于下限，请改大。")
        return data


def _words(text: str) -> list[str]:
    found = list(dict.fromkeys(w for w in re.split(r"[\s、，,;；]+", text) if w))
    long = next((w for w in found if len(w) > 12), None)
    if long:
        raise forms.ValidationError(f"“{long}”太长，每个词不超过 12 个字。")
    return found


def initial_of(theme: LibraryTheme) -> dict[str, Any]:
    """What the form shows for a theme that exists."""
    found = {name: getattr(theme, name) for name in ThemeForm.base_fields}
    return found | {"keywords": " ".join(theme.keywords), "nodes": words_of_nodes(theme.nodes)}
