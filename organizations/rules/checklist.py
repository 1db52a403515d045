"""六有 and 四建一创: which items hold in a street, which version of an organization's year counts."""

from dataclasses import dataclass

from organizations.domain.checklist import FIVE, SIX
from organizations.models import Checklist, ChecklistItems, ChecklistReview, Organization
from organizations.rules.registry import Person, acts_for


@dataclass(frozen=True, slots=True)
class Lists:
    """The items of both lists; `number` is the version, 0 of what ships."""

    six: list[str]
    five: list[str]
    number: int = 0


def lists_of(street_id: int) -> Lists:
    """The newest items of a street, or those that ship."""
    row = ChecklistItems.objects.filter(street=street_id).order_by("-number").first()
    return Lists(row.six, row.five, row.number) if row else Lists(list(SIX), list(FIVE))


def fills_checklist(user: Person, organization: Organization) -> bool:
    """The people of a registered social organization."""
    return organization.kind == Organization.Kind.SOCIAL and acts_for(user, organization.pk)


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """A year of one organization: what was confirmed last, and what was handed in last."""

    confirmed: Checklist | None
    newest: Checklist | None

    @property
    def state(self) -> str:
        """The state of the newest version, as the key of a label."""
        if self.newest is None:
            return "draft"
        review = review_of(self.newest)
        return {None: "waiting", "confirmed": "approved", "returned": "returned"}[review.outcome if review else None]

    @property
    def words(self) -> str:
        """The same in words."""
        if self.newest is None:
            return "未填报"
        review = review_of(self.newest)
        return str(ChecklistReview.Outcome(review.outcome).label) if review else "待审看"

    @property
    def six(self) -> str:
        """`4/6` of what was confirmed, or nothing."""
        return self.confirmed.six_words if self.confirmed else ""

    @property
    def five(self) -> str:
        """`3/5` of what was confirmed, or nothing."""
        return self.confirmed.five_words if self.confirmed else ""


NO_CHECKLIST = ChecklistLine(None, None)


def review_of(row: Checklist) -> ChecklistReview | None:
    """What the office said to a version, if it did."""
    return getattr(row, "review", None)


def checklist_lines(street_id: int, year: int) -> dict[int, ChecklistLine]:
    """The year of every organization of a street that handed in something; one statement."""
    rows = Checklist.objects.filter(organization__street=street_id, year=year).select_related("review")
    found: dict[int, ChecklistLine] = {}
    for row in rows.order_by("organization", "number"):
        review = review_of(row)
        before = found.get(row.organization_id, NO_CHECKLIST)
        confirmed = row if review and review.outcome == ChecklistReview.Outcome.CONFIRMED else before.confirmed
        found[row.organization_id] = ChecklistLine(confirmed, row)
    return found
