"""Pages of plans: their awards, approval, publication."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
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
from core.sheets import file_title
from funding import rules, services
from funding.forms import decide
from funding.forms import plan as forms
from funding.models import AllocationPlan, Award
from funding.views import compare
from funding.views.rows import limits_of, needed_of, rows_of
from jobs.services import start_job
from judging.rules import own_entries
from rounds.models import Round
from workdays.domain import end_of_notice, is_decreed
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
    more = forms.LimitFormSet(request.POST if post and "limit-TOTAL_FORMS" in request.POST else None, prefix="limit")
    unknown = post and more.is_bound and more.is_valid() and not _names_known(more, round_)
    if (
        post
        and form.is_valid()
        and (form.cleaned_data["method"] != "tiers" or tiers.is_valid())
        and (not more.is_bound or more.is_valid())
        and not unknown
    ):
        rows = [t.cleaned_data for t in tiers if t.is_valid() and t.cleaned_data.get("label")]
        if form.cleaned_data["method"] == "tiers" and not rows:
            form.add_error("method", "请至少填写一个等次。")
        else:
            try:
                plan = services.draft_plan(
                    result_id=form.cleaned_data["result"].pk, by=user, pool=form.cleaned_data["pool"],
                    method=form.method_of(rows), limits=form.limits([g for one in more if more.is_bound and (g := one.group())]), unit=Decimal(form.cleaned_data["unit"] or services.UNIT), at=clock.now(),
                    ties=form.ties(), terms=form.terms(),
                    correction_reason=form.cleaned_data.get("correction_reason", ""),
                )  # fmt: skip
            except (services.NoTicks, services.PriceMissing) as error:
                form.add_error("method", error.message)
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "方案已按公式算出，请逐项核对。")
                return redirect("funding:plan", plan.pk)
    facts = {
        "round": round_,
        "form": form,
        "tiers": tiers,
        "more": more,
        "ready": results.exists(),
        "standing": standing,
    }
    return render(request, "funding/plan_new.html", facts)


def _names_known(more: Any, round_: Round) -> bool:
    """Say at the field where a limit names nothing that has a project in this round."""
    known = services.names_in(round_)
    fine = True
    for one in more:
        kind, name = one.cleaned_data.get("kind"), (one.cleaned_data.get("name") or "").strip()
        if kind and name and name not in known[kind]:
            some = "、".join(sorted(known[kind])[:12]) or "无"
            one.add_error("name", f"本期申报项目里没有“{name}”。可以写：{some}。")
            fine = False
    return fine


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
    overrides = dict(DayOverride.objects.values_list("day", "is_workday"))
    end = end_of_notice(today, days, overrides)
    return next((year for year in sorted({today.year, end.year}) if not is_decreed(year, overrides)), None)


@require_safe
def plan_detail(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Every project with its sentence of reason; what may be done next by this person."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    return _plan_page(request, plan)


def _awards(plan: AllocationPlan) -> list[Award]:
    """A plan's awards with everything the page names, in ranking order."""
    return list(
        plan.awards.select_related(
            "proposal__organization", "proposal__theme", "proposal__community", "adjusted_by"
        ).order_by("place")
    )


def _plan_page(request: HttpRequest, plan: AllocationPlan, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    awards = _awards(plan)
    held = rules.held_up(plan.round_id) if plan.state == AllocationPlan.State.APPROVED else {}
    drafts, decides = rules.can_draft(user, plan.round), rules.can_decide(user, plan)
    now = clock.now()
    can_adjust = drafts and plan.state == AllocationPlan.State.DRAFT
    form = bound.pop("form", None) or (decide.AwardsForm(None, plan=plan, awards=awards) if can_adjust else None)
    limits = limits_of(plan.document, awards)
    facts = {
        "plan": plan,
        "rows": rows_of(plan, awards, limits, form if can_adjust else None),
        "form": form,
        "limits": limits,
        "notices": plan.notices.order_by("version"),
        "can_adjust": can_adjust,
        "can_submit": drafts and plan.state == AllocationPlan.State.DRAFT,
        "can_decide": decides and plan.state == AllocationPlan.State.SUBMITTED,
        "can_publish": drafts and plan.state == AllocationPlan.State.APPROVED,
        "approve_form": decide.ApproveForm(),
        "return_form": decide.ReturnForm(prefix="back"),
        "notice_form": decide.NoticeForm(initial={"starts_on": clock.local(now).date()}),
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


@require_POST
def plan_adjust(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Save every row of a draft at once, or none: refused rows keep what was typed and say why."""
    user = person(request)
    plan = get_object_or_404(rules.visible_plans(user), pk=plan_id)
    if not rules.can_draft(user, plan.round):
        raise NotAllowed
    if plan.state != AllocationPlan.State.DRAFT:
        raise services.PlanNotDraft
    form = decide.AwardsForm(request.POST, plan=plan, awards=_awards(plan))
    if not form.is_valid():
        return _plan_page(request, plan, form=form)
    try:
        changed = services.adjust_awards(
            plan_id=plan.pk, changes=form.changes(), revision=form.cleaned_data["revision"], by=user, at=clock.now()
        )
    except services.PlanChanged as error:
        plan.refresh_from_db()
        form.plan, form.awards = plan, _awards(plan)
        told = form.overtaken()
        form.add_error(None, error.message + "".join(f"{words}。" for words in told))
        return _plan_page(request, plan, error.status, form=form)
    except DomainError as error:
        form.add_error(None, error.message)
        return _plan_page(request, plan, error.status, form=form)
    messages.success(request, f"已保存，改动 {len(changed)} 项。" if changed else "没有改动。")
    return redirect("funding:plan", plan.pk)


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
    initial = {"amount": f"{award.amount:.2f}", "reason": award.adjust_reason, "revision": award.plan.revision}
    form = decide.AdjustForm(request.POST if request.method == "POST" else None, initial=initial, award=award)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.adjust_award(
                award_id=award.pk, amount=data["amount"], reason=data["reason"], revision=data["revision"], by=user, at=clock.now()
            )  # fmt: skip
        except services.PlanChanged as error:
            typed = form.data.copy()  # type: ignore[attr-defined]
            typed["revision"] = str(AllocationPlan.objects.values_list("revision", flat=True).get(pk=award.plan_id))
            form.data = typed
            now = f"本项目现为 {award.amount:,.2f} 元。"
            form.add_error(None, error.message + now)
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
    form, status = decide.ApproveForm(request.POST), 200
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
    form, status = decide.ReturnForm(request.POST, prefix="back"), 200
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
    form, status = decide.NoticeForm(request.POST), 200
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
    title = file_title(
        year=plan.round.year, about=plan.round.title, part=f"第{plan.version}版", report="资金分配方案表",
        day=clock.local(at).date(),
    )  # fmt: skip
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


@require_safe
def award_reason(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """An applicant reads why her project got what it got, once the plan is publicly noticed."""
    user = person(request)
    mine = Award.objects.filter(
        pk__in=rules.awards_noticed([proposal_id]), proposal__organization__members__user=user
    ).select_related("proposal", "plan__round")
    award = get_object_or_404(mine.order_by("-id"))
    scored = own_entries(user).filter(proposal=proposal_id).values_list("session_id", "pk").first()
    facts = {"award": award, "scored": scored, "needed": needed_of(award.plan, award)}
    return render(request, "funding/reason.html", facts)
