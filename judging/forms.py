"""Forms of sessions. The judge's sheet is not a form class: its rule lives in the engine."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import formset_factory

from accounts.models import Area, User
from core.exact import plain_text
from core.forms import DateField, PortalForm
from judging.domain.rubrics import RUBRICS
from judging.domain.values import TICK
from judging.models import Entry, Judge, Relation, Session
from judging.services import Figures


class SessionForm(PortalForm):
    """Name, day, place, and which ready rubric to start from."""

    name = forms.CharField(label="评审会名称", max_length=60, help_text="例如：路演评审会")
    held_on = DateField(label="日期")
    venue = forms.CharField(label="地点", max_length=80, required=False)
    rubric = forms.ChoiceField(
        label="评分标准",
        choices=[
            *(
                (k, f"{r.label}（{len(r.criteria)} 项，满分 {r.full_marks} 分）（{r.mark}）")
                for k, r in RUBRICS.items()
            ),
            ("ticks", "票选（不打分，每位评委投若干票，得票多者在前）"),
        ],
        help_text="真实：评分项和分值都出自公开的评审办法。参考：分值按通行做法拟定，评分项多出自公开办法。下一步都可以修改。",
    )


class DetailsForm(PortalForm):
    """Name, day and place, as long as scoring is not open."""

    name = forms.CharField(label="评审会名称", max_length=60)
    held_on = DateField(label="日期")
    venue = forms.CharField(label="地点", max_length=80, required=False)


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


class PeopleForm(PortalForm):
    """Who judges, in seat order, by user name."""

    usernames = forms.CharField(
        label="评委用户名",
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text="每行一个，按席位顺序；还没有账号的评委，请在下面新建",
    )

    def clean_usernames(self) -> list[User]:
        names = [n.strip() for n in self.cleaned_data["usernames"].splitlines() if n.strip()]
        known = {u.username: u for u in User.objects.filter(username__in=names, is_active=True)}
        unknown = [n for n in names if n not in known]
        if unknown:
            raise forms.ValidationError(f"没有这些用户名：{'、'.join(unknown)}。")
        return [known[n] for n in dict.fromkeys(names)]


class AccountForm(PortalForm):
    """An account for a judge who has none."""

    username = forms.RegexField(
        r"\A[a-z][a-z0-9_.]{2,39}\Z", label="用户名", max_length=40, error_messages={"invalid": "请用小写字母开头，只含小写字母、数字、点和下划线，至少三位。"},
        help_text="评委用它登录，例如姓名的拼音",
    )  # fmt: skip
    display_name = forms.CharField(label="姓名", max_length=40)


class RecusalForm(PortalForm):
    """A judge steps back from an entry."""

    judge = forms.TypedChoiceField(label="评委", coerce=int)
    entry = forms.TypedChoiceField(label="项目", coerce=int)
    reason = forms.CharField(label="回避理由", max_length=200)

    def __init__(self, *args: Any, judges: Any, entries: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("judge", judges), ("entry", entries)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = [("", "请选择"), *rows]


class StepBackForm(PortalForm):
    """A judge declares that she steps back."""

    reason = forms.CharField(
        label="回避理由",
        max_length=200,
        help_text="例如：我是该单位的理事；近三年参与过该单位的项目。只写关系，不写他人姓名和电话",
    )


class DrawForm(PortalForm):
    """The public number, before witnesses."""

    public_number = forms.CharField(
        label="现场号码", max_length=20, help_text="由现场一位不知道密语的人报出，例如当日某项公开开奖号码"
    )
    witnesses = forms.CharField(label="见证人", max_length=100, help_text="例如：监督员、申报单位代表")


class PoolForm(PortalForm):
    """Somebody for the pool of judges, by user name."""

    street = forms.ModelChoiceField(label="街道", queryset=Area.objects.none(), empty_label=None)
    username = forms.CharField(label="用户名", max_length=40, help_text="这个人已有的账号；再填一次就是修改")
    unit = forms.CharField(label="单位和职务", max_length=60, required=False)
    expertise = forms.CharField(
        label="专长", max_length=120, required=False, help_text="用顿号分开，例如：党建、为老服务、环保；分配评审时与项目的主题、类别和名称比对"
    )  # fmt: skip

    def __init__(self, *args: Any, streets: "QuerySet[Area]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["street"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = streets
        if len(streets) == 1:
            field.initial, field.widget = streets[0].pk, forms.HiddenInput()

    def clean_username(self) -> User:
        name = self.cleaned_data["username"].strip()
        found = User.objects.filter(username=name, is_active=True).first()
        if found is None:
            raise forms.ValidationError(f"没有用户名“{name}”。还没有账号的评委，请先在评审会设置页新建。")
        return found


class AssignForm(PortalForm):
    """How reviews are spread."""

    needed = forms.IntegerField(label="每个项目几位评委", min_value=1, max_value=40)
    most = forms.IntegerField(label="每位评委最多几个项目", min_value=1, max_value=200)


class LockForm(PortalForm):
    """Locking is final: it asks for the word."""

    word = forms.CharField(label="请输入“锁定”二字确认", max_length=4)

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"].strip('“”" ')
        if word != "锁定":
            raise forms.ValidationError("请输入“锁定”二字。锁定后不能再改任何评分。")
        return word


class ReasonForm(PortalForm):
    """A compulsory reason."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class DecisionForm(PortalForm):
    """The second person's words."""

    words = forms.CharField(
        label="意见", max_length=300, required=False, help_text="不批准时必填", widget=forms.Textarea(attrs={"rows": 2})
    )


