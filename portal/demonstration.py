"""The system administrator's page of demonstrations: which streets are made up, and taking one away."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Role, User
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.forms import PortalForm
from core.numbers import whole
from jobs.services import start_job
from portal.demo.loading import KIND, AlreadyLoaded
from portal.demo.removing import demonstrations, remove_demonstration


class RemoveForm(PortalForm):
    """The street's name, typed."""

    typed = forms.CharField(label="照写街道名", max_length=80)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def demonstration(request: HttpRequest) -> HttpResponse:
    """Demonstration streets, each with a form to remove it; a wrong name removes nothing."""
    user = person(request)
    if not holds(user, Role.SYSTEM_ADMIN):
        raise NotAllowed
    streets = demonstrations()
    chosen = whole(request.POST.get("street", ""))
    form = RemoveForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            rows = remove_demonstration(
                street_id=chosen or 0, typed=form.cleaned_data["typed"], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error("typed", error.message)
        else:
            if not User.objects.filter(pk=user.pk).exists():
                logout(request)
                return redirect("portal:front")
            messages.success(request, f"已删除演示街道，连同其中的 {rows:,} 条记录和文件。")
            return redirect("portal:demonstration")
    forms_ = [(street, form if form is not None and street.pk == chosen else RemoveForm()) for street in streets]
    facts = {"rows": forms_, "has_errors": form is not None}
    return render(request, "portal/demonstration.html", facts, status=200 if form is None else 400)


@require_POST
def load(request: HttpRequest) -> HttpResponse:
    """Start loading the demonstration; the next page shows how far it is and hands out the accounts."""
    user, at = person(request), clock.now()
    if not holds(user, Role.SYSTEM_ADMIN):
        raise NotAllowed
    if demonstrations():
        messages.info(request, AlreadyLoaded.message)
        return redirect("portal:demonstration")
    job = start_job(owner=user, kind=KIND, title=f"演示账号-{clock.local(at):%Y%m%d}", params={}, at=at)
    return redirect("jobs:detail", job.pk)
