"""Inviting people to an organization, and what the invited see."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations import rules, services
from organizations.forms.application import AccountForm
from organizations.forms.profile import InviteForm
from organizations.models import Invitation, Organization
from organizations.views.registry import detail_page, own_or_street


def show_link(request: HttpRequest, row: Organization, made: Invitation, secret: str) -> HttpResponse:
    """The link, this one time."""
    link = request.build_absolute_uri(reverse("organizations:join", args=[secret]))
    answer = render(request, "organizations/invited.html", {"row": row, "made": made, "link": link})
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def member_invite(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The manager, or the office, invites somebody."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.staffs(user, row):
        raise NotAllowed
    form, status = InviteForm(request.POST, prefix="invite"), 400
    if form.is_valid():
        try:
            made, secret = services.invite(organization_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error("name" if isinstance(error, services.NameMissing) else None, error.message)
            status = error.status
        else:
            return show_link(request, row, made, secret)
    return detail_page(request, row, status=status, invite=form)


@require_POST
def invitation_withdraw(request: HttpRequest, organization_id: int, invitation_id: int) -> HttpResponse:
    """An invitation is taken back."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.staffs(user, row):
        raise NotAllowed
    found = get_object_or_404(row.invitations, pk=invitation_id)
    services.withdraw_invitation(invitation_id=found.pk, by=user, at=clock.now())
    messages.success(request, "邀请已撤回，链接不能再用。")
    return redirect("organizations:detail", row.pk)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, link_code: str) -> HttpResponse:
    """Whoever holds the link joins: with the account she is signed in with, or with a new one."""
    found = rules.invitation_by_code(link_code)
    if found is None:
        raise Http404
    at = clock.now()
    user = request.user if isinstance(request.user, User) else None
    works, said, status = rules.is_open(found, at), "", 200
    form = AccountForm(request.POST if request.method == "POST" and user is None else None)
    if request.method == "POST":
        try:
            if user is not None:
                services.accept_invitation(link_code=link_code, user=user, at=at)
                messages.success(request, f"您已加入“{found.organization.name}”。")
                return redirect("organizations:detail", found.organization_id)
            if form.is_valid():
                services.join_by_invitation(
                    link_code=link_code, username=form.cleaned_data["username"], password=form.cleaned_data["password"], at=at
                )  # fmt: skip
                messages.success(request, "账号已设置，请登录。")
                return redirect("accounts:sign_in")
        except services.UsernameTaken as error:
            form.add_error("username", error.message)
        except DomainError as error:
            said, status = error.message, error.status
            works = works and not isinstance(error, services.InvitationGone)
    facts = {"found": found, "works": works, "form": form if user is None else None, "said": said, "here": request.path}
    return render(request, "organizations/join.html", facts, status=status)
