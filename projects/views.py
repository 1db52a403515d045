"""Pages of the applicant."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from needs.rules import themes_of
from organizations.rules import acts_for, at_home, organizations_of
from projects import forms, rules, services
from projects.domain.budget import Line, sums_of
from projects.domain.meter import meter
from projects.domain.parts import Parts, with_parts
from projects.forms.limits import PleaForm
from projects.forms.parts import PartTables, grown
from projects.models import Proposal
from projects.services.heads import near_limits, pleas_of
from projects.services.papers import attachments_of
from projects.services.sections import is_page, sections_filled
from rounds.rules import closes_for, later_closings, public_rounds


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, round_id: int) -> HttpResponse:
    """Begin a proposal in a round that accepts now."""
    user = person(request)
    round_ = get_object_or_404(public_rounds(), pk=round_id)
    organizations = rules.organizations_for(user, round_)
    if not organizations:
        if not at_home(user, round_.street_id):
            raise Http404
        raise NotAllowed("本期申报主体不包括您所在的单位，或您还不是任何单位的成员。请联系街道创投办登记。")
    theme = next((t for t in themes_of(round_.street) if t.code == request.GET.get("theme")), None)
    initial = {"order": whole(request.GET.get("order", "")), "title": theme.name if theme else ""}
    form = forms.StartForm(
        request.POST if request.method == "POST" else None, organizations=organizations, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            proposal = services.start_proposal(
                round_id=round_.pk, organization=data["organization"], title=data["title"], by=user, at=clock.now(),
                order_ids=[data["order"]] if data["order"] else [], once_key=str(data["once_key"]), sketch=services.sketch_of(theme),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("projects:edit", proposal.pk)
    closes_at = max([round_.apply_closes_at, *later_closings(user, round_).values()])
    return render(
        request,
        "projects/start.html",
        {"form": form, "round": round_, "theme": theme, "now": clock.now(), "closes_at": closes_at},
    )


def own_proposal(request: HttpRequest, proposal_id: int) -> Proposal:
    """A visible proposal that this person may write; others are refused."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user), pk=proposal_id)
    if not acts_for(user, proposal.organization_id):
        raise NotAllowed
    return proposal


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Write the draft. 暂存 keeps what is there, 再加三行 gives more budget lines, 查找 narrows the needs and orders to
    choose from, 暂存并核对 saves and goes on. Neither of the two in the middle saves, complains or loses a word. With
    `auto` a script saves while one types and gets JSON: 200 with the new revision, 409 when somebody else has saved, 422
    when something cannot be read.
    """
    at = clock.now()
    proposal = own_proposal(request, proposal_id)
    if not rules.can_write(person(request), proposal):
        if "auto" in request.POST:
            return JsonResponse({"message": services.NotEditable.message}, status=409)
        return redirect("projects:receipt" if "hand_in" in request.POST else "projects:detail", proposal.pk)
    page = is_page(proposal.round)
    decision = rules.standing_decision(proposal) if proposal.state == Proposal.State.RETURNED else None
    open_fields = decision.fields_open if decision else None
    post = request.POST if request.method == "POST" else None
    initial = forms.initial_of(proposal) | {"find": request.GET.get("find", "")[:30]}
    form = (forms.PageForm if page else forms.DraftForm)(
        post, proposal=proposal, open_fields=open_fields, initial=initial
    )
    budget_open = open_fields is None or "budget" in open_fields
    lines = _line_forms(post if budget_open else None, proposal)
    pleas = PleaForm(
        post if budget_open else None,
        round_=proposal.round,
        lines=services.lines_of(proposal),
        stored=pleas_of(proposal),
    )
    tables = PartTables(post, proposal=proposal, open_fields=open_fields)
    if post is not None and ("more" in post or "look" in post):
        form.quiet()
        tables.quiet()
        pleas.quiet()
        for line in lines:
            line.quiet()
    elif post is not None and all(
        [form.is_valid(), not budget_open or lines.is_valid(), tables.is_valid(), not pleas.is_sent or pleas.is_valid()]
    ):
        found = [x for f in lines if (x := f.line()) is not None] if budget_open else services.lines_of(proposal)
        saved = _save(request, proposal, form, found, tables.parts(), pleas.pleas())
        if saved and page and "hand_in" in post:
            if _hand_in(request, proposal, form, at):
                return redirect("projects:receipt", proposal.pk)
        elif saved and "auto" not in post:
            messages.success(request, "已暂存。")
            return redirect("projects:check" if "check" in post else "projects:edit", proposal.pk)
    if post is not None and "auto" in post:
        return _kept(proposal, form, [tables, *([lines] if budget_open else []), *([pleas] if pleas.is_sent else [])])
    if page and post is not None:
        proposal = Proposal.objects.select_related("round", "organization").get(
            pk=proposal.pk
        )  # it may have been saved
    gaps = services.missing(proposal)
    facts = {
        "proposal": proposal, "form": form, "papers": services.papers_mark(proposal), "meter": meter_of(proposal, gaps), "lines": lines, "tables": tables, "budget_open": budget_open, "decision": decision, "now": at,
        "gaps": gaps_of(gaps), "pleas": pleas, "closes_at": closes_for(proposal.round, proposal.organization_id), "money": services.money_of(proposal),
        "attachments": attachments_of(proposal), "can_attach": rules.can_attach(person(request), proposal),
    }  # fmt: skip
    return render(request, "projects/page.html" if page else "projects/edit.html", facts)


def _hand_in(request: HttpRequest, proposal: Proposal, form: Any, at: datetime) -> bool:
    """Hand in the page that was just saved; where it cannot be, the form says why and goes on from what was saved."""
    stored = Proposal.objects.select_related("round", "organization").get(pk=proposal.pk)
    if gaps := services.missing(stored):
        form.show_gaps(gaps)
    else:
        try:
            services.submit_proposal(
                proposal_id=stored.pk, by=person(request), at=at, revision=form.cleaned_data["revision"] + 1,
                papers=request.POST.get("papers"),
                promised=bool(form.cleaned_data.get("promised")),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return True
    typed = request.POST.copy()
    typed["revision"] = str(stored.revision)
    form.data = typed
    return False


def gaps_of(gaps: list[tuple[str, str]]) -> list[dict[str, str]]:
    """What is still missing, each with the way to its place on the edit page."""
    places = {"answers": "#div_id_needs"} | {
        key: f"#{key}" for key in ("budget", "goals", "activities", "partners", "team", "targets", "attachments")
    }
    return [{"href": places.get(key, f"#id_{key}"), "words": words} for key, words in gaps]


def meter_of(proposal: Proposal, gaps: list[tuple[str, str]]) -> dict[str, Any]:
    """How far it is filled in, section by section."""
    rows = {
        "goals": proposal.goals.count(), "activities": proposal.activities.count(), "partners": proposal.partners.count(),
        "attachments": proposal.attachments.standing().count(),
    }  # fmt: skip
    return meter([key for key, _ in gaps], rows, sections_filled(proposal), is_page=is_page(proposal.round))


def _kept(proposal: Proposal, form: forms.DraftForm, rows: list[Any]) -> JsonResponse:
    """The answer to a save by script, told by the form that has just been through `_save` or refused to be read."""
    stored = Proposal.objects.select_related("round").get(pk=proposal.pk)
    if form.is_valid() and all(r.is_valid() for r in rows):
        gaps = services.missing(stored)
        return JsonResponse(
            {"revision": stored.revision, "at": stored.saved_at.isoformat(), "gaps": gaps_of(gaps), "meter": meter_of(stored, gaps)}
        )  # fmt: skip
    conflict = form.has_error(NON_FIELD_ERRORS, "changed")
    return JsonResponse(
        {"message": services.ChangedMeanwhile.short if conflict else "有内容看不懂，按“暂存”查看要改正的地方"},
        status=409 if conflict else 422,
    )


def _line_forms(post: Any, proposal: Proposal) -> Any:
    most = proposal.round.page_lines if is_page(proposal.round) else 60
    kind = forms.page_lines(most) if is_page(proposal.round) else forms.LineFormSet
    if post is None:
        return kind(initial=forms.initial_lines(proposal), prefix="line")
    if post.get("more") in ("1", "line"):
        post = grown(post, "line", most)
    return kind(post, prefix="line")


def _save(
    request: HttpRequest,
    proposal: Proposal,
    form: forms.DraftForm,
    lines: list[Line],
    parts: Parts,
    pleas: dict[str, str] | None,
) -> bool:
    data = dict(form.cleaned_data)
    data.pop("find")
    data.pop("promised", None)
    needs, orders, revision = data.pop("needs"), data.pop("orders"), data.pop("revision")
    try:
        services.save_draft(
            proposal_id=proposal.pk, facts=data, lines=lines, need_ids=[int(n) for n in needs],
            order_ids=[int(o) for o in orders], revision=revision, by=person(request), at=clock.now(), parts=parts,
            pleas=pleas,
        )  # fmt: skip
    except services.ChangedMeanwhile as error:
        form.add_error(None, ValidationError(error.message, "changed"))
        typed = request.POST.copy()
        typed["revision"] = str(Proposal.objects.values_list("revision", flat=True).get(pk=proposal.pk))
        form.data = typed
    except DomainError as error:
        form.add_error("minimum" if isinstance(error, services.MinimumTooHigh) else None, error.message)
    else:
        return True
    return False


@never_cache
@require_safe
def check(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Look everything through before handing in."""
    proposal = own_proposal(request, proposal_id)
    if not rules.can_write(person(request), proposal):
        return redirect("projects:detail", proposal.pk)
    return _check_page(request, proposal)


