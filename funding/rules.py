"""Who may see and do what with money."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import may, street_ids
from funding.models import AllocationPlan, Award, PublicNotice
from judging.models import Result, Session
from rounds.models import Round

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)


def visible_plans(user: Person) -> "QuerySet[AllocationPlan]":
    """Plans of the streets where the person is office, leader, finance or supervisor."""
    return AllocationPlan.objects.filter(round__street__in=street_ids(user, *READERS)).select_related(
        "round__street", "drafted_by", "decided_by", "result__session"
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
        session__round=round_, session__state__in=locked, session__current=F("pk")
    ).select_related("session")


def rounds_with_results() -> "QuerySet[Session, int]":
    """Ids of the rounds that have a frozen result."""
    locked = [Session.State.LOCKED, Session.State.PUBLISHED]
    return Session.objects.filter(state__in=locked, current__isnull=False).values_list("round_id", flat=True)


def public_notices() -> "QuerySet[PublicNotice]":
    """Every notice that was ever published, newest first; corrections stand beside what they correct."""
    return PublicNotice.objects.select_related("plan__round__street").order_by("-starts_on", "-id")


def awards_noticed(proposal_ids: list[int]) -> "QuerySet[Award]":
    """Awards of approved plans that have been publicly noticed: what an applicant or a resident may know."""
    return Award.objects.filter(
        proposal__in=proposal_ids, plan__state=AllocationPlan.State.APPROVED, plan__notices__isnull=False
    ).distinct()


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
    return found
