"""Forms of the registry's facts and of people who leave."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import User
from core.forms import DateField, PortalForm
from organizations.models import Membership, Organization


class ProfileForm(PortalForm):
    """What the registry knows about an organization."""

    legal_name = forms.CharField(label="法定代表人或负责人", max_length=40, required=False)
    secretary = forms.CharField(label="党组织书记", max_length=40, required=False)
    supporter = forms.CharField(
        label="支持单位",
        max_length=80,
        required=False,
        help_text="没有自己账户的队伍和居民小组：代管账户、给予支持的单位",
    )
    founded_on = DateField(label="成立日期", required=False)
    licence_until = DateField(label="登记证书有效期至", required=False)
    business = forms.CharField(
        label="业务范围", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    inspection = forms.ChoiceField(
        label="最近一次年检", required=False, choices=[("", "未登记"), *Organization.Inspection.choices]
    )
    grade = forms.ChoiceField(label="民政评估等级", required=False, choices=[("", "未评"), *Organization.Grade.choices])
    moved_in_on = DateField(
        label="入驻服务中心日期", required=False, help_text="入驻后从下一个整月起按月积分；没有入驻的不填"
    )
    moved_out_on = DateField(label="退出服务中心日期", required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        came, left = data.get("moved_in_on"), data.get("moved_out_on")
        if left and "moved_in_on" in data and (came is None or left < came):
            self.add_error("moved_out_on", "退出日期不能早于入驻日期；没有入驻日期时不能填写退出日期。")
        return data


class LeavingForm(PortalForm):
    """Who takes over from a member that leaves: by user name, one of the members, or somebody to be invited.

    `members`: the other members, among whom a manager chooses; None: the office types any user name.
    """

    successor = forms.CharField(
        label="接任人的用户名", max_length=40, required=False, help_text="已有账号的填写；没有接任人的不填"
    )
    invitee = forms.CharField(
        label="邀请接任人（姓名）", max_length=40, required=False,
        help_text="还没有账号的填写姓名：系统生成一个邀请链接，接任人接受后原成员才离任",
    )  # fmt: skip
    reason = forms.CharField(label="离任原因", max_length=200, help_text="例如：调离，由新的经办人接手")

    def __init__(self, *args: Any, members: Sequence[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if members is not None:
            choices = [("", "没有接任人"), *((u.username, u.display_name) for u in members)]
            self.fields["successor"] = forms.ChoiceField(label="由本单位成员接任", choices=choices, required=False)

    def clean_successor(self) -> User | None:
        typed: str = self.cleaned_data["successor"]
        if not typed:
            return None
        user = User.objects.filter(username=typed, is_active=True).first()
        if user is None:
            raise forms.ValidationError("没有这个用户名；还没有账号的，请在下面填写姓名邀请。")
        return user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("successor") and data.get("invitee"):
            self.add_error("invitee", "接任人已有账号的不用邀请，两项只填一项。")
        return data


class InviteForm(PortalForm):
    """Somebody new, by name."""

    name = forms.CharField(label="受邀人姓名", max_length=40)
    duty = forms.ChoiceField(label="职责", choices=Membership.Duty.choices)
