"""Who sees, writes and checks expenses."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import area_paths, may, street_ids
from delivery.models import Expense
from funding.models import Agreement
from funding.rules import READERS, visible_agreements
from organizations.rules import acts_for, organizations_of

Person = User | AnonymousUser
CHECKERS = (Role.FINANCE, Role.OFFICE)
HIDDEN = [Expense.State.DRAFT, Expense.State.DROPPED]
STANDING = [Agreement.State.SIGNED, Agreement.State.ENDED]


def reads_any(user: Person) -> bool:
    """Whether there is anything of this app for the person: for menus and lists, never for objects."""
    return bool(street_ids(user, *READERS) or area_paths(user, Role.COMMUNITY) or organizations_of(user))


def checks_any(user: Person) -> bool:
    """Whether the person checks vouchers somewhere: for menus, never for objects."""
    return bool(street_ids(user, *CHECKERS))


def visible_projects(user: Person) -> "QuerySet[Agreement]":
    """Signed (and ended) agreements that one sees: of one's street, one's community, one's organization."""
    return visible_agreements(user).filter(state__in=STANDING)


def visible_expenses(user: Person) -> "QuerySet[Expense]":
    """Expenses of the projects one sees; what is not handed in yet only to the organization itself."""
    mine = Q(agreement__proposal__organization__in=[o.pk for o in organizations_of(user)])
    seen = Expense.objects.filter(~Q(state__in=HIDDEN) | mine, agreement__in=visible_projects(user).values("pk"))
    return seen.select_related(
        "agreement__round__street", "agreement__proposal__organization", "agreement__proposal__community", "line"
    )


def can_write(user: Person, agreement: Agreement) -> bool:
    """A member of the organization writes its expenses."""
    return acts_for(user, agreement.proposal.organization_id)


def can_check(user: Person, agreement: Agreement) -> bool:
    """Finance and office check, but nobody her own organization's."""
    return may(user, agreement.round.street, *CHECKERS) and not acts_for(user, agreement.proposal.organization_id)


def checkable(user: Person) -> "QuerySet[Expense]":
    """Handed in, in the streets where one checks, not of one's own organizations, oldest first."""
    own = [o.pk for o in organizations_of(user)]
    return (
        Expense.objects.filter(state=Expense.State.SUBMITTED, agreement__round__street__in=street_ids(user, *CHECKERS))
        .exclude(agreement__proposal__organization__in=own)
        .select_related("agreement__round__street", "agreement__proposal__organization", "line")
        .order_by("submitted_at", "id")
    )


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """Vouchers to check, returned ones to correct, entered ones to hand in; two statements at most."""
    found = []
    if checks_any(user) and (count := checkable(user).count()):
        found.append(_task("核对支出凭证", reverse("delivery:check_list"), count, "项目单位已提交，等您核对"))
    if mine := [o.pk for o in organizations_of(user)]:
        counts = Expense.objects.filter(
            agreement__proposal__organization__in=mine, agreement__state="signed"
        ).aggregate(
            back=Count("pk", filter=Q(state=Expense.State.RETURNED)),
            new=Count("pk", filter=Q(state=Expense.State.DRAFT)),
        )
        if counts["back"]:
            found.append(_task("改正退回的支出", reverse("delivery:projects"), counts["back"], "改好后再提交"))
        if counts["new"]:
            found.append(_task("提交已录入的支出", reverse("delivery:projects"), counts["new"], "提交后才计入执行进度"))
    return found


def _task(title: str, href: str, count: int, hint: str) -> dict[str, Any]:
    return {"title": title, "href": href, "state": "todo", "count": count, "hint": hint}
