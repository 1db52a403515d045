"""The registry's facts of one organization, and the change of its people."""

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations import rules, services
from organizations.forms import profile as forms
from organizations.services.profile import PROFILE
from organizations.views.people import show_link
from organizations.views.registry import own_or_street


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The office corrects what the registry knows."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.may_manage(user, row):
        raise NotAllowed
    initial = model_to_dict(row, PROFILE) | {"revision": row.revision}
    form = forms.ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        try:
            services.change_profile(
                organization_id=row.pk, revision=facts.pop("revision"), facts=facts, by=user, at=clock.now()
            )
        except DomainError as error:
            names = {services.LeftBeforeIn: "moved_out_on", services.GroupNeeds: "supporter"}
            form.add_error(names.get(type(error)), error.message)
            status = error.status
            newest = str(own_or_street(request, organization_id).revision)
            form.data = {**request.POST.dict(), "revision": newest}
        else:
            messages.success(request, "登记信息已保存。")
            return redirect("organizations:detail", row.pk)
    return render(request, "organizations/edit.html", {"row": row, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, organization_id: int, membership_id: int) -> HttpResponse:
    """A member leaves; somebody takes over, at once or by an invitation."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.staffs(user, row):
        raise NotAllowed
    member = get_object_or_404(row.members.select_related("user"), pk=membership_id)
    others = None
    if not rules.may_manage(user, row):
        rows = row.members.exclude(pk=member.pk).select_related("user").order_by("since", "pk")
        others = [m.user for m in rows if m.user.is_active]
    form = forms.LeavingForm(request.POST if request.method == "POST" else None, members=others)
    if request.method == "POST" and form.is_valid():
        data, at = form.cleaned_data, clock.now()
        try:
            if data["invitee"]:
                made, secret = services.invite(
                    organization_id=row.pk, name=data["invitee"], duty=member.duty, replaces=member.pk, reason=data["reason"],
                    by=user, at=at,
                )  # fmt: skip
                return show_link(request, row, made, secret)
            services.hand_over(
                membership_id=member.pk, successor=data["successor"], reason=data["reason"], by=user, at=at
            )
        except (services.SamePerson, services.LastMember, services.LastHead) as error:
            form.add_error("successor", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{member.user.display_name}已离任，履历已保留。")
            mine = member.user_id == user.pk
            return redirect("portal:home") if mine else redirect("organizations:detail", row.pk)
    return render(request, "organizations/hand_over.html", {"row": row, "member": member, "form": form})
