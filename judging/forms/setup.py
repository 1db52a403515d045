"""A new session, its details, its pace and another group of it."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from core.forms import DateField, PortalForm
from judging.domain.rubrics import RUBRICS
from judging.models import Session


class LikeField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An earlier session, told by its round, name and day."""

    def label_from_instance(self, obj: Any) -> str:
        """Its round, name and day."""
        return f"{obj.round.title}：{obj.name}（{obj.held_on:%Y-%m-%d}）"


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
    like = LikeField(
        label="沿用往场",
        queryset=Session.objects.none(),
        required=False,
        empty_label="不沿用，按上面的评分标准新设",
        help_text="选了往场，就带上它的评分规则、评分说明和评委名单（回避重新申报），上面的评分标准不用；下一步都可以修改。",
    )

    def __init__(self, *args: Any, earlier: "QuerySet[Session]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["like"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = earlier


class DetailsForm(PortalForm):
    """Name, day and place, as long as scoring is not open."""

    name = forms.CharField(label="评审会名称", max_length=60)
    held_on = DateField(label="日期")
    venue = forms.CharField(label="地点", max_length=80, required=False)


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
    feedback = forms.BooleanField(
        label="公布后，申报单位能看到本项目各评分项的平均分和合并的评语", required=False,
        help_text="有效评分表不足三张的项目不显示；不选：只看到得分、名次和计算步骤",
    )  # fmt: skip
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
