"""年终等级评定: which rule holds for a year, which marks count, what is proposed beside what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Area, Role
from accounts.rules import may, street_ids
from organizations.domain.monthly import Month
from organizations.domain.rating import DEFAULT, Rule
from organizations.models import Organization, RatingConfirmation, RatingRule, RatingSheet, Standing
from organizations.rules.monthly import newest_sheets, residents
from organizations.rules.registry import READERS, Person, organizations_of
from organizations.rules.standing import newest_versions


def rule_from(kept: dict[str, Any]) -> Rule:
    """A rule as it is kept."""
    lines = {int(star): Decimal(line) for star, line in kept["lines"].items()}
    return Rule(kept["weights"], Decimal(kept["threshold"]), lines)


def rule_to(rule: Rule) -> dict[str, Any]:
    """A rule as it is kept."""
    return {
        "weights": dict(rule.weights), "threshold": str(rule.threshold), "lines": {str(s): str(v) for s, v in rule.lines.items()},
    }  # fmt: skip


def rating_rule(street_id: int, year: int) -> Rule:
    """The newest rule of a street for a year, or the one that ships."""
    kept = RatingRule.objects.filter(street=street_id, year=year).order_by("-number").first()
    return rule_from(kept.rule) if kept else DEFAULT


def is_rated(street_id: int, year: int) -> bool:
    """Whether marks of that year have been entered: its rule stands."""
    return RatingSheet.objects.filter(organization__street=street_id, year=year).exists()


@dataclass(frozen=True, slots=True)
class RatingLine:
    """One organization of a year: its marks, the mean of its months times ten, and the stars decided on."""

    organization: Organization
    sheet: RatingSheet | None
    daily: Decimal | None
    standing: Standing | None
    confirmation: RatingConfirmation | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether a leader has confirmed the stars that stand, on the marks that stand."""
        return self.sheet is not None and is_confirmed(self.confirmation, self.sheet, self.standing)

    @property
    def decided(self) -> str:
        """The stars decided on, in words."""
        return self.standing.get_stars_display() if self.standing else ""


def daily_of(organization_ids: list[int], year: int) -> dict[int, Decimal]:
    """The mean of the months that are known, out of a hundred, one place; one statement."""
    found = {}
    for pk, sheets in newest_sheets(organization_ids, year=year).items():
        totals = [sheet.total for month, sheet in sheets.items() if month <= Month(year, 12)]
        found[pk] = (sum(totals, Decimal(0)) * 10 / len(totals)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return found


def can_confirm(user: Person, street: Area) -> bool:
    """A leader of the street confirms stars; nobody those of her own organization, which the service asks for each."""
    return may(user, street, Role.LEADER)


def newest_confirmations(year: int, organization_ids: Iterable[int]) -> dict[int, RatingConfirmation]:
    """The newest word on a year's stars by organization; one statement."""
    rows = RatingConfirmation.objects.filter(year=year, organization__in=list(organization_ids)).order_by("number")
    return {row.organization_id: row for row in rows}


def is_confirmed(one: RatingConfirmation | None, sheet: RatingSheet, standing: Standing | None) -> bool:
    """Whether the confirmation is of these marks and of the stars that stand."""
    return one is not None and standing is not None and one.sheet_id == sheet.pk and one.stars == standing.stars


def certificates(user: Person) -> "QuerySet[RatingConfirmation]":
    """Confirmed stars of the streets where one reads, and of one's own organizations."""
    own = [o.pk for o in organizations_of(user)]
    where = Q(street__in=street_ids(user, *READERS)) | Q(organization__in=own)
    return RatingConfirmation.objects.filter(where, stars__gt=0).select_related("organization")


def with_force(rows: Sequence[RatingConfirmation]) -> list[tuple[RatingConfirmation, bool]]:
    """Each with whether it is in force: the newest word of its year, on the stars that stand. Two statements a year."""
    found: dict[int, tuple[dict[int, RatingConfirmation], dict[int, Standing]]] = {}
    for year in {row.year for row in rows}:
        ids = [row.organization_id for row in rows if row.year == year]
        found[year] = newest_confirmations(year, ids), newest_versions(year, ids)
    return [(row, _in_force(row, *found[row.year])) for row in rows]


def _in_force(row: RatingConfirmation, newest: dict[int, RatingConfirmation], standings: dict[int, Standing]) -> bool:
    standing = standings.get(row.organization_id)
    return newest[row.organization_id].pk == row.pk and standing is not None and standing.stars == row.stars


def lines_for(rows: Sequence[Organization], year: int) -> list[RatingLine]:
    """What is known of these organizations' year, in their order; four statements."""
    ids = [o.pk for o in rows]
    sheets = {
        s.organization_id: s for s in RatingSheet.objects.filter(organization__in=ids, year=year).order_by("number")
    }
    daily, standings, confirmed = daily_of(ids, year), newest_versions(year, ids), newest_confirmations(year, ids)
    return [RatingLine(o, sheets.get(o.pk), daily.get(o.pk), standings.get(o.pk), confirmed.get(o.pk)) for o in rows]


def rating_lines(street_id: int, year: int) -> list[RatingLine]:
    """The resident organizations of a year in Chinese order; five statements."""
    return lines_for(residents(street_id, year=year), year)