def _check_page(request: HttpRequest, proposal: Proposal, refusal: str = "") -> HttpResponse:
    """Everything to look through; `refusal` is what is wrong with the commitment's box."""
    decision = rules.standing_decision(proposal) if proposal.state == Proposal.State.RETURNED else None
    facts = {
        "proposal": proposal, "gaps": services.missing(proposal), "now": clock.now(), "decision": decision, "refusal": refusal,
        "near": near_limits(proposal.round, services.lines_of(proposal)), "papers": services.papers_mark(proposal),
        "closes_at": closes_for(proposal.round, proposal.organization_id),
        **sheet_of(services.content_of(proposal)),
    }  # fmt: skip
    return render(request, "projects/check.html", facts, status=400 if refusal else 200)


def sheet_of(content: dict[str, Any]) -> dict[str, Any]:
    """What the shared part `_sheet.html` shows: the content of a version, or of a draft as it would be handed in."""
    return {"content": with_parts(content), "money": sums_of(content["lines"])}


@require_POST
def submit(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Hand in; the clock is the database's at the start of this request."""
    at = clock.now()
    proposal = own_proposal(request, proposal_id)
    seen, papers = whole(request.POST.get("revision", "")), request.POST.get("papers")
    try:
        services.submit_proposal(
            proposal_id=proposal.pk, by=person(request), at=at, revision=seen, papers=papers, promised="promised" in request.POST
        )  # fmt: skip
    except services.PromiseMissing as error:
        return _check_page(request, proposal, error.message)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("projects:check", proposal.pk)
    return redirect("projects:receipt", proposal.pk)


@require_safe
def receipt(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Proof of submission: number, second, digest."""
    proposal = own_proposal(request, proposal_id)
    version = proposal.versions.select_related("submitted_by").order_by("-number").first()
    if version is None:
        return redirect("projects:edit", proposal.pk)
    return render(
        request,
        "projects/receipt.html",
        {"proposal": proposal, "version": version, "grace": rules.grace_used(proposal)},
    )


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """All proposals of one's organizations."""
    user = person(request)
    organizations = organizations_of(user)
    if not organizations:
        raise NotAllowed("您还不是任何申报单位的成员。请联系街道创投办登记。")
    found = rules.visible_proposals(user).filter(organization__in=[o.pk for o in organizations]).order_by("-id")
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    return render(request, "projects/mine.html", {"page": page, "organizations": organizations, "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Take a handed-in proposal back."""
    proposal = own_proposal(request, proposal_id)
    form = forms.WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_proposal(
                proposal_id=proposal.pk, reason=form.cleaned_data["reason"], by=person(request), at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "申报书已撤回。")
            return redirect("projects:detail", proposal.pk)
    return render(request, "projects/withdraw.html", {"proposal": proposal, "form": form})
