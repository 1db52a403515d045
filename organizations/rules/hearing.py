"""述职评议: who sees, runs, counts and votes; which organizations a voter is asked about; what the ballots say."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from accounts.models import Area, Role, User
from accounts.rules import communities_of, may, street_ids
from organizations.domain.hearing import DEFAULT, OPTIONS, RESIDENTS, UNKNOWN, HearingRule, empty
from organizations.models import Hearing, HearingBallot, HearingCode, HearingCount, HearingDue, HearingResult
from organizations.rules.registry import READERS, Person, acts_for, organizations_of

Counts = dict[int, dict[str, dict[str, int]]]


def hearing_rule_from(kept: dict[str, Any]) -> HearingRule:
    """A rule as it is kept."""
    return HearingRule(
        kept["weights"], {o: Decimal(p) for o, p in kept["points"].items()}, {c: Decimal(n) for c, n in kept["lines"].items()},
        kept["least"],
    )  # fmt: skip


def hearing_rule_to(rule: HearingRule) -> dict[str, Any]:
    """A rule as it is kept."""
    return {
        "weights": dict(rule.weights), "points": {o: str(p) for o, p in rule.points.items()},
        "lines": {c: str(n) for c, n in rule.lines.items()}, "least": dict(rule.least),
    }  # fmt: skip


def last_hearing_rule(street_id: int) -> HearingRule:
    """The rule of the street's newest hearing, or the one that ships."""
    kept = Hearing.objects.filter(street=street_id).order_by("-pk").values_list("rule", flat=True).first()
    return hearing_rule_from(kept) if kept else DEFAULT


def visible_hearings(user: Person) -> "QuerySet[Hearing]":
    """Hearings of the streets where one reads, hosts or works for a community, and those that hear one's own organization."""
    streets = street_ids(user, *READERS, Role.HOST, Role.COMMUNITY)
    own = HearingDue.objects.filter(organization__in=[o.pk for o in organizations_of(user)]).values("hearing")
    return Hearing.objects.filter(Q(street__in=streets) | Q(pk__in=own))


def sees_all_dues(user: Person, hearing: Hearing) -> bool:
    """Members of organizations see their own line alone."""
    return hearing.street_id in street_ids(user, *READERS, Role.HOST, Role.COMMUNITY)


def can_run(user: Person, hearing: Hearing) -> bool:
    """The office plans, opens, prints codes and closes."""
    return may(user, hearing.street, Role.OFFICE)


def can_count(user: Person, hearing: Hearing) -> bool:
    """Office and hosts type in what was counted on paper."""
    return may(user, hearing.street, Role.OFFICE, Role.HOST)


def own_communities(user: Person, street_id: int) -> list[Area]:
    """Communities of a street that a person works for."""
    return [c for c in communities_of(user, Role.COMMUNITY) if c.street_id == street_id]


def has_ballot(user: Person, hearing: Hearing) -> bool:
    """Whether somebody votes by sign-in: a worker of a community of the street."""
    return bool(own_communities(user, hearing.street_id))


def has_voted(user: User, hearing: Hearing) -> bool:
    """Whether she did."""
    return hearing.voters.filter(user=user).exists()


def takes_ballots(hearing: Hearing, at: datetime) -> bool:
    """Ballots are taken from opening up to the minute that was announced."""
    return hearing.state == Hearing.State.OPEN and at < hearing.votes_until


def dues_of(hearing: Hearing, community_ids: Iterable[int]) -> "QuerySet[HearingDue]":
    """What people of these communities are asked about, in Chinese order: organizations there, and those of the whole street."""
    where = Q(organization__community__in=list(community_ids)) | Q(organization__community=None)
    return hearing.dues.filter(where).select_related("organization").order_by("organization__pinyin", "pk")


def ballot_of(user: Person, hearing: Hearing) -> list[HearingDue]:
    """The lines of a worker's ballot; never her own organization."""
    found = dues_of(hearing, [c.pk for c in own_communities(user, hearing.street_id)])
    return [due for due in found if not acts_for(user, due.organization_id)]


def digests_of(code: str) -> list[str]:
    """What a code may be kept under: with today's key, and with former ones."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    clean = code.strip().upper()
    return [
        salted_hmac("organizations.hearing.code", clean, secret=key, algorithm="sha256").hexdigest() for key in keys
    ]


def hearing_code(code: str) -> HearingCode | None:
    """The printed code, if there is one."""
    found = HearingCode.objects.select_related("hearing__street", "community")
    return found.filter(digest__in=digests_of(code)).first()


def newest_counts(hearing: Hearing) -> dict[int, dict[int, HearingCount]]:
    """By community and person, what each typed in last."""
    found: dict[int, dict[int, HearingCount]] = defaultdict(dict)
    for row in hearing.counts.select_related("entered_by").order_by("number"):
        found[row.community_id][row.entered_by_id] = row
    return found


def agree(rows: Iterable[HearingCount]) -> bool:
    """Whether two or more persons typed in the same."""
    kept = [(row.papers, row.marks) for row in rows]
    return len(kept) > 1 and all(one == kept[0] for one in kept)


def tallies_of(hearing: Hearing) -> Counts:
    """All ballots and agreed counts by organization due, group and option; four statements."""
    found: Counts = {pk: empty() for pk in hearing.dues.values_list("pk", flat=True)}
    ballots = HearingBallot.objects.filter(hearing=hearing).values_list("group", "marks")
    for group, marks in ballots.iterator(chunk_size=2000):
        for due, option in marks.items():
            found[int(due)][group][option] += 1
    for persons in newest_counts(hearing).values():
        rows = list(persons.values())
        if agree(rows):
            for due, votes in rows[0].marks.items():
                for option, n in votes.items():
                    found[int(due)][RESIDENTS][option] += n
    return found


def full_marks(papers: int, votes: dict[str, int]) -> dict[str, int]:
    """Votes of a count with those who said nothing."""
    known = {o: votes[o] for o in OPTIONS if o != UNKNOWN}
    return {**known, UNKNOWN: papers - sum(known.values())}


def newest_results(due_ids: Iterable[int]) -> dict[int, HearingResult]:
    """The version that counts, by organization due; one statement."""
    rows = HearingResult.objects.filter(due__in=list(due_ids)).order_by("number")
    return {row.due_id: row for row in rows}


def class_from_ballots(organization_id: int, year: int) -> str:
    """The class that ballots gave an organization for a year, empty where none did."""
    rows = HearingResult.objects.filter(due__organization=organization_id, due__year=year).order_by("-number")
    found = rows.values_list("hearing_class", flat=True).first()
    return found or ""
