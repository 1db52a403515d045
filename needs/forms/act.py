"""Forms of what is done with a need, one per act. `seen` carries the version the person had before her."""

from typing import Any

from django import forms

from accounts.models import Area, User
from core.forms import DateField, PortalForm
from core.uploads import FilePicker
from needs.forms.choice import choose
from needs.models import Feedback, Need
from needs.rules import workers_of


class ActForm(PortalForm):
    """An act without further words."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1, label="版次")

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        kwargs["initial"] = {"seen": need.version, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.need = need


class ReasonOnly(PortalForm):
    """Why; nothing else."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(ActForm):
    """An act with its reason."""

    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class ToldReasonForm(ReasonForm):
    """An act whose reason the person who asked reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "居民查进度时会看到，不写姓名和电话"


class AnalyseForm(ActForm):
    """分析: how heavy, which way, which kind, where."""

    route = forms.ChoiceField(label="处置方式", widget=forms.RadioSelect, choices=Need.Route.choices)
    level = forms.ChoiceField(label="分级", widget=forms.RadioSelect, choices=Need.Level.choices, initial="small")
    category = forms.ChoiceField(label="类别", choices=Need.Category.choices)
    grid = forms.ModelChoiceField(Area.objects.none(), label="网格（可不选）", required=False, empty_label="不分网格")
    words = forms.CharField(
        label="分析意见（可不填）", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "category": need.category,
            "grid": need.grid_id,
            "route": need.route,
            "level": need.level or "small",
        }
        super().__init__(*args, need=need, **kwargs)
        grids = Area.objects.filter(parent=need.community_id, kind=Area.Kind.GRID)
        choose(self, "grid", grids.in_chinese_order())


class FinishForm(ActForm):
    """处置完毕: what was done."""

    words = forms.CharField(
        label="办了什么",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="内部记录；接着把结果反馈给居民",
    )


class FeedbackForm(ActForm):
    """反馈 to everybody who asked."""

    kind = forms.ChoiceField(label="反馈方式", choices=Feedback.Kind.choices)
    words = forms.CharField(
        label="告诉居民什么", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="提这件事的居民查进度时都会看到，不写姓名、电话和病情",
    )  # fmt: skip
    is_final = forms.BooleanField(label="这是办理结果，请居民评议", required=False)
    file = forms.FileField(
        label="佐证（可不传）", required=False, widget=FilePicker("pdf", "jpg", "png", megabytes=5),
        help_text="一张照片或一份 PDF，只有工作人员能看到",
    )  # fmt: skip

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        super().__init__(*args, need=need, **kwargs)
        if need.state not in (Need.State.HANDLING, Need.State.FEEDBACK):
            del self.fields["is_final"]
        elif need.state == Need.State.FEEDBACK:
            self.fields["is_final"].initial = True


class HoldForm(ToldReasonForm):
    """挂起 until a day."""

    until = DateField(label="挂起到哪一天")


class TransferForm(ToldReasonForm):
    """转交 to another community."""

    community = forms.ModelChoiceField(Area.objects.none(), label="转交给哪个社区", empty_label="请选择")
    field_order = ["community", "reason"]

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        super().__init__(*args, need=need, **kwargs)
        others = Area.objects.communities().filter(street=need.street_id).exclude(pk=need.community_id)
        choose(self, "community", others.in_chinese_order())


class ReferForm(ToldReasonForm):
    """转交 to a department."""

    department = forms.CharField(label="转交哪个部门", max_length=60, help_text="例如：街道城管办、供电所")
    field_order = ["department", "reason"]


class AssignForm(ActForm):
    """A岗 and B岗."""

    worker = forms.ModelChoiceField(User.objects.none(), label="承办人（A岗）", empty_label="请选择")
    deputy = forms.ModelChoiceField(
        User.objects.none(), label="代办人（B岗，可不选）", required=False, empty_label="不设"
    )

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        kwargs["initial"] = {"worker": need.handler_id, "deputy": need.deputy_id}
        super().__init__(*args, need=need, **kwargs)
        for name in ("worker", "deputy"):
            choose(self, name, workers_of(need.community))


class CloseForm(ActForm):
    """办结."""

    reason = forms.CharField(
        label="说明（有评议的可不填）", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="等待评议的期限过后仍没有评议的，写明理由才能办结，例如：三次联系不上",
    )  # fmt: skip


class PublishForm(ActForm):
    """Words for everybody's eyes."""

    words = forms.CharField(
        label="公开的内容", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="核对过没有姓名、电话、门牌和病情才公开；清空就是不公开内容，只显示类别和状态",
    )  # fmt: skip

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        kwargs["initial"] = {"words": need.public_words or need.words}
        super().__init__(*args, need=need, **kwargs)


class SlipsForm(PortalForm):
    """How many slips to print."""

    count = forms.IntegerField(label="印几张评议单", min_value=1, max_value=60, initial=6)


class MergeForm(ActForm):
    """Which needs belong to this one."""

    words = forms.CharField(label="说明（可不填）", max_length=200, required=False)
