"""Hearings and stars: who enters them, which version counts."""

from collections.abc import Iterable

from django.db.models import Max

from accounts.models import Role
from accounts.rules import may
from organizations.models import Organization, Standing, StandingComment
from organizations.rules.registry import Person, acts_for


def can_enter(user: Person, organization: Organization) -> bool:
    """The office of the street enters hearings, but nobody those of her own organization."""
    return may(user, organization.street, Role.OFFICE) and not acts_for(user, organization.pk)


def newest_versions(year: int, organization_ids: Iterable[int]) -> dict[int, Standing]:
    """The newest version of that year's result by organization; one statement."""
    rows = Standing.objects.filter(year=year, organization__in=list(organization_ids)).order_by(
        "organization", "number"
    )
    return {row.organization_id: row for row in rows}


def standings_in(year: int, organization_ids: Iterable[int]) -> dict[int, Standing]:
    """The newest version of that year's result by organization; `said`: what the organization said of any of its versions.

    A comment on the hearing outlives the version that adds stars to it.
    """
    found = newest_versions(year, organization_ids)
    said: dict[int, list[StandingComment]] = {pk: [] for pk in found}
    rows = StandingComment.objects.filter(standing__year=year, standing__organization__in=list(found))
    for row in rows.select_related("standing").order_by("pk"):
        said[row.standing.organization_id].append(row)
    for pk, standing in found.items():
        standing.said = said[pk]  # type: ignore[attr-defined]
    return found


def known_standing(organization_id: int, years: Iterable[int]) -> Standing | None:
    """The result of the first of `years` that has one, with what the organization `said`; two statements a year."""
    for year in years:
        found = standings_in(year, [organization_id]).get(organization_id)
        if found is not None:
            return found
    return None


def years_known(street_id: int) -> list[int]:
    """Years of which a street has results, newest first."""
    found = Standing.objects.filter(organization__street=street_id).values_list("year", flat=True).distinct()
    return sorted(found, reverse=True)


def history_of(organization: Organization) -> list[Standing]:
    """All versions, newest year and version first; `is_current` says which of a year counts."""
    rows = list(
        Standing.objects.filter(organization=organization)
        .select_related("entered_by")
        .prefetch_related("comments__said_by")
        .order_by("-year", "-number")
    )
    newest = dict(
        Standing.objects.filter(organization=organization)
        .values("year")
        .annotate(n=Max("number"))
        .values_list("year", "n")
    )
    for row in rows:
        row.is_current = newest[row.year] == row.number  # type: ignore[attr-defined]
    return rows


def newest_standings(street_id: int) -> dict[int, Standing]:
    """The newest result of the newest year by organization, for a whole street; one statement."""
    rows = Standing.objects.filter(organization__street=street_id).order_by("organization", "year", "number")
    return {row.organization_id: row for row in rows}
