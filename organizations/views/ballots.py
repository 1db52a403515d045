"""述职评议: the worker's ballot, residents' codes, the paper ballot, counts typed in by two persons."""

from io import BytesIO
from typing import Any

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area
from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.sheets import file_title
from organizations import rules, services
from organizations.documents.ballot import ballot_word
from organizations.domain.hearing import COUNTED, OPTIONS
from organizations.forms import hearing as forms
from organizations.models import Hearing
from organizations.views.hearing import hearing_page, seen

FIELDS: dict[type[DomainError], str] = {services.PapersBad: "papers", services.TooManyCodes: "count"}


def _place(hearing: Hearing, community_id: int) -> Area:
    return get_object_or_404(Area.objects.communities().under(hearing.street), pk=community_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hearing_ballot(request: HttpRequest, hearing_id: int) -> HttpResponse:
    """A community worker's ballot."""
    user, row = person(request), seen(request, hearing_id)
    if not rules.has_ballot(user, row):
        raise NotAllowed
    dues = rules.ballot_of(user, row)
    form = forms.BallotForm(request.POST if request.method == "POST" else None, dues=dues)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.vote(hearing_id=row.pk, marks=form.marks(), by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "您的票已投，不记名，不能更改。谢谢。")
            return redirect("organizations:hearing", row.pk)
    facts = {
        "hearing": row, "form": form, "has_voted": rules.has_voted(user, row), "is_open": rules.takes_ballots(row, clock.now()),
        "is_public": False,
    }  # fmt: skip
    return render(request, "organizations/hearing_ballot.html", facts, status=status)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ballot_entry(request: HttpRequest) -> HttpResponse:
    """A resident types the code that is printed on her slip."""
    form = forms.CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        found = rules.hearing_code(form.cleaned_data["code"])
        if found is not None:
            return redirect("organizations:ballot", found.code)
        form.add_error("code", "没有这个评议码，请对照单子再输一次。")
    return render(request, "organizations/ballot_entry.html", {"form": form})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ballot(request: HttpRequest, ballot_code: str) -> HttpResponse:
    """A resident's ballot by a printed code, once."""
    found = rules.hearing_code(ballot_code)
    if found is None:
        raise Http404
    row, at = found.hearing, clock.now()
    dues = list(rules.dues_of(row, [found.community_id]))
    form = forms.BallotForm(request.POST if request.method == "POST" else None, dues=dues)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.vote_by_code(code_id=found.pk, marks=form.marks(), at=at)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "您的票已投，不记名，不能更改。谢谢。")
            return redirect("organizations:ballot", ballot_code)
    facts = {
        "hearing": row, "form": form, "has_voted": found.is_used, "is_open": rules.takes_ballots(row, at), "is_public": True,
        "community": found.community,
    }  # fmt: skip
    answer = render(request, "organizations/ballot.html", facts, status=status)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _qr(text: str) -> SafeString:
    svg = segno.make(text, error="m").svg_inline(scale=6, border=2, omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(svg)  # noqa: S308 - drawn by the library from our own address


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hearing_codes(request: HttpRequest, hearing_id: int, community_id: int) -> HttpResponse:
    """Codes of a community to print; used ones are left out."""
    user, row = person(request), seen(request, hearing_id)
    place = _place(row, community_id)
    if not rules.can_run(user, row):
        raise NotAllowed
    form = forms.CodesForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.print_hearing_codes(
                hearing_id=row.pk, community=place, count=form.cleaned_data["count"], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error(FIELDS.get(type(error)), error.message)
            status = error.status
        else:
            return redirect("organizations:hearing_codes", row.pk, place.pk)
    rows = []
    for one in row.codes.filter(community=place, is_used=False).order_by("digest"):
        link = request.build_absolute_uri(reverse("organizations:ballot", args=[one.code]))
        rows.append({"code": one.code, "qr": _qr(link)})
    entry = request.build_absolute_uri(reverse("organizations:ballot_entry"))
    facts = {"hearing": row, "community": place, "rows": rows, "form": form, "entry": entry}
    return render(request, "organizations/hearing_codes.html", facts, status=status)


@require_safe
def hearing_paper(request: HttpRequest, hearing_id: int, community_id: int) -> HttpResponseBase:
    """The paper ballot of a community, as Word."""
    row = seen(request, hearing_id)
    place = _place(row, community_id)
    if not rules.can_count(person(request), row):
        raise NotAllowed
    names = [due.organization.name for due in rules.dues_of(row, [place.pk])]
    title = file_title(year=row.year, about=place.name, report="述职测评票", day=row.held_on)
    return attachment(BytesIO(ballot_word(row, place, names)), name=f"{title}.docx", content_type=DOCX)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hearing_count(request: HttpRequest, hearing_id: int, community_id: int) -> HttpResponse:
    """What was counted on paper, typed in by one person without seeing what the other typed."""
    user, row = person(request), seen(request, hearing_id)
    place = _place(row, community_id)
    dues = list(rules.dues_of(row, [place.pk]))
    if not rules.can_count(user, row) or any(rules.acts_for(user, due.organization_id) for due in dues):
        raise NotAllowed
    persons = rules.newest_counts(row).get(place.pk, {})
    mine = persons.get(user.pk)
    initial: dict[str, Any] = {}
    if mine is not None:
        initial = {"papers": mine.papers}
        initial |= {f"votes_{due}_{o}": votes[o] for due, votes in mine.marks.items() for o in COUNTED}
    form = forms.CountForm(request.POST if request.method == "POST" else None, dues=dues, initial=initial)
    if request.method == "POST" and row.state != Hearing.State.OPEN:
        messages.error(request, services.HearingMoved(state=row.get_state_display(), act="录入现场票").message)
        return hearing_page(request, row, 409)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.enter_count(
                hearing_id=row.pk, community=place, papers=form.cleaned_data["papers"], votes=form.votes(), by=user, at=clock.now()
            )  # fmt: skip
        except DomainError as error:
            form.add_error(FIELDS.get(type(error)), error.message)
            status = error.status
        else:
            after = rules.newest_counts(row)[place.pk].values()
            if rules.agree(after):
                messages.success(request, "两人录入一致，这些票计入结果。")
            elif len(after) > 1:
                messages.warning(request, "与另一人录入的不一致，这些票还没有计入。请各自对照原票再看。")
            else:
                messages.success(request, "已录入，还需另一人独立录入一遍。")
            return redirect("organizations:hearing_count", row.pk, place.pk)
    typed = list(persons.values())
    facts = {
        "hearing": row, "community": place, "form": form, "options": [OPTIONS[o] for o in COUNTED], "mine": mine,
        "lines": [(due.organization.name, [form[f"votes_{due.pk}_{o}"] for o in COUNTED]) for due in dues],
        "typed": [c.entered_by.display_name for c in typed], "agrees": rules.agree(typed), "is_open": row.state == Hearing.State.OPEN,
    }  # fmt: skip
    return render(request, "organizations/hearing_count.html", facts, status=status)
