"""Self-registration: the public form, its answer, and the office's decision."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.finding import narrowed
from core.numbers import whole
from organizations import rules, services
from organizations.forms import application as forms
from organizations.models import Application

FIELDS = {
    services.CodeKnown: "uscc",
    services.BadUscc: "uscc",
    services.UsccMissing: "uscc",
    services.NameKnown: "name",
}


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """An organization asks to be registered; `?street=` chooses the street."""
    initial = {"street": place} if (place := whole(request.GET.get("street", ""))) is not None else {}
    form = forms.ApplicationForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        data.pop("consented")
        if data.pop("website"):
            return redirect("portal:front")
        try:
            row = services.apply(at=clock.now(), **data)
        except DomainError as error:
            form.add_error(FIELDS.get(type(error)), error.message)
            status = error.status
        else:
            return redirect("organizations:applied", row.code)
    return render(request, "organizations/apply.html", {"form": form}, status=status)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def applied(request: HttpRequest, application_code: str) -> HttpResponse:
    """What became of an application; once it is approved, its applicant makes an account here."""
    row = rules.application_by_code(application_code)
    if row is None:
        raise Http404
    opens = row.state == Application.State.APPROVED and row.account_id is None
    form = forms.AccountForm(request.POST if request.method == "POST" and opens else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.make_account(
                application_id=row.pk, username=data["username"], password=data["password"], at=clock.now()
            )
        except services.UsernameTaken as error:
            form.add_error("username", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "账号已设置，请登录。")
            return redirect("accounts:sign_in")
    return render(request, "organizations/applied.html", {"row": row, "form": form if opens else None})


@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """Applications to the office, those that wait first."""
    user = person(request)
    if not street_ids(user, Role.OFFICE):
        raise NotAllowed
    # of the three words "waiting" is the last by the alphabet
    found = rules.visible_applications(user).order_by("-state", "-applied_at", "-pk")
    found = narrowed(found, request.GET.get("q", ""), texts=("name", "legal_name"), codes=("uscc", "code"))
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    return render(request, "organizations/applications.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """One application: the office approves it, or refuses it with a reason."""
    user = person(request)
    row = get_object_or_404(
        rules.visible_applications(user).select_related("street", "community", "decided_by", "organization", "account"),
        pk=application_id,
    )
    refuses = request.method == "POST" and request.POST.get("decision") == "refuse"
    form = forms.RefusalForm(request.POST if refuses else None)
    said, status = "", 200
    try:
        if refuses and form.is_valid():
            services.refuse_application(
                application_id=row.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now()
            )
            messages.success(request, "已记录不予登记，申请人可以看到原因。")
            return redirect("organizations:applications")
        if request.method == "POST" and request.POST.get("decision") == "approve":
            done = services.approve_application(application_id=row.pk, by=user, at=clock.now())
            messages.success(request, f"“{done.name}”已登记。申请人凭查询码设置账号后即可申报。")
            return redirect("organizations:detail", done.organization_id)
    except DomainError as error:
        said, status = error.message, error.status
    return render(request, "organizations/application.html", {"row": row, "form": form, "said": said}, status=status)
