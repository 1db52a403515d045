"""述职评议: the list, planning, one hearing, one organization's hearing."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from organizations import rules, services
from organizations.domain.hearing import GROUPS, OPTIONS
from organizations.forms import hearing as forms
from organizations.models import Hearing, HearingDue, HearingResult

PER_PAGE = 30
FIELDS: dict[type[DomainError], str] = {
    services.HearingTitleKnown: "title",
    services.HearingDaysBad: "votes_until",
    services.HearingYearBad: "year",
    services.NoSuchOrganization: "name",
    services.DueAlready: "name",
    services.ReportMissing: "words",
    services.ResultReasonMissing: "reason",
}


def put_error(form: Any, error: DomainError) -> None:
    """A refusal at the field it speaks of, or above the form."""
    field = FIELDS.get(type(error))
    form.add_error(field if field in form.fields else None, error.message)


def seen(request: HttpRequest, hearing_id: int) -> Hearing:
    """The hearing, for whoever may know of it; 404 for others."""
    found = rules.visible_hearings(person(request)).select_related("street", "planned_by", "closed_by")
    return get_object_or_404(found, pk=hearing_id)


@require_safe
def hearings(request: HttpRequest) -> HttpResponse:
    """Hearings that one may know of, newest first."""
    user = person(request)
    found = rules.visible_hearings(user).select_related("street").order_by("-year", "-held_on", "-pk")
    if not street_ids(user, *rules.READERS, Role.HOST, Role.COMMUNITY) and not rules.organizations_of(user):
        raise NotAllowed
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "can_plan": bool(street_ids(user, Role.OFFICE))}
    return render(request, "organizations/hearings.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def hearing_new(request: HttpRequest) -> HttpResponse:
    """The office plans a hearing."""
    user = person(request)
    streets = street_ids(user, Role.OFFICE)
    if not streets:
        raise NotAllowed
    street, at = Area.objects.get(pk=streets[0]), clock.now()
    year = clock.local(at).year
    initial = {"year": year, "title": f"{year}年社会组织述职评议"}
    initial |= forms.HearingForm.initial_of(rules.last_hearing_rule(street.pk))
    form = forms.HearingForm(request.POST if request.method == "POST" else None, plans=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.plan_hearing(street=street, rule=form.rule(), by=user, at=at, **form.facts())
        except DomainError as error:
            put_error(form, error)
        else:
            messages.success(request, "述职评议已安排，可以增减述职组织、打印评议码。")
            return redirect("organizations:hearing", row.pk)
    return render(request, "organizations/hearing_edit.html", {"form": form, "hearing": None})


@require_http_methods(["GET", "HEAD", "POST"])
def hearing_edit(request: HttpRequest, hearing_id: int) -> HttpResponse:
    """Days and rule, until ballots are open."""
    user, row = person(request), seen(request, hearing_id)
    if not rules.can_run(user, row):
        raise NotAllowed
    initial = {
        "title": row.title,
        "held_on": row.held_on,
        "venue": row.venue,
        "votes_until": clock.local(row.votes_until),
        **forms.HearingForm.initial_of(rules.hearing_rule_from(row.rule)),
    }
    form = forms.HearingForm(request.POST if request.method == "POST" else None, plans=False, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_hearing(hearing_id=row.pk, rule=form.rule(), by=user, at=clock.now(), **form.facts())
        except DomainError as error:
            put_error(form, error)
        else:
            messages.success(request, "述职评议已修改。")
            return redirect("organizations:hearing", row.pk)
    return render(request, "organizations/hearing_edit.html", {"form": form, "hearing": row})


@require_safe
def hearing(request: HttpRequest, hearing_id: int) -> HttpResponse:
    """One hearing: what is to do, who is due, results."""
    return hearing_page(request, seen(request, hearing_id))


def hearing_page(request: HttpRequest, row: Hearing, status: int = 200, due_form: Any = None) -> HttpResponse:
    """The page, with a form that was refused."""
    user, at = person(request), clock.now()
    found = row.dues.select_related("organization__community").order_by("organization__pinyin", "pk")
    if not rules.sees_all_dues(user, row):
        found = found.filter(organization__in=[o.pk for o in rules.organizations_of(user)])
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    results = rules.newest_results([due.pk for due in page]) if row.state == Hearing.State.CLOSED else {}
    runs, counts = rules.can_run(user, row), rules.can_count(user, row)
    facts = {
        "hearing": row, "page": page, "lines": [(due, results.get(due.pk)) for due in page], "runs": runs, "counts": counts,
        "rule": rules.hearing_rule_from(row.rule), "places": _places(row) if counts else [], "is_open": rules.takes_ballots(row, at),
        "has_ballot": rules.has_ballot(user, row), "has_voted": rules.has_voted(user, row), "voters": row.voters.count() if counts else None,
        "due_form": due_form or (forms.DueForm() if runs and row.state == Hearing.State.PLANNED else None), "own": _own(user, row),
    }  # fmt: skip
    return render(request, "organizations/hearing.html", facts, status=status)


def _own(user: User, row: Hearing) -> list[HearingDue]:
    mine = [o.pk for o in rules.organizations_of(user)]
    return list(row.dues.filter(organization__in=mine).select_related("organization")) if mine else []


def _places(row: Hearing) -> list[dict[str, Any]]:
    """Communities with their codes and counts, in Chinese order; three statements."""
    codes: dict[int, list[bool]] = {}
    for community, used in row.codes.values_list("community", "is_used"):
        codes.setdefault(community, []).append(used)
    counts = rules.newest_counts(row)
    found = []
    for place in Area.objects.communities().under(row.street).in_chinese_order():
        known, typed = codes.get(place.pk, []), list(counts.get(place.pk, {}).values())
        found.append({
            "community": place, "codes": len(known), "used": sum(known), "typed": [c.entered_by.display_name for c in typed],
            "agrees": rules.agree(typed), "papers": typed[0].papers if rules.agree(typed) else None,
        })  # fmt: skip
    return found


@require_POST
def hearing_due(request: HttpRequest, hearing_id: int) -> HttpResponse:
    """Add an organization by name, or take one off (`due`)."""
    user, row = person(request), seen(request, hearing_id)
    if not rules.can_run(user, row):
        raise NotAllowed
    off = whole(request.POST.get("due", ""))
    form = forms.DueForm(request.POST if off is None else None)
    try:
        if off is not None:
            services.remove_due(due_id=get_object_or_404(row.dues, pk=off).pk, by=user, at=clock.now())
            messages.success(request, "已移出述职名单。")
        elif form.is_valid():
            due = services.add_due(hearing_id=row.pk, name=form.cleaned_data["name"], by=user, at=clock.now())
            messages.success(request, f"“{due.organization.name}”已列入述职名单。")
        else:
            return hearing_page(request, row, 400, form)
    except DomainError as error:
        if off is not None:
            messages.error(request, error.message)
            return redirect("organizations:hearing", row.pk)
        put_error(form, error)
        return hearing_page(request, row, error.status, form)
    return redirect("organizations:hearing", row.pk)


@require_POST
def hearing_move(request: HttpRequest, hearing_id: int) -> HttpResponse:
    """Open or close the ballots (`act`)."""
    user, row = person(request), seen(request, hearing_id)
    if not rules.can_run(user, row):
        raise NotAllowed
    act, at = request.POST.get("act"), clock.now()
    try:
        if act == "open":
            services.open_hearing(hearing_id=row.pk, by=user, at=at)
            messages.success(request, "已开始评议，社区工作者和述职组织会收到通知。")
        elif act == "close":
            services.close_hearing(hearing_id=row.pk, by=user, at=at)
            messages.success(request, "评议已结束，等次已登记到各组织的“述职和星级”。")
        else:
            return hearing_page(request, row, 400)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("organizations:hearing", row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def hearing_line(request: HttpRequest, hearing_id: int, due_id: int) -> HttpResponse:
    """One organization's hearing: its report, its result; it writes, the office corrects."""
    user, row = person(request), seen(request, hearing_id)
    due = get_object_or_404(row.dues.select_related("organization__street", "report_by"), pk=due_id)
    own = rules.acts_for(user, due.organization_id)
    if not own and not rules.sees_all_dues(user, row):
        raise Http404
    writes = own and row.state == Hearing.State.PLANNED
    corrects = rules.can_enter(user, due.organization) and row.state == Hearing.State.CLOSED
    data = request.POST if request.method == "POST" else None
    if request.method == "POST" and not (own or rules.can_enter(user, due.organization)):
        raise NotAllowed
    versions = list(due.results.select_related("made_by").order_by("-number"))
    form: Any = None
    if own and (writes or data is not None):
        form = forms.ReportForm(data, initial={"words": due.report})
    elif versions and (corrects or data is not None):
        newest = versions[0]
        initial = {"shown": newest.number, **forms.TallyForm.initial_of(newest.tally)}
        form = forms.TallyForm(data, initial=initial)
    elif data is not None:
        return _line_page(request, row, due, versions, None, 409)
    if data is not None and form.is_valid():
        try:
            _write(form, due, user)
        except DomainError as error:
            put_error(form, error)
            return _line_page(request, row, due, versions, form, error.status)
        messages.success(request, "述职报告已提交。" if own else "结果已更正，该组织会收到通知。")
        return redirect("organizations:hearing_line", row.pk, due.pk)
    return _line_page(request, row, due, versions, form)


def _write(form: Any, due: HearingDue, user: User) -> None:
    at, given = clock.now(), form.cleaned_data
    if isinstance(form, forms.ReportForm):
        services.write_report(due_id=due.pk, words=given["words"], by=user, at=at)
    else:
        services.correct_result(
            due_id=due.pk, tally=form.tally(), shown=given["shown"], reason=given["reason"], by=user, at=at
        )


def _line_page(
    request: HttpRequest, row: Hearing, due: HearingDue, versions: list[HearingResult], form: Any, status: int = 200
) -> HttpResponse:  # fmt: skip
    facts = {
        "hearing": row, "due": due, "form": form, "reports": isinstance(form, forms.ReportForm), "options": list(OPTIONS.values()),
        "versions": [(v, [(name, [v.tally[g][o] for o in OPTIONS]) for g, name in GROUPS.items()]) for v in versions],
    }  # fmt: skip
    return render(request, "organizations/hearing_line.html", facts, status=status)
