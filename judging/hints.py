"""Who should perhaps step back from what, as the registry tells it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from accounts.models import Area, Role, RoleGrant
from judging.models import Entry, Judge, KeptJudge, Recusal, Relation, Session
from organizations.models import Membership
from projects.models import Proposal

THREE_YEARS = timedelta(days=3 * 365)


@dataclass(slots=True)
class Hint:
    """A judge and an entry that the registry connects: the reasons, and what was done about it.

    `state`: open, recused or kept; `why`: the reason of the last two.
    """

    judge_id: int
    seat: int
    name: str
    entry_id: int
    position: int | None
    title: str
    organization: str
    reasons: list[str]
    state: str = "open"
    why: str = ""


def applicants_of(session: Session) -> "QuerySet[Entry, int]":
    """Ids of the organizations whose projects the session judges."""
    return Entry.objects.filter(session=session).values_list("proposal__organization_id", flat=True)


def hints(session: Session, at: datetime) -> list[Hint]:
    """Hints by seat and running order; nine queries whatever the size.

    From the registry: the organization's people; a community worker for her own community; declared relations; an
    organization that has worked in the judge's community within three years.
    """
    judges = list(
        Judge.objects.filter(session=session)
        .order_by("seat")
        .values_list("pk", "seat", "user_id", "user__display_name")
    )
    entries = list(
        Entry.objects.filter(session=session)
        .order_by(F("position").asc(nulls_last=True), "pk")
        .values_list("pk", "position", "proposal__title", "proposal__organization_id", "proposal__organization__name", "proposal__community_id")
    )  # fmt: skip
    users, organizations = [j[2] for j in judges], {e[3] for e in entries}
    about = _declared(users, organizations)
    at_home = _Homes(users, session)
    worked = _earlier(organizations, session, at)
    done = _done(session)
    found = []
    for judge, seat, user, name in judges:
        for entry, position, title, organization, called, community in entries:
            reasons = [*about[user, organization]]
            if at_home(user, [community]):
                reasons.append("项目在评委工作的社区实施")
            if at_home(user, worked[organization]):
                reasons.append("该单位三年内在评委工作的社区做过项目")
            if reasons:
                state, why = done.get((judge, entry), ("open", ""))
                found.append(Hint(judge, seat, name, entry, position, title, called, reasons, state, why))
    return found


def _declared(users: list[int], organizations: set[int]) -> defaultdict[tuple[int, int], list[str]]:
    about: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    members = Membership.objects.filter(user__in=users, organization__in=organizations)
    for user, organization in members.values_list("user_id", "organization_id"):
        about[user, organization].append("是该单位的成员")
    relations = Relation.objects.filter(user__in=users, organization__in=organizations).order_by("pk")
    for user, organization, kind, words in relations.values_list("user_id", "organization_id", "kind", "words"):
        label = f"申报过关系：{Relation.Kind(kind).label}"
        about[user, organization].append(f"{label}（{words}）" if words else label)
    return about


class _Homes:
    """Where the judges work, as community workers or grid workers."""

    def __init__(self, users: list[int], session: Session) -> None:
        grants = RoleGrant.objects.filter(user__in=users, role__in=[Role.COMMUNITY, Role.GRID])
        self.own: defaultdict[int, list[str]] = defaultdict(list)
        for user, path in grants.values_list("user_id", "area__path"):
            self.own[user].append(path)
        self.paths = dict(Area.objects.communities().filter(street=session.round.street_id).values_list("pk", "path"))

    def __call__(self, user: int, communities: Iterable[int | None]) -> bool:
        paths = [self.paths[c] for c in communities if c in self.paths]
        return any(path.startswith(own) or own.startswith(path) for path in paths for own in self.own[user])


def _earlier(organizations: set[int], session: Session, at: datetime) -> defaultdict[int, set[int | None]]:
    """Organization → communities of its projects in other rounds of the last three years."""
    rows = Proposal.objects.filter(
        organization__in=organizations, state=Proposal.State.PASSED, submitted_at__gt=at - THREE_YEARS
    ).exclude(round=session.round_id)
    worked: defaultdict[int, set[int | None]] = defaultdict(set)
    for organization, community in rows.values_list("organization_id", "community_id").distinct():
        worked[organization].add(community)
    return worked


def _done(session: Session) -> dict[tuple[int, int], tuple[str, str]]:
    columns = ("judge_id", "entry_id", "reason")
    kept = KeptJudge.objects.filter(judge__session=session).values_list(*columns)
    recused = Recusal.objects.filter(judge__session=session).values_list(*columns)
    return {(j, e): ("kept", why) for j, e, why in kept} | {(j, e): ("recused", why) for j, e, why in recused}
