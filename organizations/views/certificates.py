"""年终等级评定: a leader confirms stars; certificates as page and Word."""

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.numbers import whole
from core.sheets import file_title
from organizations import rules, services
from organizations.documents.certificate import certificate_number, certificate_word
from organizations.forms import hearing as forms
from organizations.models import RatingConfirmation
from organizations.rules import RatingLine

PER_PAGE = 30
FIRST_YEAR, LAST_YEAR = 2000, 2100


def _year(text: str) -> int:
    typed = whole(text)
    return typed if typed is not None and FIRST_YEAR <= typed <= LAST_YEAR else clock.local(clock.now()).year


@require_http_methods(["GET", "HEAD", "POST"])
def rating_confirm(request: HttpRequest) -> HttpResponse:
    """A leader confirms the stars of a year (`?year=`), a page of organizations at once."""
    user = person(request)
    streets = street_ids(user, Role.LEADER)
    if not streets:
        raise NotAllowed
    street, shown = Area.objects.get(pk=streets[0]), _year(request.GET.get("year", ""))
    page = Paginator(rules.residents_of(street.pk, year=shown), PER_PAGE).get_page(request.GET.get("page"))
    lines = rules.lines_for(list(page), shown)
    posted = request.method == "POST"
    rows = [(line, _form(line, request.POST if posted else None)) for line in lines]
    waiting = [(line, form) for line, form in rows if form is not None]
    said, status = "", 200
    if posted and not [form for _, form in waiting if not form.is_valid()]:
        try:
            made = services.confirm_ratings(
                street=street, year=shown, choices=_choices(waiting), by=user, at=clock.now()
            )
        except DomainError as error:
            said, status = error.message, error.status
        else:
            messages.success(request, f"已确认 {len(made)} 个组织的星级。")
            return redirect(f"{reverse('organizations:rating_confirm')}?year={shown}&page={page.number}")
    facts = {
        "street": street, "year": shown, "rows": rows, "page": page, "said": said, "waiting": len(waiting),
    }  # fmt: skip
    return render(request, "organizations/rating_confirm.html", facts, status=status)


def _form(line: RatingLine, data: Any) -> Any:
    """The form of one organization; None where nothing can be confirmed."""
    if line.sheet is None or line.standing is None or line.is_confirmed:
        return None
    initial = {"stars": line.sheet.stars, "shown": line.sheet.number}
    return forms.ConfirmForm(data, prefix=f"o{line.organization.pk}", initial=initial)


def _choices(waiting: list[tuple[RatingLine, Any]]) -> list[services.Choice]:
    return [
        services.Choice(line.organization.pk, form.cleaned_data["shown"], form.cleaned_data["stars"], form.cleaned_data["reason"])
        for line, form in waiting
        if form.cleaned_data["stars"] is not None
    ]  # fmt: skip


@require_safe
def certificates(request: HttpRequest) -> HttpResponse:
    """Certificates that one may see, newest year first."""
    user = person(request)
    if not street_ids(user, *rules.READERS) and not rules.organizations_of(user):
        raise NotAllowed
    found = rules.certificates(user).order_by("-year", "street", "serial")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(one, holds, certificate_number(one)) for one, holds in rules.with_force(list(page))]
    return render(request, "organizations/certificates.html", {"page": page, "rows": rows})


def _one(request: HttpRequest, certificate_id: int) -> RatingConfirmation:
    return get_object_or_404(rules.certificates(person(request)), pk=certificate_id)


@require_safe
def certificate(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """One certificate to look at and print."""
    one = _one(request, certificate_id)
    ((_, holds),) = rules.with_force([one])
    day = clock.spoken(clock.local(one.confirmed_at).date())
    facts = {"one": one, "holds": holds, "number": certificate_number(one), "day": day}
    return render(request, "organizations/certificate.html", facts)


@require_safe
def certificate_file(request: HttpRequest, certificate_id: int) -> HttpResponseBase:
    """One certificate as Word, the same file each time."""
    one = _one(request, certificate_id)
    name = file_title(year=one.year, about=one.name, report="星级证书", day=clock.local(one.confirmed_at).date())
    return attachment(BytesIO(certificate_word(one)), name=f"{name}.docx", content_type=DOCX)
