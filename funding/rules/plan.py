"""Who may see and do what with money."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import may, street_ids
from funding.models import AllocationPlan, Award, Objection, PublicNotice
from judging.models import Result, Session
from rounds.models import Round

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)


def visible_plans(user: Person) -> "QuerySet[AllocationPlan]":
    """Plans of the streets where the person is office, leader, finance or supervisor."""
    return AllocationPlan.objects.filter(round__street__in=street_ids(user, *READERS)).select_related(
        "round__street", "drafted_by", "decided_by", "result__session", "supersedes"
    )


def can_draft(user: Person, round_: Round) -> bool:
    """The office drafts plans, adjusts them and publishes notices."""
    return may(user, round_.street, Role.OFFICE)


def can_decide(user: Person, plan: AllocationPlan) -> bool:
    """A leader of the street decides, but never on what she drafted herself."""
    return may(user, plan.round.street, Role.LEADER) and plan.drafted_by_id != user.pk


def results_of(round_: Round) -> "QuerySet[Result]":
    """Frozen results of a round that a plan may rest on."""
    locked = [Session.State.LOCKED, Session.State.PUBLISHED]
    return Result.objects.filter(
        session__round=round_, session__state__in=locked, session__current=F("pk"), session__rehearsal_of=None
    ).select_related("session")


def rounds_with_results() -> "QuerySet[Session, int]":
    """Ids of the rounds that have a frozen result."""
    locked = [Session.State.LOCKED, Session.State.PUBLISHED]
    return Session.objects.filter(state__in=locked, current__isnull=False, rehearsal_of=None).values_list(
        "round_id", flat=True
    )


def public_notices() -> "QuerySet[PublicNotice]":
    """Every notice that was ever published, newest first; corrections stand beside what they correct."""
    return PublicNotice.objects.select_related("plan__round__street").order_by("-starts_on", "-id")


def awards_noticed(proposal_ids: list[int]) -> "QuerySet[Award]":
    """Awards of the plan that was publicly noticed last: what an applicant or a resident may know.

    A corrected plan counts until its correction is noticed too.
    """
    decided = [AllocationPlan.State.APPROVED, AllocationPlan.State.SUPERSEDED]
    return (
        Award.objects.filter(proposal__in=proposal_ids, plan__state__in=decided, plan__notices__isnull=False)
        .exclude(plan__corrections__notices__isnull=False)
        .distinct()
    )


UNANSWERED = (Objection.State.RECEIVED, Objection.State.DRAFTED)


def visible_objections(user: Person) -> "QuerySet[Objection]":
    """Objections of the streets where the person is office, leader or supervisor."""
    streets = street_ids(user, Role.OFFICE, Role.LEADER, Role.SUPERVISOR)
    return Objection.objects.filter(notice__plan__round__street__in=streets).select_related(
        "notice__plan__round__street", "proposal__organization", "drafted_by", "decided_by"
    )


def can_sign_answer(user: Person, objection: Objection) -> bool:
    """A leader of the street signs answers, but never what she drafted herself."""
    return may(user, objection.notice.plan.round.street, Role.LEADER) and objection.drafted_by_id != user.pk


def held_up(*round_ids: int) -> dict[int, str]:
    """Projects of these rounds that an objection holds up: open ones, and upheld ones until the plan is corrected.

    Keys are proposal ids, values say why. An objection holds up its own project only; a clue holds up none.
    """
    upheld = Q(
        state=Objection.State.ANSWERED,
        outcome__in=["upheld", "partly"],
        notice__plan__state=AllocationPlan.State.APPROVED,
    )
    rows = Objection.objects.filter(
        Q(state__in=UNANSWERED) | upheld, notice__plan__round__in=round_ids, proposal__isnull=False
    ).order_by("id")
    return {
        o.proposal_id: f"异议 {o.number} 核查中"
        if o.state in UNANSWERED
        else f"异议 {o.number} {o.get_outcome_display()}，待更正方案"
        for o in rows
        if o.proposal_id is not None
    }


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """What waits for this person: plans to decide, approved plans without a notice, drafts to hand in."""
    found: list[dict[str, Any]] = []
    lead, office = street_ids(user, Role.LEADER), street_ids(user, Role.OFFICE)
    if lead:
        waiting = AllocationPlan.objects.filter(round__street__in=lead, state="submitted").exclude(drafted_by=user)
        found += [
            {
                "title": f"审批资金分配方案：{title}（第 {v} 版）",
                "href": reverse("funding:plan", args=[pk]),
                "state": "todo",
                "count": 0,
                "hint": "",
            }
            for pk, title, v in waiting.order_by("id").values_list("pk", "round__title", "version")[:10]
        ]
    if office:
        plans = AllocationPlan.objects.filter(round__street__in=office).annotate(notice_count=Count("notices"))
        mine = plans.filter(Q(state="approved", notice_count=0) | Q(state__in=["draft", "rejected"]))
        words = {"approved": "发布公示", "draft": "完成资金分配方案", "rejected": "修改被退回的资金分配方案"}
        found += [
            {
                "title": f"{words[state]}：{title}（第 {v} 版）",
                "href": reverse("funding:plan", args=[pk]),
                "state": "todo",
                "count": 0,
                "hint": "",
            }
            for pk, title, v, state in mine.order_by("id").values_list("pk", "round__title", "version", "state")[:10]
        ]
    return found + _objection_tasks(lead, office, user)


def _objection_tasks(lead: list[int], office: list[int], user: User) -> list[dict[str, Any]]:
    """Answers to write (office) and to sign (leader), with the day they are due."""
    if not lead and not office:
        return []
    mine = Q(state=Objection.State.RECEIVED, notice__plan__round__street__in=office)
    signing = Q(state=Objection.State.DRAFTED, notice__plan__round__street__in=lead) & ~Q(drafted_by=user)
    rows = Objection.objects.filter(mine | signing).order_by("answer_by", "id")[:10]
    return [
        {
            "title": f"{'核查并答复' if o.state == Objection.State.RECEIVED else '审批'}异议 {o.number}",
            "href": reverse("funding:objection", args=[o.pk]),
            "state": "todo",
            "count": 0,
            "hint": f"答复期限 {o.answer_by:%Y-%m-%d}" if o.answer_by else "",
        }
        for o in rows
    ]