class NoteForm(PortalForm):
    """What the supervisor saw, perhaps of one project."""

    words = forms.CharField(label="监督记录", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    entry = forms.TypedChoiceField(label="涉及的项目", coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, session: Session, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["entry"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        rows = Entry.objects.filter(session=session).order_by("position", "pk").values_list("pk", "proposal__title")
        field.choices = [("", "不涉及某个项目"), *rows]


class RelationForm(PortalForm):
    """What a judge has to do with an applicant."""

    organization = forms.TypedChoiceField(label="单位", coerce=int)
    kind = forms.ChoiceField(label="关系", choices=[("", "请选择"), *Relation.Kind.choices])
    words = forms.CharField(
        label="说明", max_length=100, required=False, help_text="例如：2024 年起任理事。只写关系，不写他人姓名和电话"
    )

    def __init__(self, *args: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "请选择"), *units.values_list("pk", "name")]


class AnswerForm(PortalForm):
    """Whether the judge will come."""

    answer = forms.ChoiceField(label="您能否出席", choices=Judge.Answer.choices, widget=forms.RadioSelect)
    words = forms.CharField(label="说明", max_length=100, required=False, help_text="可不填")


class PinForm(PortalForm):
    """The PIN that is read out in the hall."""

    pin = forms.RegexField(
        r"\A\s*\d{6}\s*\Z", label="现场口令", max_length=12, error_messages={"invalid": "现场口令是六位数字，请再听一遍。"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip


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

    file = forms.FileField(label="设备导出的文件", required=False)
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


class TimesForm(PortalForm):
    """The clock of a presentation, in seconds."""

    present = forms.IntegerField(label="陈述（秒）", min_value=10, max_value=3600)
    question = forms.IntegerField(label="答辩（秒）", min_value=10, max_value=3600)
    warning = forms.IntegerField(label="提前提醒（秒）", min_value=5, max_value=600)


class PaceForm(PortalForm):
    """How scoring opens."""

    is_paced = forms.BooleanField(
        label="由主持人在导播台逐个开放评分",
        required=False,
        help_text="不选：开放评分后，全部项目一起开放（适合书面评审）",
    )
    opens_after = forms.IntegerField(
        label="讲完第几个项目才开始评分",
        min_value=1,
        max_value=20,
        initial=1,
        help_text="例如填 3：前三个都讲完后一起开放，便于评委把握尺度",
    )
    names_public = forms.BooleanField(
        label="公布后，申报单位能看到评委姓名", required=False, help_text="不选：只显示席位号码，意见合并列出"
    )
    severity = forms.BooleanField(
        label="锁定后，给创投办看各评委打分的松紧",
        required=False,
        help_text="开放评分后不能再改；只作分析，不影响得分和名次，评委看不到",
    )
    reveals_after = forms.TypedChoiceField(
        label="等哪一组评完，再揭晓和公布本场",
        coerce=int,
        required=False,
        empty_value=None,
        help_text="分组评审用：避免先评的一组影响后评的一组",
    )

    def __init__(self, *args: Any, others: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reveals_after"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "不等"), *others]


class GroupForm(PortalForm):
    """Another group with the same rule."""

    name = forms.CharField(
        label="新一组的名称", max_length=60, help_text="例如：第二组。规则、日期和地点照抄本场，项目和评委另选"
    )
