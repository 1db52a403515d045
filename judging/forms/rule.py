"""How sheets become a score: criteria with their sentences, parts, ties, and figures that entries bring along."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from django import forms
from django.forms import formset_factory

from core.exact import plain_text
from core.forms import PortalForm
from judging.models import Entry
from judging.services import Figures

TIES = [
    ("untrimmed_mean", "去掉最高最低分之前的平均分，高者在前"),
    ("top_sheets", "评为第一的评分表张数，多者在前"),
    ("part:初评", "前一阶段“初评”的得分，高者在前"),
    ("vote:评委合议投票", "“评委合议投票”的票数，多者在前"),
    ("lot", "现场见证抽签，签号小者在前"),
]


TIE_FIELDS = [f"tie_{i}" for i in range(1, 6)]


TIE_LABELS = ["同分时先比", "仍同分再比", "第三比", "第四比", "第五比"]


PART_ROWS = range(1, 6)


class RuleForm(PortalForm):
    """How sheets become a score."""

    full_marks = forms.DecimalField(
        label="满分合计", max_digits=6, decimal_places=2, min_value=Decimal("0.01"), initial=Decimal(100),
        help_text="各评分项满分之和必须等于此数，一般为 100 分",
    )  # fmt: skip
    high = forms.IntegerField(label="去掉几个最高分", min_value=0, max_value=5, initial=1)
    low = forms.IntegerField(label="去掉几个最低分", min_value=0, max_value=5, initial=1)
    start = forms.IntegerField(label="有效评分表达到几张才去", min_value=1, max_value=40, initial=5)
    on = forms.TypedChoiceField(
        label="去掉的是什么", required=False, empty_value="total",
        choices=[("total", "整张评分表的总分（通行做法）"), ("criterion", "每个评分项各自的最高分和最低分")],
    )  # fmt: skip
    aggregate = forms.TypedChoiceField(
        label="留下的分数怎么合成",
        required=False,
        empty_value="mean",
        choices=[("mean", "平均数"), ("median", "中位数"), ("ticks", "不打分，票选：得票多者在前")],
        help_text="选票选后，评分项和去掉最高最低分都不用；同分只比其他部分得分、合议投票或抽签",
    )
    at_most = forms.IntegerField(
        label="票选时每位评委最多投几票", min_value=1, max_value=60, required=False, help_text="不是票选请留空"
    )
    quorum = forms.IntegerField(label="至少几张有效评分表才计分", min_value=1, max_value=40, initial=3)
    decimals = forms.IntegerField(label="保留几位小数（四舍五入）", min_value=0, max_value=4, initial=2)
    bonus_cap = forms.DecimalField(
        label="加分上限", max_digits=6, decimal_places=2, min_value=Decimal(0), required=False, help_text="不限请留空"
    )
    by = forms.ChoiceField(
        label="名次依据",
        choices=[("printed", "保留小数后的得分（推荐：与公布的得分一致）"), ("exact", "未四舍五入的得分")],
    )
    tie_1 = forms.ChoiceField(required=False)
    tie_2 = forms.ChoiceField(required=False)
    tie_3 = forms.ChoiceField(required=False)
    tie_4 = forms.ChoiceField(required=False)
    tie_5 = forms.ChoiceField(required=False, help_text="都相同的项目名次并列，例如 1、2、2、4。")

    def __init__(self, *args: Any, rule: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(f"criterion:{c['key']}", f"“{c['label']}”的平均分，高者在前") for c in rule["criteria"]]
        known += [(f"part:{p['key']}", f"“{p['key']}”部分的得分，高者在前") for p in rule["parts"]]
        known += [pair for pair in TIES if pair[0] not in dict(known)]
        # What an earlier choice named stays on offer, so that saving again changes nothing.
        known += [
            (tie, f"“{tie.partition(':')[2]}”的得分，高者在前")
            for tie in rule["rank"]["ties"]
            if tie not in dict(known)
        ]
        for name, label in zip(TIE_FIELDS, TIE_LABELS, strict=True):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.label = label
            field.choices = [("", "不比了，名次并列"), *known]

    def options(self) -> dict[str, Any]:
        """The cleaned choices as `make_rule` takes them; full marks apart."""
        data = {k: v for k, v in self.cleaned_data.items() if k != "full_marks" and k not in TIE_FIELDS}
        cap, data["ticks"] = data["bonus_cap"], data.pop("at_most") or 0
        ties = [self.cleaned_data[name] for name in TIE_FIELDS if self.cleaned_data.get(name)]
        return data | {"ties": ties, "bonus_cap": None if cap is None else plain_text(cap)}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("aggregate") == "ticks" and not data.get("at_most") and "at_most" not in self.errors:
            self.add_error("at_most", "票选请填写每位评委最多投几票。")
        if {"high", "low", "start"} <= data.keys() and data["start"] <= data["high"] + data["low"]:
            self.add_error("start", "应大于去掉的最高分和最低分个数之和。")
        seen: set[str] = set()
        ended = False
        for name in TIE_FIELDS:
            tie = data.get(name)
            if tie and ended:
                self.add_error(name, "前面已选“不比了”，请按顺序选，中间不要留空。")
            elif tie and tie in seen:
                self.add_error(name, "这一项前面已经比过，请另选一项。")
            ended, seen = ended or not tie, seen | {tie or ""}
        return data


class PartsForm(PortalForm):
    """What the session's own score is put together with: written review, a public jury, an earlier stage."""

    own = forms.ChoiceField(
        label="本场路演是哪一行",
        required=False,
        choices=[("", "没有其他部分"), *((str(i), f"第 {i} 行") for i in PART_ROWS)],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for i in PART_ROWS:
            self.fields[f"name_{i}"] = forms.CharField(label="名称", max_length=20, required=False)
            for name, label, most in (("weight", "权重（%）", 100), ("most", "原满分", None), ("to", "折算成", None)):
                self.fields[f"{name}_{i}"] = forms.DecimalField(
                    label=label,
                    max_digits=7,
                    decimal_places=2,
                    min_value=Decimal("0.01"),
                    max_value=most,
                    required=False,
                )

    @classmethod
    def initial_of(cls, rule: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows for a rule."""
        found: dict[str, Any] = {}
        for i, part in enumerate(rule["parts"], 1):
            scale = part.get("scale") or {}
            found |= {f"name_{i}": part["key"], f"weight_{i}": plain_text(Decimal(part["weight"]) * 100)}
            found |= {f"most_{i}": scale.get("max"), f"to_{i}": scale.get("to")}
            if part["key"] == rule["own_part"]:
                found["own"] = str(i)
        return found

    def rows(self) -> list[list[Any]]:
        """The table's bound fields, row by row."""
        return [[self[f"{name}_{i}"] for name in ("name", "weight", "most", "to")] for i in PART_ROWS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        used = [i for i in PART_ROWS if any(data.get(f"{n}_{i}") for n in ("name", "weight", "most", "to"))]
        seen: set[str] = set()
        for i in used:
            name = data.get(f"name_{i}")
            self._demand(f"name_{i}", name, "请填写这一部分的名称。")
            self._demand(f"name_{i}", name not in seen, "两个部分不能同名。")
            self._demand(f"weight_{i}", data.get(f"weight_{i}"), "请填写权重。")
            self._demand(f"most_{i}", data.get(f"most_{i}") or not data.get(f"to_{i}"), "要折算，请填写原满分。")
            self._demand(f"to_{i}", data.get(f"to_{i}") or not data.get(f"most_{i}"), "要折算，请填写折算成多少分。")
            seen.add(name or "")
        own = data.get("own")
        if used and not own:
            self.add_error("own", "请指明哪一行是本场路演的得分。")
        elif own and int(own) not in used:
            self.add_error("own", "所选的这一行还没有填写。")
        added = sum((data.get(f"weight_{i}") or Decimal(0) for i in used), Decimal(0))
        if used and added != 100 and not self.errors:
            self.add_error(f"weight_{used[-1]}", f"各部分权重之和为 {plain_text(added)}%，应为 100%。")
        return data

    def _demand(self, field: str, holds: Any, message: str) -> None:
        if not holds and field not in self.errors:
            self.add_error(field, message)

    def options(self) -> dict[str, Any]:
        """`parts` and `own_part` as `make_rule` takes them."""
        data = self.cleaned_data
        parts = []
        for i in PART_ROWS:
            if data.get(f"name_{i}"):
                part: dict[str, Any] = {"key": data[f"name_{i}"], "weight": plain_text(data[f"weight_{i}"] / 100)}
                if data.get(f"most_{i}"):
                    part["scale"] = {"max": plain_text(data[f"most_{i}"]), "to": plain_text(data[f"to_{i}"])}
                parts.append(part)
        return {"parts": parts, "own_part": data[f"name_{data['own']}"] if data.get("own") else None}


class CriterionForm(PortalForm):
    """One line of the rubric; an empty one is left out."""

    label = forms.CharField(label="评分项", max_length=30, required=False)
    most = forms.DecimalField(
        label="满分", max_digits=5, decimal_places=2, min_value=Decimal("0.01"), required=False, localize=False
    )
    least = forms.DecimalField(
        label="最低分", max_digits=5, decimal_places=2, min_value=Decimal(0), required=False, localize=False
    )
    step = forms.ChoiceField(
        label="每档", choices=[("1", "1 分"), ("0.5", "0.5 分"), ("0.1", "0.1 分"), ("0.01", "0.01 分")]
    )
    anchors = forms.CharField(
        label="等次说明",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )
    key = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("label") and data.get("most") is None and "most" not in self.errors:
            self.add_error("most", "请填写满分。")
        if data.get("most") is not None and not data.get("label"):
            self.add_error("label", "请填写评分项名称。")
        return data


CriterionFormSet = formset_factory(CriterionForm, extra=2, max_num=20, absolute_max=20, validate_max=True)


KEY = re.compile(r"[a-z][a-z0-9_]{0,20}")


def _filled(rows: Any) -> list[tuple[str, dict[str, Any]]]:
    """The rows that say something, each with its key: the one it had, else the first free of c1, c2 …"""
    given = [form.cleaned_data for form in rows if form.cleaned_data.get("label")]
    taken = {data["key"] for data in given if KEY.fullmatch(data.get("key") or "")}
    free = (f"c{i}" for i in count(1) if f"c{i}" not in taken)
    return [(data["key"] if data.get("key") in taken else next(free), data) for data in given]


def criteria_of(rows: Any) -> list[dict[str, str]]:
    """Criteria from the formset's rows: key, label, max, step."""
    return [
        {
            "key": key, "label": data["label"], "min": plain_text(data.get("least") or Decimal(0)),
            "max": plain_text(data["most"]), "step": data["step"],
        }
        for key, data in _filled(rows)
    ]  # fmt: skip


def anchors_of(rows: Any) -> dict[str, list[list[str]]]:
    """Criterion key → [grade, sentence] from lines such as `优：对应需求清单，有数据`; without a colon, no grade."""
    found = {}
    for key, data in _filled(rows):
        lines = [line.strip() for line in (data.get("anchors") or "").splitlines() if line.strip()]
        if lines:
            found[key] = [anchor_of_line(line) for line in lines]
    return found


def anchor_of_line(line: str) -> list[str]:
    """`优：…` as [grade, sentence]; a colon further in belongs to the sentence."""
    grade, colon, words = line.replace(":", "：", 1).partition("：")
    return [grade.strip(), words.strip()] if colon and words.strip() and len(grade.strip()) <= 8 else ["", line]


class FiguresForm(PortalForm):
    """Per entry: the other parts' values, factor, bonus, penalty. Fields `p<entry>_<column>` and so on."""

    def __init__(self, *args: Any, entries: Sequence[Entry], columns: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries, self.columns = entries, columns
        for e in entries:
            for i, column in enumerate(columns):
                self._add(f"p{e.pk}_{i}", column, e.parts.get(column), {})
            self._add(f"factor{e.pk}", "系数", e.factor, {"min_value": Decimal("0.0001"), "max_value": Decimal(100)})
            self._add(f"bonus{e.pk}", "加分", e.bonus or None, {"min_value": Decimal(0)})
            self._add(f"penalty{e.pk}", "扣分", e.penalty or None, {"min_value": Decimal(0)})

    def _add(self, name: str, label: str, now: Any, limits: dict[str, Any]) -> None:
        self.fields[name] = forms.DecimalField(
            label=label, max_digits=9, decimal_places=4, required=False, initial=None if now is None else plain_text(Decimal(now)), **limits
        )  # fmt: skip

    def rows(self) -> list[tuple[Entry, list[Any]]]:
        """Each entry with its bound fields, in the order of the columns."""
        return [(e, [self[name] for name in self._names(e)]) for e in self.entries]

    def _names(self, entry: Entry) -> list[str]:
        parts = [f"p{entry.pk}_{i}" for i in range(len(self.columns))]
        return [*parts, f"factor{entry.pk}", f"bonus{entry.pk}", f"penalty{entry.pk}"]

    def figures(self) -> dict[int, Figures]:
        """What was typed, by entry id; an empty field is the value that changes nothing."""
        data = self.cleaned_data
        return {
            e.pk: Figures(
                parts={column: data[f"p{e.pk}_{i}"] for i, column in enumerate(self.columns)},
                factor=data[f"factor{e.pk}"] or Decimal(1), bonus=data[f"bonus{e.pk}"] or Decimal(0),
                penalty=data[f"penalty{e.pk}"] or Decimal(0),
            )
            for e in self.entries
        }  # fmt: skip
