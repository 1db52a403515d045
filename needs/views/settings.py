"""Deadlines of a street; who is responsible for which grid."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import Area, Role
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from needs import rules, services
from needs.forms.settings import DutyForm, TermsForm
from needs.models import Duty


@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """The office sets its street's deadlines."""
    user = person(request)
    streets = list(Area.objects.filter(pk__in=rules.settable_streets(user)).in_chinese_order())
    if not streets:
        raise NotAllowed
    wanted = request.GET.get("street", "")
    street = next((s for s in streets if str(s.pk) == wanted), streets[0])
    form = TermsForm(request.POST if request.method == "POST" else None, terms=services.terms_of(street.pk))
    if request.method == "POST" and form.is_valid():
        services.set_terms(street=street, terms=form.terms(), by=user, at=clock.now())
        messages.success(request, "期限已保存，新进入各步骤的需求按新期限计算。")
        return redirect(f"{request.path}?street={street.pk}")
    return render(request, "needs/terms.html", {"form": form, "street": street, "streets": streets})


@require_http_methods(["GET", "HEAD", "POST"])
def duties(request: HttpRequest) -> HttpResponse:
    """包片: each community and grid with its two people; one is saved at a time."""
    user = person(request)
    if not holds(user, Role.COMMUNITY, Role.OFFICE):
        raise NotAllowed
    areas = list(rules.duty_areas(user))
    wanted = request.GET.get("community", "")
    communities = [a for a in areas if a.kind == Area.Kind.COMMUNITY]
    one = next((c for c in communities if str(c.pk) == wanted), communities[0] if communities else None)
    if one is None:
        raise NotAllowed
    shown = [a for a in areas if one.pk in (a.pk, a.parent_id)]
    known = {d.area_id: d for d in Duty.objects.filter(area__in=shown)}
    people = rules.workers_of(one)
    status, posted, forms = 200, request.POST.get("area", "") if request.method == "POST" else "", []
    if request.method == "POST" and not any(str(a.pk) == posted for a in shown):
        raise Http404
    for area in shown:
        duty = known.get(area.pk)
        initial = {"worker": duty.worker_id, "deputy": duty.deputy_id} if duty else {}
        mine = str(area.pk) == posted
        form = DutyForm(request.POST if mine else None, area=area, people=people, initial=initial)
        if mine and form.is_valid():
            try:
                services.set_duty(area=area, by=user, at=clock.now(), **form.cleaned_data)
            except DomainError as error:
                form.add_error(None, error.message)
                status = error.status
            else:
                messages.success(request, f"{area.name}的包片责任已保存，新收到的需求按此分派。")
                return redirect(f"{request.path}?community={one.pk}")
        forms.append(form)
    facts = {"forms": forms, "community": one, "communities": communities}
    return render(request, "needs/duties.html", facts, status=status)
