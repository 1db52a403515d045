"""Pages of the money: plans, their awards, approval, the public notice."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.exact import pretty
from core.rmb import rmb_upper
from funding import compare, forms, rules, services
from funding.models import AllocationPlan, Award
from jobs.services import start_job
from judging.rules import own_entries
from rounds.models import Round
from workdays.domain import end_of_notice, is_decreed, workdays_left
from workdays.models import DayOverride


@require_safe
def plan_list(request: HttpRequest) -> HttpResponse:
    """Plans of one's street, newest first."""
    if not street_ids(request.user, *rules.READERS):
        raise NotAllowed
    plans = rules.visible_plans(request.user).annotate(
        funded=Count("awards", filter=Q(awards__amount__gt=0)), spent=Sum("awards__amount")
    )
    page = Paginator(plans.order_by("-id"), 30).get_page(request.GET.get("page"))
    ready = Round.objects.filter(
        street__in=street_ids(request.user, *rules.READERS), pk__in=rules.rounds_with_results()
    ).order_by("-id")
    drafting = [r for r in ready.select_related("street") if rules.can_draft(request.user, r)]
    return render(
        request,
        "funding/plan_list.html",
        {
            "page": page,
            "drafting": drafting,
            "sees_objections": bool(street_ids(request.user, Role.OFFICE, Role.LEADER, Role.SUPERVISOR)),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def plan_new(request: HttpRequest, round_id: int) -> HttpResponse:
    """Choose the method; the engine computes, the draft opens."""
    user = person(request)
    readable = Round.objects.filter(street__in=street_ids(user, *rules.READERS)).select_related("street")
    round_ = get_object_or_404(readable, pk=round_id)
    if not rules.can_draft(user, round_):
        raise NotAllowed
    results = rules.results_of(round_)
    standing = AllocationPlan.objects.approved().filter(round=round_).first()
    post = request.method == "POST"
    form = forms.PlanForm(request.POST if post else None, round_=round_, results=results, is_correction=bool(standing))
    tiers = (
        forms.TierFormSet(request.POST, prefix="tier")
        if post
        else forms.TierFormSet(initial=forms.EXAMPLE_TIERS, prefix="tier")
    )
    if post and form.is_valid() and (form.cleaned_data["method"] != "tiers" or tiers.is_valid()):
        rows = [t.cleaned_data for t in tiers if t.is_valid() and t.cleaned_data.get("label")]
        if form.cleaned_data["method"] == "tiers" and not rows:
            form.add_error("method", "请至少填写一个等次。")
        else:
            try:
                plan = services.draft_plan(
                    result_id=form.cleaned_data["result"].pk, by=user, pool=form.cleaned_data["pool"],
                    method=form.method_of(rows), limits=form.limits(), unit=Decimal(form.cleaned_data["unit"] or services.UNIT), at=clock.now(),
                    correction_reason=form.cleaned_data.get("correction_reason", ""),
                )  # fmt: skip
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "方案已按公式算出，请逐项核对。")
                return redirect("funding:plan", plan.pk)
    facts = {"round": round_, "form": form, "tiers": tiers, "ready": results.exists(), "standing": standing}
    return render(request, "funding/plan_new.html", facts)


def _money(plan: AllocationPlan) -> dict[str, Any]:
    """Totals of a plan against its pool."""
    sums = plan.awards.aggregate(
        spent=Sum("amount"), asked=Sum("requested"), funded=Count("pk", filter=Q(amount__gt=0))
    )
    spent = sums["spent"] or Decimal(0)
    return {
        "spent": spent,
        "asked": sums["asked"] or Decimal(0),
        "funded": sums["funded"],
        "left": plan.pool - spent,
        "spent_upper": rmb_upper(spent),
        "percent": int(100 * spent / plan.pool) if plan.pool else 0,
    }


def notice_year_undecreed(today: date, days: int) -> int | None:
    """The year whose holidays the State Council has not yet decreed, if a notice begun today would reach into it."""
    end = end_of_notice(today, days, dict(DayOverride.objects.values_list("day", "is_workday")))
    return next((year for year in sorted({today.year, end.year}) if not is_decreed(year)), None)


@require_safe
def plan_detail(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Every project with its sentence of reason; what may be done next by this person."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    return _plan_page(request, plan)


def _plan_page(request: HttpRequest, plan: AllocationPlan, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    awards = plan.awards.select_related(
        "proposal__organization", "proposal__theme", "proposal__community", "adjusted_by"
    ).order_by("place")
    held = rules.held_up(plan.round_id) if plan.state == AllocationPlan.State.APPROVED else {}
    drafts, decides = rules.can_draft(user, plan.round), rules.can_decide(user, plan)
    now = clock.now()
    facts = {
        "plan": plan,
        "awards": awards,
        "notices": plan.notices.order_by("version"),
        "can_adjust": drafts and plan.state == AllocationPlan.State.DRAFT,
        "can_submit": drafts and plan.state == AllocationPlan.State.DRAFT,
        "can_decide": decides and plan.state == AllocationPlan.State.SUBMITTED,
        "can_publish": drafts and plan.state == AllocationPlan.State.APPROVED,
        "approve_form": forms.ApproveForm(),
        "return_form": forms.ReturnForm(prefix="back"),
        "notice_form": forms.NoticeForm(initial={"starts_on": clock.local(now).date()}),
        "now": now,
        "held": [(a.proposal.title, held[a.proposal_id]) for a in awards if a.proposal_id in held],
        "changed": compare.changes(plan),
        "later": plan.corrections.filter(state__in=["approved", "superseded"]).first(),
        "undecreed": notice_year_undecreed(clock.local(now).date(), plan.round.notice_days),
        "algorithm": plan.answer.get("steps", []),
        **_money(plan),
        **bound,
    }
    return render(request, "funding/plan.html", facts, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def award_adjust(request: HttpRequest, award_id: int) -> HttpResponse:
    """Adjust one award with a reason."""
    user = person(request)
    visible = Award.objects.filter(plan__in=rules.visible_plans(user)).select_related(
        "plan__round__street", "proposal__organization"
    )
    award = get_object_or_404(visible, pk=award_id)
    if not rules.can_draft(user, award.plan.round):
        raise NotAllowed
    initial = {"amount": f"{award.amount:.2f}", "reason": award.adjust_reason}
    form = forms.AdjustForm(request.POST if request.method == "POST" else None, initial=initial, award=award)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.adjust_award(
                award_id=award.pk, amount=data["amount"], reason=data["reason"], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"“{award.proposal.title}”已调整。")
            return redirect("funding:plan", award.plan_id)
    return render(
        request, "funding/award.html", {"award": award, "plan": award.plan, "form": form, **_money(award.plan)}
    )


@require_POST
def plan_submit(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Hand the draft to the leaders."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    if not rules.can_draft(user, plan.round):
        raise NotAllowed
    services.submit_plan(plan_id=plan.pk, by=user, at=clock.now())
    messages.success(request, "方案已提请领导审批，审批前不能再修改。")
    return redirect("funding:plan", plan.pk)


@require_POST
def plan_approve(request: HttpRequest, plan_id: int) -> HttpResponse:
    """A leader approves."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    if not rules.can_decide(user, plan):
        raise NotAllowed
    form, status = forms.ApproveForm(request.POST), 200
    if form.is_valid():
        try:
            services.approve_plan(plan_id=plan.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = error.status
            form.add_error(None, error.message)
        else:
            messages.success(request, "方案已批准，此后不能修改。")
            return redirect("funding:plan", plan.pk)
    return _plan_page(request, plan, status, approve_form=form)


@require_POST
def plan_return(request: HttpRequest, plan_id: int) -> HttpResponse:
    """A leader sends the plan back."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    if not rules.can_decide(user, plan):
        raise NotAllowed
    form, status = forms.ReturnForm(request.POST, prefix="back"), 200
    if form.is_valid():
        try:
            services.return_plan(plan_id=plan.pk, by=user, note=form.cleaned_data["note"], at=clock.now())
        except DomainError as error:
            status = error.status
            form.add_error(None, error.message)
        else:
            messages.success(request, "方案已退回经办人修改。")
            return redirect("funding:plan", plan.pk)
    return _plan_page(request, plan, status, return_form=form)


@require_POST
def plan_publish(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Publish the public notice."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    if not rules.can_draft(user, plan.round):
        raise NotAllowed
    form, status = forms.NoticeForm(request.POST), 200
    if form.is_valid():
        try:
            notice = services.publish_notice(plan_id=plan.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = error.status
            form.add_error(None, error.message)
        else:
            messages.success(request, "公示已发布。")
            return redirect("funding:notice", notice.pk)
    return _plan_page(request, plan, status, notice_form=form)


@require_POST
def plan_export(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Start the export of E8; the next page shows its progress."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    at = clock.now()
    title = f"{plan.round.title}-资金分配方案表-第{plan.version}版-{clock.local(at):%Y%m%d}"
    job = start_job(
        owner=user, kind="funding.e8", title=title, params={"plan": plan.pk}, at=at, scope_id=plan.round.street_id
    )
    return redirect("jobs:detail", job.pk)


@require_safe
def plan_document(request: HttpRequest, plan_id: int, part: str) -> HttpResponse:
    """The allocation document or its answer, exactly as `allocate_file` reads and writes it."""
    plan = get_object_or_404(rules.visible_plans(person(request)), pk=plan_id)
    data = plan.document if part == "allocation" else plan.answer
    answer = HttpResponse(pretty(data), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{part}-{plan.round_id}-v{plan.version}.json"'
    return answer


@login_not_required
@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    """All public notices, for everybody."""
    page = Paginator(rules.public_notices(), 30).get_page(request.GET.get("page"))
    return render(request, "funding/notice_list.html", {"page": page, "today": clock.local(clock.now()).date()})


@login_not_required
@require_safe
def notice_detail(request: HttpRequest, notice_id: int) -> HttpResponse:
    """One public notice with its working-day clock; no personal data."""
    notice = get_object_or_404(rules.public_notices(), pk=notice_id)
    today = clock.local(clock.now()).date()
    overrides = dict(DayOverride.objects.values_list("day", "is_workday"))
    facts = {
        "notice": notice,
        "round": notice.plan.round,
        "today": today,
        "left": workdays_left(today, notice.ends_on, overrides) if notice.starts_on <= today <= notice.ends_on else 0,
        "begun": today >= notice.starts_on,
        "over": today > notice.ends_on,
        "newest": rules.public_notices()
        .filter(plan__round=notice.plan.round_id, plan__version__gt=notice.plan.version)
        .first(),
        "newer": notice.plan.notices.filter(version__gt=notice.version).order_by("-version").first(),
        "older": notice.plan.notices.filter(version__lt=notice.version).order_by("-version").first(),
    }
    return render(request, "funding/notice.html", facts)


@require_safe
def award_reason(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """An applicant reads why her project got what it got, once the plan is publicly noticed."""
    user = person(request)
    mine = Award.objects.filter(
        pk__in=rules.awards_noticed([proposal_id]), proposal__organization__members__user=user
    ).select_related("proposal", "plan__round")
    award = get_object_or_404(mine.order_by("-id"))
    scored = own_entries(user).filter(proposal=proposal_id).values_list("session_id", "pk").first()
    return render(request, "funding/reason.html", {"award": award, "scored": scored})
